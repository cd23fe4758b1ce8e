"""Text to exact decimals, the same on every engine (P6, P7).

A number is recognised by a pattern of ASCII characters before anything is cast, because
engines differ in what else they take for a number (`1e3`, full-width digits).
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

WHITE_SPACE = " \t\r\n\u00a0\u202f\u3000"
"""What is trimmed from delivered text: ASCII white space and the no-break and wide spaces."""


def trimmed(text: Column) -> Column:
    """The text without white space at its ends."""
    return F.btrim(text, F.lit(WHITE_SPACE))


def filled(text: Column) -> Column:
    """The trimmed text, or null where nothing is left of it."""
    return F.nullif(trimmed(text), F.lit(""))


def decimal_number(text: Column, *, mark: str, scale: int, precision: int = 18) -> Column:
    """A delivered number as DECIMAL(precision, scale), or null where it is none.

    Zeros beyond the scale are harmless; other digits there make it no number of this
    column, for it is never rounded in silence.

    Args:
        text: The text as delivered.
        mark: The decimal mark, `.` or `,`.
        scale: Decimals of the column.
        precision: Digits of the column.
    """
    digits = precision - scale
    pattern = f"^[+-]?[0-9]{{1,{digits}}}([{mark}][0-9]{{1,{scale}}}0*)?$"
    number = trimmed(text)
    plain = number if mark == "." else F.translate(number, mark, ".")
    return F.when(number.rlike(pattern), plain.try_cast(f"DECIMAL({precision},{scale})"))


def product_of(unit_price: Column, quantity: Column) -> Column:
    """Unit price x quantity, rounded half up to DECIMAL(18,4); null where it does not fit."""
    return F.round(unit_price * quantity, 4).try_cast("DECIMAL(18,4)")
