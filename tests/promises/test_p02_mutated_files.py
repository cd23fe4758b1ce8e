"""P2, P4: whatever is in a landing file, no run fails and each of its records has an account."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sales_pipeline.lakehouse.lakehouse import Lakehouse
from tests.promises import accounts
from tests.promises.busy_files import Change, How, changed_while_read
from tests.promises.counted_apart import told
from tests.promises.mutated_files import check, check_run
from tests.promises.mutations import make_files
from tests.replacements import Replacements
from tests.retailer import Retailer, sale


@pytest.mark.long
def test_p2_damaged_files_of_many_dialects_are_archived_or_rejected_and_balance() -> None:
    found = check(17, 100)
    assert not found, "\n".join(map(str, found))


@pytest.mark.parametrize("seed", range(100, 103))
def test_p2_damaged_files_are_read_as_their_definition_says(seed: int) -> None:
    found = check(seed, 100, reader=True)
    assert not found, "\n".join(map(str, found))


def test_p2_a_seed_makes_the_same_files_again() -> None:
    assert make_files(7, 50) == make_files(7, 50)


def test_p2_a_record_too_many_in_bronze_or_too_few_in_silver_is_found(
    tmp_path: Path, replaced: Replacements
) -> None:
    """That nothing is found wrong means nothing unless what is wrong would be found."""
    tables = accounts._tables

    def lossy(lakehouse: Lakehouse, names: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
        found = tables(lakehouse, names)
        found["silver.sales"].pop()
        last = max(found["bronze.plain"], key=lambda row: (row["_file_id"], row["_row"]))
        found["bronze.plain"].append({**last, "_row": last["_row"] + 1})
        return found

    replaced(accounts, "_tables", lossy)
    files = [file for file in make_files(7, 100) if file.feed == "plain"]
    wrong = "\n".join(finding.what for finding in check_run(files, tmp_path))
    for what in ("of them in bronze", "only in bronze", "balance", "in gold"):
        assert what in wrong


@pytest.mark.parametrize("how", How)
def test_p2_files_change_at_the_opening_that_is_meant(tmp_path: Path, how: How) -> None:
    path = tmp_path / "landing/plain/a.csv"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"first")
    change = Change(how, b"first and more", opening=2, lasts=1)
    read = []
    with changed_while_read(tmp_path / "landing", {"plain/a.csv": change}) as overwritten:
        for _ in range(4):
            read.append(path.read_bytes())
    half = b"first a" if how is How.SLOW else b"first"
    assert read == [half, half, change.data, change.data]
    assert overwritten == {"plain/a.csv"}
    path.unlink()
    with changed_while_read(tmp_path / "landing", {"plain/a.csv": replace(change, how=How.GROWN)}):
        assert not path.exists()
    assert path.read_bytes() == change.data


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_p2_a_day_that_no_timestamp_holds_waits_like_any_day_out_of_range(
    retailer: Retailer, day: str
) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1", day), sale("2"))
    assert retailer.run().exit_code == 0
    assert retailer.rows("silver.quarantine", "reasons") == [(["date_out_of_range"],)]
    assert len(retailer.table("silver.sales")) == 1


@pytest.mark.parametrize("day", ["0001-01-31", "9999-12-31"])
def test_p2_a_sale_of_such_a_day_counts_where_it_is_declared(retailer: Retailer, day: str) -> None:
    retailer.declared["feeds"]["lyon"] |= {"earliest": "0001-01-01", "latest": "9999-12-31"}
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1", day))
    assert retailer.run().exit_code == 0
    year, month = int(day[:4]), int(day[5:7])
    assert retailer.revenue() == {(year, month): "10.00"}


@pytest.mark.long
def test_p2_a_file_of_ten_thousand_columns_is_taken_with_all_of_them(retailer: Retailer) -> None:
    further = [f"further {number}" for number in range(10_000)]
    header = ",".join(["id", *further, "day,item,price,units,total"])
    line = ",".join(["1", *("x" for _ in further), "2025-01-15,Vase,10.00,1,10.00"])
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", line, header=header)
    assert retailer.run().exit_code == 0
    [row] = retailer.table("bronze.lyon")
    assert row["_extra"].count('": "x"') == len(further)


def test_p2_a_quote_that_is_closed_after_a_megabyte_is_none_and_nothing_is_lost(
    retailer: Retailer,
) -> None:
    beginning, end = "x" * 700_000, "y" * 400_000
    long = f'2,2025-01-15,"{beginning}\n{end}",10.00,1,10.00'
    retailer.declared["feeds"]["lyon"]["max_quarantined"] = "90%"
    retailer.deliver_catalogue()
    file = retailer.deliver("lyon/a.csv", sale("1"), long, sale("3"))
    assert told(file.read_bytes(), {}).records is None
    assert retailer.run().exit_code == 0
    assert retailer.rows("bronze.lyon", "_row", "_problem") == [
        (1, None), (2, "unterminated_quote"), (3, "too_few_columns"), (4, None),
    ]  # fmt: skip
    kept = "".join(row["_raw"] or "" for row in retailer.table("bronze.lyon"))
    assert (kept.count("x"), kept.count("y")) == (len(beginning), len(end))
