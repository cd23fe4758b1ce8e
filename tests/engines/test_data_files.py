"""How delta-rs writes the data files of tables in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.retailer import Retailer, sale

IDS = ["7", "007", "Ä-7", "x" * 5_000, "7-1"]


@pytest.fixture
def bronze(retailer: Retailer) -> Path:
    """The folder of `bronze.sales` with a sale of each id."""
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", *(sale(sale_id) for sale_id in IDS))
    assert retailer.run().outcome == "done"
    return retailer.lakehouse / "bronze" / "sales"


def _columns(folder: Path) -> Iterator[tuple[str, pq.ColumnChunkMetaData]]:
    for path in folder.glob("*.parquet"):
        group = pq.ParquetFile(path).metadata.row_group(0)
        for place in range(group.num_columns):
            yield group.column(place).path_in_schema, group.column(place)


def test_numbers_have_statistics_and_texts_have_none(bronze: Path) -> None:
    ranges = {
        name: (column.statistics.min, column.statistics.max)
        for name, column in _columns(bronze)
        if column.statistics is not None and column.statistics.has_min_max
    }
    assert ranges == {"_file_id": (2, 2), "_row": (1, len(IDS))}


def test_ids_and_numbers_of_records_are_stored_as_differences(bronze: Path) -> None:
    encodings = {name: {*column.encodings} for name, column in _columns(bronze)}
    assert "DELTA_BYTE_ARRAY" in encodings["sale_id"]
    assert "DELTA_BINARY_PACKED" in encodings["_row"]
    assert "RLE_DICTIONARY" in encodings["product"]


def test_other_programs_read_the_ids_as_delivered(bronze: Path) -> None:
    [path] = bronze.glob("*.parquet")
    assert pq.read_table(path)["sale_id"].to_pylist() == IDS


def test_merged_files_are_written_alike(bronze: Path, retailer: Retailer) -> None:
    for name in "bcd":
        retailer.deliver(f"lyon/{name}.csv", sale(f"{name}1"))
        retailer.run()
    retailer.read(lambda lakehouse: lakehouse.engine.compact("bronze.sales"))
    merged = max(bronze.glob("*.parquet"), key=lambda path: pq.read_metadata(path).num_rows)
    group = pq.ParquetFile(merged).metadata.row_group(0)
    columns = {group.column(at).path_in_schema: group.column(at) for at in range(group.num_columns)}
    assert group.num_rows == len(IDS) + 3
    assert "DELTA_BYTE_ARRAY" in columns["sale_id"].encodings
    statistics = columns["product"].statistics
    assert statistics is None or not statistics.has_min_max
