"""P1, seen by readers: one consistent set of tables, whatever becomes of a run."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from deltalake import DeltaTable

from sales_pipeline import read_gold
from sales_pipeline.errors import UsageError
from sales_pipeline.lakehouse.declared_tables import gold_tables
from sales_pipeline.lakehouse.runs import finished_runs
from sales_pipeline.report.answers_of_run import Asked, answers
from tests.promises.killed_run import dies
from tests.retailer import Retailer, sale

TABLES = [each.name for each in gold_tables(minor_units=2)]


@pytest.fixture
def corrected(tmp_path: Path) -> Retailer:
    """A retailer whose first run took a file in, and whose second one a correction of it."""
    retailer = Retailer(tmp_path)
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", "2025-02-01"))
    retailer.run()
    retailer.deliver("lyon/a.csv", sale("1", total="30.00"), sale("2", "2025-02-01"))
    retailer.run()
    return retailer


def _run_ids(retailer: Retailer) -> list[str]:
    return [each.run_id for each in retailer.read(finished_runs)]


def _seen(retailer: Retailer, run: str | None = None) -> list[object]:
    return [read_gold(retailer.declaration, name, run=run).to_pylist() for name in TABLES]


@pytest.mark.long
def test_p1_a_killed_run_never_shows_mixed_tables(corrected: Retailer) -> None:
    before, mixed = _seen(corrected), 0
    corrected.deliver("lyon/a.csv", sale("1", total="50.00"), sale("2", "2025-03-01"))
    # The first is killed within gold; each of the others a little after the one before it.
    for point in (12, 3, 4):
        assert dies(corrected, point, "before")
        mixed += _is_mixed(corrected)
        assert _seen(corrected) == before
    assert mixed
    corrected.run()
    assert _seen(corrected) != before


def _is_mixed(retailer: Retailer) -> bool:
    """Says whether some gold tables are further on than the last finished run, others not."""
    finished = retailer.read(finished_runs)[-1].version_of
    now = retailer.read(lambda lakehouse: {name: lakehouse.engine.version(name) for name in TABLES})
    return len({now[name] > finished[name] for name in TABLES}) > 1


def test_p1_an_earlier_run_is_shown_by_its_id(corrected: Retailer) -> None:
    first, last = _run_ids(corrected)
    january = {
        run: answers(corrected.declaration, Asked.of_month(date(2025, 1, 1)), run=run)
        for run in (first, last)
    }
    revenue = {run: found.global_performance[0].revenue for run, found in january.items()}
    assert revenue == {first: Decimal("10.00"), last: Decimal("30.00")}
    assert january[first].run_id == first
    assert _seen(corrected) == _seen(corrected, last)


def test_p1_a_run_that_never_finished_is_no_run_to_read(corrected: Retailer) -> None:
    first, _ = _run_ids(corrected)
    with pytest.raises(UsageError, match=f"no such finished run, .* Did you mean '{first}'"):
        read_gold(corrected.declaration, "sales_cube", run=f"{first}x")


def test_p1_a_run_whose_tables_are_gone_is_said_to_be(corrected: Retailer) -> None:
    first, last = _run_ids(corrected)
    _remove_all_but(corrected, last)
    with pytest.raises(UsageError, match=f"run {first}: gold.sales_cube: version . is not kept"):
        read_gold(corrected.declaration, "sales_cube", run=first)
    assert read_gold(corrected.declaration, "sales_cube").num_rows == 2


def _remove_all_but(retailer: Retailer, run: str) -> None:
    """Removes the files of the cube that only other runs need."""
    version = next(each for each in retailer.read(finished_runs) if each.run_id == run).version_of
    cube = DeltaTable(retailer.lakehouse / "gold/sales_cube")
    assert version["gold.sales_cube"] == cube.version()
    cube.vacuum(0, dry_run=False, enforce_retention_duration=False, full=True)
