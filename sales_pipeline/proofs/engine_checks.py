"""Checks of the engine: its session, exact decimals, and each way to read and write a table."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sales_pipeline.engines.statements import Column
from sales_pipeline.errors import counted
from sales_pipeline.lakehouse.preparation import properties_kept
from sales_pipeline.proofs.diagnosis import CheckFailed
from sales_pipeline.proofs.workbench import SCRATCH_SCHEMAS, Workbench

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_EPOCH = "1970-01-01 00:00:00"
_UTC = {"UTC", "Etc/UTC", "Z", "GMT", "+00:00"}
_EXACT_SUM = Decimal("12345678901234567.000000000000000003")
_COLUMNS = (
    Column("id", "BIGINT", "the number of the row", nullable=False),
    Column("name", "STRING", "what was done to it last"),
    Column("amount", "DECIMAL(18,4)", "the number of the row, in ten-thousandths"),
)
_TYPES = pa.schema([("id", pa.int64()), ("name", pa.string()), ("amount", pa.decimal128(18, 4))])
_AMOUNT_STEP = Decimal("0.0001")
_FIRST_ROWS = {1: "written", 2: "written", 3: "written"}


def session(bench: Workbench) -> str:
    """Opens the session, and asks for the versions of the engine."""
    bench.engine.spark()
    versions = (f"{name} {version}" for name, version in bench.engine.versions().items())
    return f"{bench.engine.name}: {', '.join(versions)}"


def time_zone(bench: Workbench) -> str:
    """Checks that the time zone is UTC, by its name and by an instant as the session writes it."""
    zone, written = _row(bench, "SELECT current_timezone(), CAST(timestamp_seconds(0) AS STRING)")
    if zone not in _UTC or written != _EPOCH:
        raise CheckFailed(
            f"the session's time zone has to be UTC, got {zone}, in which 0 is {written}"
        )
    return str(zone)


def ansi_mode(bench: Workbench) -> str:
    """Checks that an impossible cast fails, and that `try_cast` returns null."""
    try:
        cast = _row(bench, "SELECT CAST('x' AS INT)")
    except Exception:  # noqa: BLE001 -- each engine raises an error class of its own
        cast = None
    if cast is not None:
        raise CheckFailed(f"CAST('x' AS INT) has to fail, got {cast[0]}")
    [tried] = _row(bench, "SELECT try_cast('x' AS INT)")
    if tried is not None:
        raise CheckFailed(f"try_cast('x' AS INT) has to give NULL, got {tried}")
    return "a cast that cannot be done fails, try_cast gives NULL"


def decimals(bench: Workbench) -> str:
    """Checks that the sum of two decimals is exact, where a binary fraction would round it."""
    values = ", ".join(
        f"(CAST('{text}' AS DECIMAL(38,18)))"
        for text in ("12345678901234567.000000000000000001", "0.000000000000000002")
    )
    statement = f"SELECT sum(amount) FROM VALUES {values} AS added(amount)"  # noqa: S608 -- our own text
    [total] = _row(bench, statement)
    if total != _EXACT_SUM:
        raise CheckFailed(f"the sum of two decimals has to be {_EXACT_SUM}, got {total}")
    return "a sum of DECIMAL(38,18) is exact"


def create(bench: Workbench) -> str:
    """Creates a scratch table in each schema that a run writes to."""
    has_folder = bench.engine.capabilities.has_folder
    properties = properties_kept(bench.declaration, has_folder=has_folder)
    for schema in SCRATCH_SCHEMAS:
        bench.engine.create(bench.table_in(schema), _COLUMNS, properties)
    return f"a table in each of {', '.join(SCRATCH_SCHEMAS)}"


def write(bench: Workbench) -> str:
    """Appends rows, and reads them back through the session and without it."""
    name = bench.engine.table_name(bench.table)
    _frame(bench, _FIRST_ROWS).writeTo(name).append()
    frame = bench.engine.spark().table(name)
    rows = {row["id"]: row["name"] for row in frame.select("id", "name").collect()}
    written = counted(len(_FIRST_ROWS), "row")
    if rows != _FIRST_ROWS:
        raise CheckFailed(f"{written} written, the session reads {rows}")
    _compare(bench, _FIRST_ROWS)
    return f"{written} written and read back"


def merge(bench: Workbench) -> str:
    """Merges two rows: an existing one and a new one."""
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


def replace_where(bench: Workbench) -> str:
    """Replaces the rows that fulfil a condition, and no other row."""
    from pyspark.sql import functions as F

    writer = _frame(bench, {2: "replaced"}).writeTo(bench.engine.table_name(bench.table))
    writer.overwrite(F.expr("id BETWEEN 2 AND 3"))
    unchanged = {number: name for number, name in bench.rows.items() if number not in (2, 3)}
    _compare(bench, unchanged | {2: "replaced"})
    return "only the rows of the condition are replaced"


def delete(bench: Workbench) -> str:
    """Deletes one row."""
    name = bench.engine.table_name(bench.table)
    bench.engine.spark().sql(f"DELETE FROM {name} WHERE id = 1").collect()  # noqa: S608 -- as above
    _compare(bench, {number: name for number, name in bench.rows.items() if number != 1})
    return "one row deleted"


def time_travel(bench: Workbench) -> str:
    """Reads the first version of the table, which is empty."""
    first = bench.engine.read(bench.table, version=0)
    if first.num_rows:
        raise CheckFailed(f"version 0 has no row, got {counted(first.num_rows, 'row')}")
    return f"version 0 is read, {counted(bench.engine.version(bench.table), 'commit')} later"


def _row(bench: Workbench, statement: str) -> tuple[Any, ...]:
    [row] = bench.engine.spark().sql(statement).collect()
    return tuple(row)


def _frame(bench: Workbench, rows: Mapping[int, str]) -> DataFrame:
    listed = [
        {"id": number, "name": name, "amount": number * _AMOUNT_STEP}
        for number, name in rows.items()
    ]
    return bench.engine.spark().createDataFrame(pa.Table.from_pylist(listed, schema=_TYPES))


def _compare(bench: Workbench, expected: Mapping[int, str]) -> None:
    """Reads the table, without a session if the engine can, and compares names and amounts."""
    rows = bench.engine.read(bench.table).to_pylist()
    # Kept, so that the next check starts from the real rows even if this one fails.
    bench.rows = dict(sorted((row["id"], row["name"]) for row in rows))
    if bench.rows != expected:
        raise CheckFailed(
            f"the table has to hold {dict(sorted(expected.items()))}, got {bench.rows}"
        )
    wrong = [row for row in rows if row["amount"] != row["id"] * _AMOUNT_STEP]
    if wrong:
        raise CheckFailed(f"an amount is not as it was written, got {wrong[0]}")
