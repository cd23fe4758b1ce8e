"""The columns of a table, as every engine makes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """One column of a table: its Spark SQL type, what it holds, whether it may be null."""

    name: str
    type: str
    comment: str
    nullable: bool = True

    @property
    def ddl(self) -> str:
        """The column as it stands in CREATE TABLE."""
        required = "" if self.nullable else " NOT NULL"
        return f"`{self.name}` {self.type}{required} COMMENT {quoted(self.comment)}"


def create_statement(name: str, columns: Iterable[Column], properties: Mapping[str, str]) -> str:
    """The CREATE TABLE IF NOT EXISTS statement of a table under a name."""
    said = ", ".join(column.ddl for column in columns)
    pairs = ", ".join(f"{quoted(key)} = {quoted(value)}" for key, value in properties.items())
    return f"CREATE TABLE IF NOT EXISTS {name} ({said}) USING delta TBLPROPERTIES ({pairs})"


def quoted(text: str) -> str:
    r"""The text as a literal of Spark SQL.

    >>> print(quoted("the store's own"))
    'the store\'s own'
    """
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
