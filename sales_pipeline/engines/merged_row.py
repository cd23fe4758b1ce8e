"""The one row of a table, changed in one conditional commit by a session of Spark with Delta."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession

_CONFLICTS = ("DELTA_CONCURRENT", "DELTA_METADATA_CHANGED", "DELTA_PROTOCOL_CHANGED")
"""How the conditions begin that Delta names where another commit came between."""


def merge_row(spark: SparkSession, name: str, row: pa.Table, *, statement: str) -> None:
    """Runs a statement of `merge_statement`; nothing is changed where another commit comes between.

    Args:
        spark: The session.
        name: The name under which Spark knows the table.
        row: The row that is merged.
        statement: What `merge_statement` gave.
    """
    from pyspark.errors import PySparkException

    frame = spark.createDataFrame(row)
    try:
        spark.sql(
            statement.replace("{table}", name.replace("{", "{{").replace("}", "}}")), row=frame
        )
    except PySparkException as error:
        if not (error.getCondition() or "").startswith(_CONFLICTS):
            raise


def merge_statement(
    columns: Sequence[str], *, condition: str, stamped: Sequence[str], or_add: bool
) -> str:
    """The MERGE of a row at hand, `{row}`, into `{table}`.

    >>> print(merge_statement(["name", "token"], condition="old.token IS NULL",
    ...     stamped=["renewed_at"], or_add=False))
    MERGE INTO {table} AS old USING {row} AS new ON old.name = new.name
    WHEN MATCHED AND (old.token IS NULL) THEN UPDATE SET token = new.token, renewed_at = now()
    """
    key, *changed = columns
    values = {each: f"new.{each}" for each in changed} | dict.fromkeys(stamped, "now()")
    update = ", ".join(f"{column} = {value}" for column, value in values.items())
    parts = [
        f"MERGE INTO {{table}} AS old USING {{row}} AS new ON old.{key} = new.{key}",
        f"WHEN MATCHED AND ({condition}) THEN UPDATE SET {update}",
    ]
    if or_add:
        added = {key: f"new.{key}"} | values
        names, given = ", ".join(added), ", ".join(added.values())
        parts.append(f"WHEN NOT MATCHED THEN INSERT ({names}) VALUES ({given})")  # noqa: S608 -- column names
    return "\n".join(parts)
