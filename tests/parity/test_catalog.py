"""Tables in a catalog instead of a folder: the same rows, and every method of an engine."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from sales_pipeline.analysis.asked_sales import AskedPeriod
from sales_pipeline.bronze.feed_files import folders_of
from sales_pipeline.engines.catalog import CatalogEngine
from sales_pipeline.engines.databricks_session import RUNTIME_VARIABLE
from sales_pipeline.engines.embedded import EmbeddedEngine
from sales_pipeline.engines.engine import Engine
from sales_pipeline.engines.spark_connect import RemoteSparkSession
from sales_pipeline.engines.spark_session import open_engine
from sales_pipeline.engines.statements import Column
from sales_pipeline.errors import UsageError, VersionGone
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.opening import opened_lakehouse
from sales_pipeline.lakehouse.runs import finished_runs
from sales_pipeline.proofs.retailer_copies import Contents, contents
from sales_pipeline.report.answers_of_run import Asked, answers
from sales_pipeline.report.explained import AskedFigure, explained, explained_document
from sales_pipeline.report.why_restated import why_since_closing
from sales_pipeline.silver.silver_tables import read_silver
from tests.retailer import HEADER, Retailer, sale

CATALOG = "spark_catalog"
TABLE = "silver.small"
JANUARY, FEBRUARY = date(2025, 1, 1), date(2025, 2, 1)
COLUMNS = (
    Column("_file_id", "BIGINT", "the delivery's", nullable=False),
    Column("text", "STRING", "a text"),
    Column("amount", "DECIMAL(18,4)", "money"),
    Column("sold_on", "DATE", "a day"),
    Column("at", "TIMESTAMP", "UTC"),
    Column("reasons", "ARRAY<STRING>", "words"),
)
RETENTION = "delta.deletedFileRetentionDuration"
KEPT = {RETENTION: "interval 30 days", "ours.word": "it's"}
AT = datetime(2025, 1, 31, 23, 59, 59, 123456, tzinfo=UTC)


@pytest.fixture
def schema(server: str) -> Iterator[str]:
    """How the schemas of a test begin; they are dropped after it."""
    name = f"t_{secrets.token_hex(6)}"
    yield name
    with closing(RemoteSparkSession(server)) as session:
        for layer in ("bronze", "silver", "gold", "ops"):
            session.spark().sql(f"DROP SCHEMA IF EXISTS {CATALOG}.{name}_{layer} CASCADE")


def _retailer(folder: Path, **declared: str) -> Retailer:
    folder.mkdir()
    made = Retailer(folder)
    made.declared |= declared
    made.declared["feeds"]["boston"]["max_repeated_keys"] = "100%"
    made.deliver_catalogue()
    made.deliver("lyon/a.csv", sale("1"), sale("2", "2025-02-01", "Thé vert"), sale("3", item="?"))
    made.deliver("boston/b.csv", sale("1"), sale("1", total="11.00"))
    return made


def _seen(retailer: Retailer) -> Contents:
    with opened_lakehouse(retailer.declaration) as lakehouse:
        return contents(lakehouse, folders_of(retailer.declaration))


def _explained(retailer: Retailer) -> dict[str, Any]:
    """A figure unfolded, without what tells of the run."""
    asked = AskedFigure(AskedPeriod("2025-01"), "boston", "Vase")
    document = explained_document(explained(retailer.declaration, asked))
    return {name: document[name] for name in ("revenue", "units", "files", "left_out")}


def _first_run(retailer: Retailer) -> str:
    with opened_lakehouse(retailer.declaration) as lakehouse:
        return finished_runs(lakehouse)[0].run_id


def test_p7_a_lakehouse_in_a_catalog_goes_the_way_of_the_embedded_one(
    tmp_path: Path, server: str, schema: str
) -> None:
    embedded = _retailer(tmp_path / "embedded")
    other = _retailer(tmp_path / "other", engine=server, catalog=CATALOG, schema=schema)
    for each in (embedded, other):
        assert each.run().outcome == "done"
        each.rebuild()
    assert _seen(other) == _seen(embedded)
    assert _explained(other) == _explained(embedded)
    assert not list(other.lakehouse.glob("*/*/_delta_log"))
    for each in (embedded, other):
        each.rollback(_first_run(each))
    assert _seen(other) == _seen(embedded)
    assert not other.maintain().freed_bytes
    assert other.reset().moved == ["boston/b.csv", "catalogue/catalogue.csv", "lyon/a.csv"]
    with closing(open_engine(other.declaration)) as engine:
        tables = Lakehouse(other.declaration, engine).tables
        assert [name for name in tables if engine.exists(name)] == []


def test_a_view_shows_the_tax_once_it_is_taken_off(
    tmp_path: Path, server: str, schema: str
) -> None:
    """The view is older than the declaration, and what the first run left has no tax to show."""
    retailer = _retailer(tmp_path / "net", engine=server, catalog=CATALOG, schema=schema)
    feeds = retailer.declared["feeds"]
    feeds["lyon"]["tax"] = {"included": True, "rate": "25 %"}
    feeds["boston"]["tax"] = {"included": False}
    retailer.run()
    first = _first_run(retailer)
    retailer.declared["revenue"] = "net_of_tax"
    retailer.run(rejudge=["lyon"])
    with closing(RemoteSparkSession(server)) as session:
        view = session.spark().table(f"{CATALOG}.{schema}_silver.sales")
        taxes = view.where("feed = 'lyon'").toArrow()["tax"].to_pylist()
    assert taxes == [Decimal("2.0000")] * 2
    before = read_silver(retailer.declaration, "sales", run=first)
    assert set(before["amount"].to_pylist()) == {Decimal(10), Decimal(11)}
    assert set(before["tax"].to_pylist()) == {None}


def test_views_show_the_columns_that_are_declared_now(
    tmp_path: Path, server: str, schema: str
) -> None:
    retailer = _retailer(tmp_path / "tills", engine=server, catalog=CATALOG, schema=schema)
    retailer.run()
    boston = retailer.declared["feeds"]["boston"]
    boston["columns"]["till"] = "till"
    boston["key"] = ["sale_id", "till"]
    retailer.deliver("boston/c.csv", sale("1") + ",left", header=f"{HEADER},till")
    retailer.run(rejudge=["boston"])
    with closing(RemoteSparkSession(server)) as session:
        shown = {
            view: session.spark().table(f"{CATALOG}.{schema}_{view}").toArrow()
            for view in ("bronze.boston", "silver.sales", "silver.set_aside")
        }
    assert {"left"} < set(shown["bronze.boston"]["till"].to_pylist())
    assert {"left"} < set(shown["silver.sales"]["till"].to_pylist())
    assert "till" in shown["silver.set_aside"].column_names


def _rows(*numbers: int) -> pa.Table:
    rows: list[dict[str, Any]] = [
        {"_file_id": each, "text": None if each == 2 else f"é{each}", "amount": None,
         "sold_on": AT.date(), "at": AT, "reasons": ["a", "b"]}
        for each in numbers
    ]  # fmt: skip
    schema = pa.schema(
        [
            pa.field("_file_id", pa.int64(), nullable=False),
            ("text", pa.string()),
            ("amount", pa.decimal128(18, 4)),
            ("sold_on", pa.date32()),
            ("at", pa.timestamp("us", "UTC")),
            ("reasons", pa.list_(pa.string())),
        ]
    )
    return pa.Table.from_pylist(rows, schema=schema)


def _written(engine: Engine) -> pa.Table:
    """A table with three commits, and what is read of it."""
    assert not engine.exists(TABLE)
    engine.create(TABLE, COLUMNS, KEPT)
    assert engine.exists(TABLE)
    engine.replace(TABLE, "true", _rows(1, 2, 3))
    engine.replace(TABLE, "_file_id BETWEEN 3 AND 3", _rows())
    engine.replace(TABLE, "_file_id = 2", _rows(2, 4, 5).slice(0, 1))
    return engine.read(TABLE).sort_by("_file_id")


def test_an_engine_over_a_catalog_gives_what_one_over_a_folder_gives(
    tmp_path: Path, server: str, schema: str
) -> None:
    with (
        closing(EmbeddedEngine(tmp_path)) as folder,
        closing(CatalogEngine(CATALOG, schema, RemoteSparkSession(server))) as engine,
    ):
        expected, found = _written(folder), _written(engine)
        assert found.equals(expected)
        assert found.schema.types == expected.schema.types
        some = engine.read(TABLE, columns=["text"], version=1, file_ids=[1, 3])
        assert sorted(some["text"].to_pylist()) == ["é1", "é3"]
        assert engine.read(TABLE, file_ids=[]).num_rows == 0
        sums = {"all": "_file_id", "some": "CASE WHEN _file_id > 1 THEN _file_id ELSE 0 END"}
        for of in ("_file_id", sums):
            totals = [each.totals(TABLE, by=["sold_on"], of=of) for each in (folder, engine)]
            assert totals[0].equals(totals[1])
        assert engine.version(TABLE) == folder.version(TABLE) == 3
        _keeps_versions(engine)
        _keeps_house(engine)


def _keeps_versions(engine: Engine) -> None:
    assert [each.version for each in engine.history(TABLE, limit=2)] == [3, 2]
    engine.check_version(TABLE, 1)
    for gone in (engine.check_version, lambda table, version: engine.read(table, version=version)):
        with pytest.raises(VersionGone, match="version 99 is not kept"):
            gone(TABLE, 99)
    engine.add_columns(TABLE, {"later": "BIGINT"})
    assert engine.column_names(TABLE)[-1] == "later"
    engine.restore(TABLE, 1)
    assert engine.column_names(TABLE)[-1] == "reasons"
    assert sorted(engine.read(TABLE)["_file_id"].to_pylist()) == [1, 2, 3]
    engine.set_properties(TABLE, {"ours.other": "a\\b"})
    assert {"ours.word": "it's", "ours.other": "a\\b"}.items() <= engine.properties(TABLE).items()


def _keeps_house(engine: Engine) -> None:
    for each in (7, 8, 9):
        engine.replace(TABLE, f"_file_id = {each}", _rows(each))
    assert engine.unneeded(TABLE, days=0, keep=engine.version(TABLE)) == (), "kept for 30 days"
    engine.set_properties(TABLE, {RETENTION: "interval 0 days"})
    before = engine.version(TABLE)
    assert engine.read(TABLE, version=before - 1).num_rows == 6, "too old, but nothing came after"
    assert engine.unneeded(TABLE, days=1, keep=before) == ()
    old = engine.unneeded(TABLE, days=0, keep=before)
    assert old
    assert engine.unneeded(TABLE, days=0, keep=before - 1) == (), (
        "readers may need the last but one"
    )
    small = engine.small_files(TABLE)
    assert len(small) >= 3
    engine.compact(TABLE)
    assert engine.small_files(TABLE) == []
    engine.remove(TABLE, old)
    assert engine.read(TABLE, version=before).num_rows == 6, "only merged since"
    with pytest.raises(VersionGone):
        engine.check_version(TABLE, 3)
    engine.drop(TABLE)
    assert not engine.exists(TABLE)


def test_what_an_engine_remembers_of_tables_is_asked_anew_once_it_forgets_them(
    server: str, schema: str
) -> None:
    with (
        closing(CatalogEngine(CATALOG, schema, RemoteSparkSession(server))) as engine,
        closing(CatalogEngine(CATALOG, schema, RemoteSparkSession(server))) as other,
    ):
        engine.create(TABLE, COLUMNS[:2], {})
        assert engine.column_names(TABLE) == ["_file_id", "text"]
        other.drop(TABLE)
        other.create(TABLE, COLUMNS[:3], {})
        engine.forget_tables()
        assert engine.column_names(TABLE) == ["_file_id", "text", "amount"]
        other.spark().sql(f"DROP SCHEMA {other.schema_name('silver')} CASCADE")
        engine.forget_tables()
        assert not engine.exists(TABLE)
        engine.create(TABLE, COLUMNS[:2], {})
        assert engine.exists(TABLE)


def test_the_session_that_the_runtime_provides_is_used_and_left_open(
    tmp_path: Path, server: str, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(RUNTIME_VARIABLE, "17.3")
    with closing(RemoteSparkSession(server)) as runtime:
        provided = runtime.spark()
        monkeypatch.setenv("SPARK_REMOTE", server)
        declared = {"engine": "databricks", "catalog": CATALOG, "schema": schema}
        made = _retailer(tmp_path / "made", **declared)
        with closing(open_engine(made.declaration)) as engine:
            engine.create(TABLE, COLUMNS, KEPT)
            assert engine.versions()["runtime"] == "17.3"
        assert provided.catalog.tableExists(engine.table_name(TABLE))


def test_lakehouses_that_share_a_session_never_see_rows_of_each_other(
    tmp_path: Path, server: str, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As two threads of a notebook on two lakehouses: the platform gives both the same session."""
    monkeypatch.setenv(RUNTIME_VARIABLE, "17.3")
    monkeypatch.setenv("SPARK_REMOTE", server)
    declared = {"engine": "databricks", "catalog": CATALOG, "schema": schema}
    declaration = _retailer(tmp_path / "made", **declared).declaration
    with closing(open_engine(declaration)) as one, closing(open_engine(declaration)) as other:
        session = one.spark()
        assert other.spark() is session
        session.range(7).createOrReplaceTempView("parsed_days")
        frames = [
            Lakehouse(declaration, engine).shared("parsed_days", pa.table({"id": [number]}))
            for number, engine in enumerate((one, other))
        ]
        assert [frame.toArrow()["id"].to_pylist() for frame in frames] == [[0], [1]]
    assert session.table("parsed_days").count() == 7
    assert [view.name for view in session.catalog.listTables()] == ["parsed_days"]
    session.catalog.dropTempView("parsed_days")


def test_a_catalog_that_is_not_there_is_named(server: str) -> None:
    with (
        closing(CatalogEngine("nowhere", "sales", RemoteSparkSession(server))) as engine,
        pytest.raises(UsageError, match=r"catalog: cannot look into `nowhere`.`sales_ops`: .*"),
    ):
        engine.exists("ops.runs")


def test_p7_months_in_a_catalog_are_closed_and_opened_as_the_embedded_ones(
    tmp_path: Path, server: str, schema: str
) -> None:
    embedded = _retailer(tmp_path / "embedded")
    other = _retailer(tmp_path / "other", engine=server, catalog=CATALOG, schema=schema)
    found = []
    for each in (embedded, other):
        each.run()
        each.close_anyway("2025-01")
        each.close("2025-02")
        each.deliver("lyon/late.csv", sale("9", "2025-01-20", total="12.00"))
        [changed] = each.run().closings
        kept = answers(each.declaration, replace(Asked.of_month(JANUARY), as_closed=True))
        now = answers(each.declaration, Asked.of_month(JANUARY))
        why = why_since_closing(each.declaration)
        figures = [kept.global_performance, kept.best_by_value, now.global_performance]
        found.append([changed, *figures, kept.closings[0].reasons, why.months])
        each.reopen("2025-01")
        assert [closed.month for closed in answers(each.declaration).closings] == [FEBRUARY]
    assert found[0] == found[1]
