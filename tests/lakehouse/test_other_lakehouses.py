"""Lakehouses of other versions of this package are gone on with or refused, and never half-read."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from sales_pipeline import read_gold
from sales_pipeline.errors import LakehouseMismatch, UsageError
from sales_pipeline.lakehouse.runs import table_versions
from sales_pipeline.operations.plan import plan
from sales_pipeline.report.history import runs_of
from sales_pipeline.report.status import status
from tests.promises.killed_run import dies
from tests.retailer import Retailer, sale

FORMAT = "sales_pipeline.format"
LATER_COLUMNS = {
    "ops/deliveries": ["seen", "mends", "rolled_back_by"],
    "ops/runs": ["rules", "to_run"],
}
ANSWERS = (
    "revenue_per_month",
    "revenue_per_month_and_shop",
    "top_selling_products",
    "top_selling_products_by_revenue",
)
SHARES = {"gross", "share", "cumulative_share", "abc"}
"""The columns of gold that format 3 did not have."""
RETURNS = {"units_returned", "amount_returned", "revenue_returned", "returns"}
"""The columns of gold that format 2 did not have either, as it had no days."""


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Retailer:
    """A retailer with two runs, of which the second displaced a sale."""
    retailer = Retailer(tmp_path_factory.mktemp("made"))
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2"))
    retailer.run()
    retailer.deliver("lyon/b.csv", sale("1", total="30.00"))
    retailer.run()
    return retailer


@pytest.fixture
def made(made_once: Retailer, tmp_path: Path) -> Retailer:
    """A copy of that retailer."""
    return made_once.copied_to(tmp_path)


def _rows(retailer: Retailer, table: str) -> pa.Table:
    return retailer.read(lambda lakehouse: lakehouse.engine.read(table.replace("/", ".")))


def _commands(retailer: Retailer) -> list[Callable[[], object]]:
    declaration = retailer.declaration
    return [
        lambda: read_gold(declaration, "sales_cube"),
        lambda: status(declaration),
        lambda: runs_of(declaration),
        lambda: plan(declaration),
        retailer.maintain,
        retailer.run,
        retailer.rebuild,
    ]


def _refused(retailer: Retailer, message: str) -> None:
    before = retailer.states()
    for command in _commands(retailer):
        with pytest.raises(LakehouseMismatch, match=message):
            command()
    assert retailer.states() == before


def test_a_newer_lakehouse_is_refused_by_every_command_reset_among_them(made: Retailer) -> None:
    runs = DeltaTable(made.lakehouse / "ops/runs")
    runs.alter.set_table_properties({FORMAT: "5"}, raise_if_not_exists=False)
    message = r"has format 5, .* reads 4\. Do: use the version that made it, or a later one\."
    _refused(made, message)
    with pytest.raises(LakehouseMismatch, match=message):
        made.reset()


def test_an_older_lakehouse_is_refused_with_the_commands_that_take_its_files_in_again(
    made: Retailer,
) -> None:
    runs = DeltaTable(made.lakehouse / "ops/runs")
    runs.alter.set_table_properties({FORMAT: "1"}, raise_if_not_exists=False)
    _refused(made, "has format 1, .* sales-pipeline reset and then run")
    cube = _rows(made, "gold/sales_cube")
    made.reset()
    made.run()
    assert _rows(made, "gold/sales_cube").num_rows == cube.num_rows


@pytest.fixture(params=["2", "3"])
def with_earlier_gold(made: Retailer, request: pytest.FixtureRequest) -> Retailer:
    """A retailer as an earlier version left it: without shares, or without days and returns too."""
    later = SHARES
    if request.param == "2":
        shutil.rmtree(made.lakehouse / "gold/daily_sales")
        later = SHARES | RETURNS
    for table in ("sales_cube", *ANSWERS):
        rows = _rows(made, f"gold/{table}")
        missing = [name for name in rows.column_names if name in later]
        assert missing or (table == "sales_cube" and request.param == "3")
        _overwrite(made, f"gold/{table}", rows.drop_columns(missing))
    _overwrite(made, "ops/runs", _as_recorded_now(made, _rows(made, "ops/runs")))
    runs = DeltaTable(made.lakehouse / "ops/runs")
    runs.alter.set_table_properties({FORMAT: request.param}, raise_if_not_exists=False)
    return made


def test_gold_of_the_format_before_is_made_again_by_a_run_and_read_by_nothing_else(
    made_once: Retailer, with_earlier_gold: Retailer
) -> None:
    older = with_earlier_gold
    first, last = older.run_ids()
    for command in _commands(older)[:-2]:
        with pytest.raises(LakehouseMismatch, match=r"has format [23], .*: sales-pipeline run, wh"):
            command()
    assert not older.run().is_nothing_new
    assert older.state() == made_once.state()
    assert older.run().is_nothing_new
    with pytest.raises(UsageError, match=rf"run {last}: gold\.sales_cube: version -1 is not kept"):
        read_gold(older.declaration, "sales_cube", run=last)
    with pytest.raises(UsageError, match=rf"run {first}: .* is not kept"):
        older.rollback(first)


@pytest.mark.long
def test_gold_of_the_format_before_is_made_again_by_a_rebuild_and_after_a_kill(
    made_once: Retailer, with_earlier_gold: Retailer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    killed = with_earlier_gold.copied_to(tmp_path_factory.mktemp("killed"))
    with_earlier_gold.rebuild()
    assert with_earlier_gold.state() == made_once.state()
    # While the tables of gold go, after they went, and while they are made and filled again.
    for point in (4, 4, 5, 9, 12):
        assert dies(killed, point, "before")
    killed.run()
    assert killed.state() == made_once.state()


def test_a_lakehouse_that_does_not_say_its_format_is_refused(made: Retailer) -> None:
    rows, folder = _rows(made, "ops/runs"), made.lakehouse / "ops/runs"
    shutil.rmtree(folder)
    write_deltalake(folder, rows)
    _refused(made, "does not say its format, .* sales-pipeline reset and then run")


@pytest.mark.long
def test_a_lakehouse_made_before_later_columns_is_gone_on_with(made: Retailer) -> None:
    state = made.state()
    for table in LATER_COLUMNS:
        _without_later_columns(made, table)
    for command in _commands(made):
        command()
    assert made.state() == state
    made.deliver("lyon/b.csv", sale("1", total="40.00"))
    made.run()
    assert made.revenue() == {(2025, 1): "50.00"}


def _without_later_columns(retailer: Retailer, table: str) -> None:
    rows, later = _rows(retailer, table), LATER_COLUMNS[table]
    assert set(later) <= set(rows.column_names)
    rows = rows.drop_columns(later)
    if table == "ops/runs":
        rows = _as_recorded_now(retailer, rows)
    _overwrite(retailer, table, rows)


def _overwrite(retailer: Retailer, table: str, rows: pa.Table) -> None:
    write_deltalake(retailer.lakehouse / table, rows, mode="overwrite", schema_mode="overwrite")


def _as_recorded_now(retailer: Retailer, runs: pa.Table) -> pa.Table:
    """The runs as if each had left the tables as they are now."""
    versions = retailer.read(table_versions)
    place = runs.column_names.index("versions")
    return runs.set_column(place, "versions", pa.array([versions] * runs.num_rows))
