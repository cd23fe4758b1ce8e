"""The content of a sheet of the workbook, before it is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Kind = Literal["text", "long", "day", "count", "units", "money", "share", "rate"]


@dataclass(frozen=True)
class Money:
    """An amount in a currency that is not the one of its column; shown at its minor unit."""

    amount: Decimal
    currency: str


@dataclass(frozen=True)
class Column:
    """A column of a sheet; `long` is text that goes on in the next line of its cell."""

    header: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Sheet:
    """A sheet of a workbook.

    Attributes:
        name: Its name.
        columns: Its columns.
        rows: Its rows, with a value for each column: text, a day, a number, `Money` or None.
        has_total: Whether the last row is the total of the others.
    """

    name: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[object]]
    has_total: bool = False
