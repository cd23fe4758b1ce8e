"""Parses exact decimals as Spark columns, the same on every engine; plain side: `numbers`."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from sales_pipeline.config.files import WHITE_SPACE
from sales_pipeline.silver.parsing.numbers import DIGITS, NumberStyle
from sales_pipeline.silver.parsing.spark_expressions import trimmed


def decimal_number(text: Column, style: NumberStyle, *, scale: int) -> Column:
    """A delivered number as DECIMAL(18, scale), or null if it is none.

    Zeros beyond the scale are harmless; other digits there make it no number of this
    column, because it is never rounded in silence.

    Args:
        text: The text as delivered.
        style: How numbers are written.
        scale: Decimals of the column.
    """
    digits = DIGITS - scale
    number = _without_symbols(trimmed(text), style)
    fits = F.lit(True)
    if style.thousands:
        fits, number = number.rlike(_grouped(style)), _without_thousands(number, style)
    whole = f"[+-]?[0-9]{{1,{digits}}}"
    if style.is_rounded:
        fits = fits & number.rlike(f"^{whole}([{style.mark}][0-9]+)?$")
        value = _rounded(_with_point(number, style), whole, scale=scale)
    else:
        is_exact = number.rlike(f"^{whole}([{style.mark}][0-9]{{1,{scale}}}0*)?$")
        fits = fits & is_exact if style.thousands else is_exact
        value = _with_point(number, style)
    return F.when(fits, value.try_cast(f"DECIMAL({DIGITS},{scale})"))


def _with_point(number: Column, style: NumberStyle) -> Column:
    return number if style.mark == "." else F.translate(number, style.mark, ".")


def _rounded(plain: Column, whole: str, *, scale: int) -> Column:
    """A number rounded half up from one further decimal, which alone decides."""
    wider = F.regexp_extract(plain, f"^({whole}(?:[.][0-9]{{1,{scale + 1}}})?)", 1)
    return F.round(wider.try_cast(f"DECIMAL(38,{scale + 1})"), scale)


def _grouped(style: NumberStyle) -> str:
    """Digits with a mark between every three of them and no leading zero, or with no mark."""
    mark = f"[{_escaped(style.thousands_marks)}]"
    whole = f"(?:[0-9]+|[1-9][0-9]{{0,2}}(?:{mark}[0-9]{{3}})+)"
    return f"^[+-]?{whole}(?:[{style.mark}][0-9]+)?$"


def _without_thousands(number: Column, style: NumberStyle) -> Column:
    return F.translate(number, style.thousands_marks, "")


def _without_symbols(number: Column, style: NumberStyle) -> Column:
    """The sign and the digits of a number; the unchanged text if no symbols are declared."""
    bare = [symbol.strip(WHITE_SPACE) for symbol in style.symbols]
    # The longest first: one may begin like another.
    symbols = sorted(filter(None, bare), key=len, reverse=True)
    if not symbols:
        return number
    symbol, space = "|".join(map(_escaped, symbols)), f"[{WHITE_SPACE}]*"
    marks = _escaped(style.thousands_marks) + style.mark
    before = f"(?:(?:{symbol}){space})*([+-]?)(?:{space}(?:(?:{symbol}){space})+)?"
    after = f"(?:{space}(?:{symbol}))*"
    pattern = f"^{before}([0-9](?:[0-9{marks}]*[0-9])?){after}$"
    return F.concat(F.regexp_extract(number, pattern, 1), F.regexp_extract(number, pattern, 2))


def _escaped(text: str) -> str:
    r"""The text as a regular expression that matches exactly this text on every engine.

    >>> _escaped("R$ kr."), _escaped("[^\\]")
    ('R\\$ kr\\.', '\\[\\^\\\\\\]')
    """
    special = set("\\^$.|?*+()[]{}-&~#")
    return "".join(f"\\{character}" if character in special else character for character in text)


def product_of(unit_price: Column, quantity: Column) -> Column:
    """Unit price x quantity, rounded half up to DECIMAL(18,4); null if it does not fit."""
    return F.round(unit_price * quantity, 4).try_cast("DECIMAL(18,4)")
