"""Checks of the tables: each way in which a run, or whoever mends a table, reads and writes one."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa

from sales_pipeline.doctor.bench import SCHEMAS, Bench
from sales_pipeline.doctor.findings import Wrong
from sales_pipeline.engines.statements import Column
from sales_pipeline.errors import counted
from sales_pipeline.lakehouse.properties import properties_kept

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_COLUMNS = (
    Column("id", "BIGINT", "the number of the row", nullable=False),
    Column("name", "STRING", "what was done to it last"),
    Column("amount", "DECIMAL(18,4)", "the number of the row, in ten-thousandths"),
)
_TYPES = pa.schema([("id", pa.int64()), ("name", pa.string()), ("amount", pa.decimal128(18, 4))])
_STEP = Decimal("0.0001")
_FIRST = {1: "written", 2: "written", 3: "written"}


def create(bench: Bench) -> str:
    """Makes a table in each schema that a run writes to."""
    has_folder = bench.engine.capabilities.has_folder
    properties = properties_kept(bench.declaration, has_folder=has_folder)
    for schema in SCHEMAS:
        bench.engine.create(bench.table_in(schema), _COLUMNS, properties)
    return f"a table in each of {', '.join(SCHEMAS)}"


def write(bench: Bench) -> str:
    """Writes rows, and reads them back both through the session and without."""
    rows = _frame(bench, _FIRST)
    rows.writeTo(bench.engine.table_name(bench.table)).append()
    frame = bench.engine.spark().table(bench.engine.table_name(bench.table))
    seen = {row["id"]: row["name"] for row in frame.select("id", "name").collect()}
    if seen != _FIRST:
        raise Wrong(f"{counted(len(_FIRST), 'row')} written, the session reads {seen}")
    _compare(bench, _FIRST)
    return f"{counted(len(_FIRST), 'row')} written and read back"


def merge(bench: Bench) -> str:
    """Merges a row that is there, and one that is not."""
    name = bench.engine.table_name(bench.table)
    bench.engine.spark().sql(
        f"MERGE INTO {name} AS t USING ("  # noqa: S608 -- a name of our own, and literals
        "SELECT CAST(id AS BIGINT) AS id, 'merged' AS name, "
        "CAST(id * 0.0001 AS DECIMAL(18,4)) AS amount FROM VALUES (3), (4) AS given(id)"
        ") AS s ON t.id = s.id "
        "WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
    ).collect()
    _compare(bench, bench.rows | {3: "merged", 4: "merged"})
    return "one row changed, one added"


def replace_where(bench: Bench) -> str:
    """Replaces the rows that fulfil a condition, and no other."""
    from pyspark.sql import functions as F

    writer = _frame(bench, {2: "replaced"}).writeTo(bench.engine.table_name(bench.table))
    writer.overwrite(F.expr("id BETWEEN 2 AND 3"))
    others = {number: name for number, name in bench.rows.items() if number not in (2, 3)}
    _compare(bench, others | {2: "replaced"})
    return "what the condition names is replaced, and nothing else"


def delete(bench: Bench) -> str:
    """Deletes one row."""
    name = bench.engine.table_name(bench.table)
    bench.engine.spark().sql(f"DELETE FROM {name} WHERE id = 1").collect()  # noqa: S608 -- as above
    _compare(bench, {number: name for number, name in bench.rows.items() if number != 1})
    return "one row deleted"


def time_travel(bench: Bench) -> str:
    """Reads the table as it was made."""
    found = bench.engine.read(bench.table, version=0)
    if found.num_rows:
        raise Wrong(f"version 0 has no row, got {counted(found.num_rows, 'row')}")
    return f"version 0 is read, {counted(bench.engine.version(bench.table), 'commit')} later"


def _frame(bench: Bench, rows: Mapping[int, str]) -> DataFrame:
    listed = [{"id": at, "name": name, "amount": at * _STEP} for at, name in rows.items()]
    return bench.engine.spark().createDataFrame(pa.Table.from_pylist(listed, schema=_TYPES))


def _compare(bench: Bench, expected: Mapping[int, str]) -> None:
    """Reads the table without a session where that can be, and compares names and amounts."""
    found = bench.engine.read(bench.table).to_pylist()
    bench.rows = dict(sorted((row["id"], row["name"]) for row in found))
    if bench.rows != expected:
        raise Wrong(f"the table has to hold {dict(sorted(expected.items()))}, got {bench.rows}")
    wrong = [row for row in found if row["amount"] != row["id"] * _STEP]
    if wrong:
        raise Wrong(f"an amount is not as it was written, got {wrong[0]}")
