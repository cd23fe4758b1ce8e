"""Spark's own CSV reader gives what the landing reader gives, or the file is refused."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.compute as pc
import pytest

from sales_pipeline.lakehouse.tables import BRONZE_TECHNICAL
from sales_pipeline.landing.outline import Outline, Totals, outline_of
from sales_pipeline.landing.reader import read_batches
from sales_pipeline.landing.shape import FileShape
from sales_pipeline.landing.spark_csv import spark_csv_rows, totals_by_file
from tests.landing.damaged_files import MISREAD, SAME, SHAPE, Kind
from tests.landing.definition import in_order
from tests.retailer import Retailer, sale
from tests.test_scenarios import SCENARIOS, play

KINDS = {**SAME, **MISREAD}


class Read(NamedTuple):
    """What Spark made of one file, and what was known of it before."""

    path: Path
    outline: Outline
    rows: list[tuple[Any, ...]]
    totals: Totals


@pytest.fixture(scope="module")
def read(server: str, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Read]:
    """All kinds of files, read in one statement, and added up in another."""
    from pyspark.sql import SparkSession

    folder = tmp_path_factory.mktemp("landing")
    paths = {
        name: _written(folder / str(at), kind) for at, (name, kind) in enumerate(KINDS.items())
    }
    outlines = {name: outline_of(str(paths[name]), kind.shape) for name, kind in KINDS.items()}
    session = SparkSession.builder.remote(server).create()
    try:
        shapes: dict[FileShape, list[tuple[int, Outline]]] = {}
        for at, (name, kind) in enumerate(KINDS.items()):
            shapes.setdefault(kind.shape, []).append((at, outlines[name]))
        frames = [_wide(spark_csv_rows(session, of, shape), shape) for shape, of in shapes.items()]
        rows = reduce(lambda left, right: left.unionByName(right), frames)
        table = rows.toArrow()
        totals = {row["_file_id"]: row for row in totals_by_file(rows, SHAPE).toArrow().to_pylist()}
    finally:
        session.stop()
    found = {}
    for at, name in enumerate(KINDS):
        of_file = table.filter(pc.equal(table["_file_id"], at))
        added = totals.get(at, {"records": 0, "checksum": 0})
        values = Totals(added["records"], added["checksum"])
        found[name] = Read(paths[name], outlines[name], in_order([of_file]), values)
    return found


def _written(folder: Path, kind: Kind) -> Path:
    folder.mkdir()
    path = folder / kind.name
    path.write_bytes(kind.data)
    return path


def _wide(rows: Any, shape: FileShape) -> Any:
    """The rows with all columns of the usual shape, also those that the file does not have."""
    from pyspark.sql import functions as F

    has = {name for name, _ in shape.columns}
    nothing = F.lit(None).cast("string")
    declared = [F.col(name) if name in has else nothing.alias(name) for name, _ in SHAPE.columns]
    return rows.select(*declared, *(column.name for column in BRONZE_TECHNICAL))


def _expected(path: Path, kind: Kind) -> list[tuple[Any, ...]]:
    rows = in_order(read_batches(str(path), kind.shape, 0))
    return [(None, *row) for row in rows] if len(kind.shape.columns) == 1 else rows


@pytest.mark.parametrize("name", SAME)
def test_both_readers_give_the_same_records(name: str, read: Mapping[str, Read]) -> None:
    found = read[name]
    assert found.rows == _expected(found.path, SAME[name])
    if len(SAME[name].shape.columns) == 2:
        assert found.totals == found.outline.totals


@pytest.mark.parametrize("name", MISREAD)
def test_what_spark_reads_otherwise_is_known_by_its_totals(
    name: str, read: Mapping[str, Read]
) -> None:
    found = read[name]
    assert found.rows != _expected(found.path, MISREAD[name])
    assert found.totals != found.outline.totals


def test_p7_a_scenario_with_the_builtin_reader(tmp_path: Path, server: str) -> None:
    name = "personal_data_is_kept_nowhere"
    for file, text in play(SCENARIOS / name, tmp_path, engine=server, reader="builtin").items():
        assert text == (SCENARIOS / name / file).read_bytes().decode(), file


def test_p2_a_file_that_spark_reads_otherwise_is_rejected_and_the_others_go_on(
    retailer: Retailer, server: str
) -> None:
    retailer.declared |= {"engine": server, "reader": "builtin"}
    retailer.deliver_catalogue()
    retailer.deliver("lyon/good.csv", sale("1"), "2,2025-01-15", sale("3", item="Nothing"))
    retailer.deliver("lyon/open.csv", sale("4"), sale("5", item='"Vase'))
    retailer.deliver("lyon/space.csv", sale("6"), sale("7", item='"Vase" '))
    report = retailer.run()
    reasons = {Path(each.path).name: each.reason or "" for each in report.rejected}
    assert "record 2: a quoted field" in reasons["open.csv"]
    assert "got other texts in its records" in reasons["space.csv"]
    quarantined = retailer.rows("silver.quarantine", "_row", "reasons")
    assert quarantined == [(2, ["too_few_columns"]), (3, ["product_unknown"])]
    assert [each["_row"] for each in retailer.table("bronze.lyon")] == [1, 2, 3]
    assert retailer.states()["lyon/space.csv"] == ["rejected"]
    assert not list(retailer.landing.glob("lyon/*"))
