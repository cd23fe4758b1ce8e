"""Spark expressions that parse delivered texts, the same on every engine.

`days` and `numbers` parse by the same rules in plain Python.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from sales_pipeline.config.dates import DateLayout, parse_date_pattern
from sales_pipeline.config.files import WHITE_SPACE
from sales_pipeline.silver.parsing.numbers import DIGITS, NumberStyle
from sales_pipeline.visible_text import INVISIBLE

GIVEN = "_given_"
"""How the column of a text as delivered begins, where another has its value."""
_WITH_LETTERS = ("0B", "0E", "0F", "1A", "1B", "1C", "1D", "1E", "1F")
"""The control characters that JSON writes as `\\u00XX` with a letter in it."""
_PAIR = "\\\\"
_NO_PAIR = "\x01"
"""Stands for a pair of backslashes: JSON has no control character but in such an escape."""


def trimmed(text: Column) -> Column:
    """The text without white space at its ends."""
    return F.btrim(text, F.lit(WHITE_SPACE))


def filled(text: Column) -> Column:
    """The trimmed text, or null if nothing is left of it."""
    return F.nullif(trimmed(text), F.lit(""))


def visible(text: Column) -> Column:
    """The trimmed text without zero-width characters, direction marks and byte order marks."""
    is_ascii = F.octet_length(text) == F.char_length(text)
    return F.when(is_ascii, trimmed(text)).otherwise(trimmed(F.translate(text, INVISIBLE, "")))


def is_blank(text: Column) -> Column:
    """A condition: there is no text, or only white space."""
    return text.isNull() | (trimmed(text) == F.lit(""))


def any_of(conditions: Iterable[Column]) -> Column:
    """A condition: at least one of some conditions holds; false without any.

    It is built as a balanced tree, because engines recurse into predicates.
    """
    remaining = list(conditions)
    if not remaining:
        return F.lit(False)
    if len(remaining) == 1:
        return remaining[0]
    half = len(remaining) // 2
    return any_of(remaining[:half]) | any_of(remaining[half:])


def none_missing(columns: Sequence[Column]) -> Column:
    """A condition: none of some columns is null."""
    return ~any_of(column.isNull() for column in columns)


def as_json(value: Column) -> Column:
    r"""A struct as JSON, with its fields in their order and without fields that are NULL.

    Engines agree on it except for one detail: whether the digits of a control character are
    `\u001B` or `\u001b`. Here they are small, as in bronze, without touching a text that
    spells such an escape out, which has a pair of backslashes: `\\u001B`.
    """
    text = _replaced(F.to_json(value), _PAIR, _NO_PAIR)
    text = reduce(lambda so_far, code: _replaced(so_far, rf"\u00{code}", rf"\u00{code.lower()}"),
                  _WITH_LETTERS, text)  # fmt: skip
    return _replaced(text, _NO_PAIR, _PAIR)


def _replaced(text: Column, old: str, new: str) -> Column:
    return F.replace(text, F.lit(old), F.lit(new))


def calendar_day(text: Column, patterns: Sequence[str]) -> Column:
    """The day that a text names in the first pattern that fits, or null.

    Args:
        text: The text as delivered.
        patterns: Date patterns such as `dd/MM/yyyy`, tried in order.
    """
    days = [_day(trimmed(text), parse_date_pattern(pattern)) for pattern in patterns]
    return F.coalesce(*days) if len(days) > 1 else days[0]


def _day(text: Column, layout: DateLayout) -> Column:
    if layout.fixed is not None:
        year, month, day = (
            F.substr(text, F.lit(start), F.lit(length))
            for start, length in zip(layout.fixed, (4, 2, 2), strict=True)
        )
    else:
        year, month, day = (
            F.regexp_extract(text, layout.regex, group)
            for group in (layout.year_group, layout.month_group, layout.day_group)
        )
        month, day = F.lpad(month, 2, "0"), F.lpad(day, 2, "0")
    iso = F.concat(year, F.lit("-"), month, F.lit("-"), day)
    is_day = text.rlike(layout.regex) & (year != F.lit("0000"))
    return F.when(is_day, iso.try_cast("DATE"))


def is_in_range(day: Column, earliest: date, latest: date | Column) -> Column:
    """A condition: a day lies in the range that a sale can have."""
    last = latest if isinstance(latest, Column) else day_literal(latest)
    return day.between(day_literal(earliest), last)


def day_literal(day: date) -> Column:
    """A day as a literal that does not depend on the time zone of the session."""
    return F.lit(day.isoformat()).cast("DATE")


def step_on(steps: Column, day: Column, *, since: str = "since") -> Column:
    """The last of some steps, in order of their first days, that holds on a day; null before."""
    begun = F.filter(steps, lambda step: step[since] <= day)
    return F.try_element_at(begun, F.lit(-1))


def month_of(day: Column) -> Column:
    """The first day of a day's month, also in the years that a timestamp cannot hold."""
    return F.make_date(F.year(day), F.month(day), F.lit(1))


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
        fits = number.rlike(_grouped(style))
        number = F.translate(number, style.thousands_marks, "")
    whole = f"[+-]?[0-9]{{1,{digits}}}"
    value = number if style.mark == "." else F.translate(number, style.mark, ".")
    if style.is_rounded:
        fits = fits & number.rlike(f"^{whole}([{style.mark}][0-9]+)?$")
        value = _rounded(value, whole, scale=scale)
    else:
        is_exact = number.rlike(f"^{whole}([{style.mark}][0-9]{{1,{scale}}}0*)?$")
        fits = fits & is_exact if style.thousands else is_exact
    return F.when(fits, value.try_cast(f"DECIMAL({DIGITS},{scale})"))


def _rounded(plain: Column, whole: str, *, scale: int) -> Column:
    """A number rounded half up from one further decimal, which alone decides."""
    wider = F.regexp_extract(plain, f"^({whole}(?:[.][0-9]{{1,{scale + 1}}})?)", 1)
    return F.round(wider.try_cast(f"DECIMAL(38,{scale + 1})"), scale)


def _grouped(style: NumberStyle) -> str:
    """Digits with a mark between every three of them and no leading zero, or with no mark."""
    mark = f"[{_escaped(style.thousands_marks)}]"
    whole = f"(?:[0-9]+|[1-9][0-9]{{0,2}}(?:{mark}[0-9]{{3}})+)"
    return f"^[+-]?{whole}(?:[{style.mark}][0-9]+)?$"


def _without_symbols(number: Column, style: NumberStyle) -> Column:
    """The sign and the digits of a number; the unchanged text if no symbols are declared."""
    if not style.bare_symbols:
        return number
    symbol, space = "|".join(map(_escaped, style.bare_symbols)), f"[{WHITE_SPACE}]*"
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
