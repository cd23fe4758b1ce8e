"""The kinds of values in declared SQL, and its types: text, numbers, days, conditions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sales_pipeline.config.sql.parsing import ExpressionRefused

if TYPE_CHECKING:
    from sqlglot import exp

MAX_DIGITS = 38
"""The digits of a DECIMAL on every engine."""


@dataclass(frozen=True)
class Kind:
    """The kind of a value.

    Attributes:
        name: `text`, `integer`, `decimal`, `double`, `date`, `timestamp`, `boolean`, `list`, or
            `null` for NULL itself, which is of every kind.
        digits: Of an exact number, how many digits stand before its decimal mark at most.
        scale: Of a decimal, how many stand behind it.
        element: Of a list, the kind of its elements.
    """

    name: str
    digits: int = 0
    scale: int = 0
    element: Kind | None = None

    @property
    def is_number(self) -> bool:
        """True for kinds whose values can be added."""
        return self.is_exact or self.name == "double"

    @property
    def is_exact(self) -> bool:
        """True for numbers that are no double."""
        return self.name in ("integer", "decimal")

    @property
    def noun(self) -> str:
        """The name of a value of the kind in a message."""
        return _NOUNS.get(self.name, self.name)


_SIZE = re.compile("[0-9]{1,2}")
_NOUNS = {"integer": "a whole number", "decimal": "a number", "double": "a double",
          "boolean": "a condition", "date": "a date", "timestamp": "a timestamp",
          "list": "a list", "null": "null"}  # fmt: skip

TEXT, DOUBLE, BOOLEAN = Kind("text"), Kind("double"), Kind("boolean")
DATE, TIMESTAMP, NULL = Kind("date"), Kind("timestamp"), Kind("null")
INT, BIGINT = Kind("integer", 10), Kind("integer", 19)


def decimal(precision: int, scale: int) -> Kind:
    """Returns the kind of DECIMAL(precision, scale).

    >>> decimal(18, 4)
    Kind(name='decimal', digits=14, scale=4, element=None)
    """
    return Kind("decimal", precision - scale, scale)


def common_kind(kinds: Iterable[Kind]) -> Kind | None:
    """Returns the kind that values of several kinds have together, or None.

    >>> common_kind([decimal(18, 4), Kind("integer", 3), NULL])
    Kind(name='decimal', digits=14, scale=4, element=None)
    >>> common_kind([TEXT, DATE])
    """
    distinct = {kind for kind in kinds if kind != NULL}
    if len(distinct) <= 1:
        return next(iter(distinct), NULL)
    if all(kind.is_number for kind in distinct):
        if DOUBLE in distinct:
            return DOUBLE
        digits, scale = max(kind.digits for kind in distinct), max(kind.scale for kind in distinct)
        is_whole = all(kind.name == "integer" for kind in distinct)
        return Kind("integer" if is_whole else "decimal", digits, scale)
    return None


SALE_KINDS = {
    "sold_on": DATE,
    "product": TEXT,
    "category": TEXT,
    "quantity": decimal(18, 3),
    "unit_price": decimal(18, 4),
    "amount": decimal(18, 4),
    "currency": TEXT,
    "store": TEXT,
    "source_product": TEXT,
}
"""The columns of a sale that a rule may name."""


def type_of(node: exp.DataType) -> tuple[str, Kind]:
    """Returns a type by its name, and the kind of its values."""
    name = str(getattr(node.this, "value", node.this)).upper()
    sizes = [int(part.name) for part in node.expressions if _SIZE.fullmatch(part.name)]
    if name == "DECIMAL" and len(sizes) == len(node.expressions) <= 2:
        precision, scale = [*sizes, *[10, 0][len(sizes) :]]
        if 0 <= scale <= precision <= 38 and precision > 0:
            return f"DECIMAL({precision},{scale})", decimal(precision, scale)
    if name in _TYPES and not node.expressions:
        return _TYPES[name]
    raise ExpressionRefused(
        f"the type {name}",
        "; write STRING, INT, BIGINT, DECIMAL(18,4), DOUBLE, DATE, TIMESTAMP or BOOLEAN",
    )


TYPE_NAMES = ("string", "int", "bigint", "decimal", "double", "date", "timestamp", "boolean")
_TYPES = {
    "TEXT": ("STRING", TEXT), "INT": ("INT", INT), "BIGINT": ("BIGINT", BIGINT),
    "DOUBLE": ("DOUBLE", DOUBLE), "DATE": ("DATE", DATE),
    "TIMESTAMP": ("TIMESTAMP", TIMESTAMP), "TIMESTAMPTZ": ("TIMESTAMP", TIMESTAMP),
    "BOOLEAN": ("BOOLEAN", BOOLEAN),
}  # fmt: skip
