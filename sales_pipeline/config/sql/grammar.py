"""The types of declared SQL, and what a message says of constructs that are no part of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sales_pipeline.config.sql.kinds import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INT,
    TEXT,
    TIMESTAMP,
    Kind,
    decimal,
)
from sales_pipeline.config.sql.parsing import ExpressionRefused

if TYPE_CHECKING:
    from sqlglot import exp

ONE_RECORD = "; write an expression of the record's own columns"
CONSTRUCTS = {
    "Array": "array(…)[…]", "Alias": "a name after an expression (AS)",
    "Star": "*", "Interval": "INTERVAL",
    "Escape": "LIKE … ESCAPE", "Placeholder": "a parameter", "Parameter": "a parameter",
    "Select": "SELECT", "Lambda": "a lambda", "Distinct": "DISTINCT", "Dot": "a name with dots",
    "Tuple": "a list in round brackets", "JSONExtract": "->", "Slice": "[from:to]",
}  # fmt: skip
WRITE_INSTEAD = {
    "Array": "; write get(array(…), 0) for an element of array(…)",
    "Interval": "; write date_add(…, 1) or add_months(…, 1)",
    "Alias": "; write one expression, without a name",
    "Escape": "; write LIKE without it, or contains(…, …)",
}


def type_of(node: exp.DataType) -> tuple[str, Kind]:
    """Returns a type by its name, and the kind of its values."""
    name = str(getattr(node.this, "value", node.this)).upper()
    sizes = [int(part.name) for part in node.expressions if part.name.isdigit()]
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
