"""Years of files are thousands of deliveries, scattered as they come."""

from __future__ import annotations

from pathlib import Path

from sales_pipeline.lakehouse.lakehouse import Lakehouse, among
from tests.retailer import Retailer, sale


def test_conditions_over_thousands_of_deliveries_are_not_nested_too_deep(tmp_path: Path) -> None:
    retailer = Retailer(tmp_path)
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.deliver("lyon/b.csv", sale("2"))
    retailer.run()
    every_other = among("_file_id", range(1, 10_000, 2))

    def count(lakehouse: Lakehouse) -> int:
        return lakehouse.table("silver.sales").where(every_other).count()

    ids = [file_id for (file_id,) in retailer.rows("silver.sales", "_file_id")]
    even = [file_id for file_id in ids if file_id % 2 == 0]
    assert retailer.read(count) == len(ids) - len(even) == 1
    retailer.read(lambda lakehouse: lakehouse.put("silver.records", every_other, []))
    assert retailer.rows("silver.sales", "_file_id") == [(file_id,) for file_id in even]
