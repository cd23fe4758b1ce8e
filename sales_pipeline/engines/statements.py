"""SQL that several engines need: CREATE TABLE, WHERE, MERGE of one row; and unions of frames."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

_CONFLICTS = ("DELTA_CONCURRENT", "DELTA_METADATA_CHANGED", "DELTA_PROTOCOL_CHANGED")
"""Prefixes of the error conditions that Delta names when another commit came in between."""


@dataclass(frozen=True)
class Column:
    """One column of a table: name, Spark SQL type, comment, and whether it may be null."""

    name: str
    type: str
    comment: str
    nullable: bool = True

    @property
    def ddl(self) -> str:
        """The column as part of CREATE TABLE."""
        required = "" if self.nullable else " NOT NULL"
        return f"`{self.name}` {self.type}{required} COMMENT {quoted(self.comment)}"


def create_statement(name: str, columns: Iterable[Column], properties: Mapping[str, str]) -> str:
    """Returns the CREATE TABLE IF NOT EXISTS statement of a Delta table.

    >>> create_statement("t", [Column("id", "BIGINT", "the id")], {})
    "CREATE TABLE IF NOT EXISTS t (`id` BIGINT COMMENT 'the id') USING delta"
    """
    parts = ", ".join(column.ddl for column in columns)
    pairs = ", ".join(f"{quoted(key)} = {quoted(value)}" for key, value in properties.items())
    with_properties = f" TBLPROPERTIES ({pairs})" if pairs else ""
    return f"CREATE TABLE IF NOT EXISTS {name} ({parts}) USING delta{with_properties}"


def quoted(text: str) -> str:
    r"""Returns a text as a literal of Spark SQL.

    >>> print(quoted("the store's own"))
    'the store\'s own'
    """
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def where_clause(file_ids: Collection[int] | None, where: str | None) -> str:
    """Returns the WHERE clause for rows of some deliveries, or of all, that fulfil a condition.

    >>> where_clause({12, 3}, "month IS NULL")
    ' WHERE (_file_id IN (3, 12)) AND (month IS NULL)'
    >>> where_clause(None, None)
    ''
    """
    conditions = [] if where is None else [f"({where})"]
    if file_ids is not None:
        numbers = ", ".join(f"{number:d}" for number in sorted(file_ids)) or "NULL"
        conditions.insert(0, f"(_file_id IN ({numbers}))")
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def sums(of: str | Mapping[str, str], name: Callable[[str], str]) -> str:
    """Returns the number of rows and the sums as a SELECT of groups has them.

    Args:
        of: A column, or the name of each sum -> the SQL expression that is added up.
        name: Quotes the name of a column.

    >>> sums({"back": "CASE WHEN units < 0 THEN units ELSE 0 END"}, lambda name: f"`{name}`")
    'count(*) AS records, sum(CASE WHEN units < 0 THEN units ELSE 0 END) AS `back`'
    """
    figures = {of: name(of)} if isinstance(of, str) else of
    parts = (f"sum({sql}) AS {name(figure)}" for figure, sql in figures.items())
    return ", ".join(["count(*) AS records", *parts])


def merge_row(spark: SparkSession, name: str, row: pa.Table, *, statement: str) -> None:
    """Merges one row into a table; changes nothing if another commit comes in between.

    Args:
        spark: A session of Spark with Delta Lake.
        name: The name under which Spark knows the table.
        row: The row.
        statement: The statement that `merge_statement` built.
    """
    from pyspark.errors import PySparkException

    frame = spark.createDataFrame(row)
    escaped = name.replace("{", "{{").replace("}", "}}")
    try:
        spark.sql(statement.replace("{table}", escaped), row=frame)
    except PySparkException as error:
        if not (error.getCondition() or "").startswith(_CONFLICTS):
            raise


def merge_statement(
    columns: Sequence[str], *, condition: str, stamped: Sequence[str], or_add: bool
) -> str:
    """Returns the MERGE of one row, `{row}`, into a table, `{table}`.

    >>> print(merge_statement(["name", "token"], condition="old.token IS NULL",
    ...     stamped=["renewed_at"], or_add=False))
    MERGE INTO {table} AS old USING {row} AS new ON old.name = new.name
    WHEN MATCHED AND (old.token IS NULL) THEN UPDATE SET token = new.token, renewed_at = now()
    """
    key, values = merged_values(columns, stamped)
    update = ", ".join(f"{column} = {value}" for column, value in values.items())
    parts = [
        f"MERGE INTO {{table}} AS old USING {{row}} AS new ON old.{key} = new.{key}",
        f"WHEN MATCHED AND ({condition}) THEN UPDATE SET {update}",
    ]
    if or_add:
        added = {key: f"new.{key}"} | values
        names, values_added = ", ".join(added), ", ".join(added.values())
        parts.append(f"WHEN NOT MATCHED THEN INSERT ({names}) VALUES ({values_added})")  # noqa: S608 -- column names
    return "\n".join(parts)


def merged_values(columns: Sequence[str], stamped: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Returns the key column of a merged row, and column -> new value for the other columns.

    >>> merged_values(["name", "token"], ["renewed_at"])
    ('name', {'token': 'new.token', 'renewed_at': 'now()'})
    """
    key, *changed = columns
    return key, {column: f"new.{column}" for column in changed} | dict.fromkeys(stamped, "now()")


def union_of(frames: Iterable[DataFrame]) -> DataFrame:
    """The union of at least one frame, as a balanced tree because engines recurse into plans."""
    remaining = list(frames)
    while len(remaining) > 1:
        pairs = zip(remaining[::2], remaining[1::2], strict=False)
        merged = [first.unionByName(second) for first, second in pairs]
        remaining = [*merged, *remaining[len(merged) * 2 :]]
    return remaining[0]
