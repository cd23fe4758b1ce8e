"""Text to exact decimals in plain Python; `spark_expressions` reads by the same rules (P6, P7).

A number is recognised by a pattern of ASCII characters before anything is cast, because
engines differ in what else they take for a number (`1e3`, full-width digits). Distinct texts
are parsed here and joined to the records; the Spark side is for columns with too many of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import cache

from sales_pipeline.config.feed import Feed
from sales_pipeline.config.files import WHITE_SPACE, Dialect, thousands_marks

DIGITS = 18
"""The digits of a column of numbers, with its decimals."""
SCALES = {"quantity": 3, "unit_price": 4, "amount": 4}
"""Column of numbers -> its decimals."""


@dataclass(frozen=True)
class NumberStyle:
    """The way in which a feed writes its numbers.

    Attributes:
        mark: The decimal mark, `.` or `,`.
        thousands: The mark between groups of three digits, or nothing. A space also stands
            for the no-break spaces, an apostrophe for the typographic one. The first group
            does not begin with a zero: `0,851` is no number, because it may mean less than one.
        symbols: Texts beside a number that are no part of it: before or after it, or between
            its sign and its digits, with or without white space. `-€5`, `€ -5` and `-5 €`
            are numbers, `5-` is none.
        is_rounded: True if a number with more decimals than its column is rounded half up.
    """

    mark: str = "."
    thousands: str = ""
    symbols: tuple[str, ...] = ()
    is_rounded: bool = False

    @classmethod
    def of(cls, feed: Feed) -> NumberStyle:
        """The style that a feed declares."""
        return cls.of_dialect(feed.csv, is_rounded=feed.rounding == "half_up")

    @classmethod
    def of_dialect(cls, dialect: Dialect, *, is_rounded: bool = False) -> NumberStyle:
        """The style of the files of a dialect."""
        return cls(dialect.decimal, dialect.thousands, dialect.symbols, is_rounded)

    @property
    def thousands_marks(self) -> str:
        """Every character that stands between thousands."""
        return thousands_marks(self.thousands)

    @property
    def bare_symbols(self) -> list[str]:
        """The symbols without white space, the longest first: one may begin like another."""
        bare = filter(None, (symbol.strip(WHITE_SPACE) for symbol in self.symbols))
        return sorted(bare, key=len, reverse=True)


@cache
def decimal_parser(
    style: NumberStyle, *, scale: int, precision: int = DIGITS
) -> Callable[[str], Decimal | None]:
    r"""Returns a function from a delivered text to its number, or to None if it is none.

    It agrees with `decimal_number` on every text.

    >>> parse = decimal_parser(NumberStyle(",", " ", ("€",)), scale=4)
    >>> parse("€ 1\u00a0234,50"), parse("1,23456")
    (Decimal('1234.5000'), None)
    """
    pattern = re.compile(_pattern(style, scale))
    marks = dict.fromkeys(map(ord, style.thousands_marks))
    digits, step = precision - scale, Decimal(1).scaleb(-scale)

    def parse(text: str) -> Decimal | None:
        number = pattern.fullmatch(text.strip(WHITE_SPACE))
        if number is None:
            return None
        sign, whole, decimals = number["sign"], number["whole"], number["decimals"] or ""
        if marks:
            whole = whole.translate(marks)
        if len(whole) > digits:
            return None
        if not style.is_rounded:
            return Decimal(f"{sign}{whole}.{decimals[:scale].ljust(scale, '0')}")
        exact = Decimal(f"{sign}{whole}.{decimals[: scale + 1] or '0'}")
        rounded = exact.quantize(step, rounding=ROUND_HALF_UP)
        return rounded if abs(rounded) < 10**digits else None

    return parse


def decimal_of(text: str, dialect: Dialect, *, scale: int) -> Decimal | None:
    """The number that a text holds, or None if it is none that fits the column.

    Args:
        text: The text as delivered.
        dialect: How the file writes numbers: its decimal mark, thousands mark and symbols.
        scale: Decimals of the column; further ones are never rounded in silence.

    >>> decimal_of("1.23456", Dialect(), scale=4) is None
    True
    """
    return decimal_parser(NumberStyle.of_dialect(dialect), scale=scale)(text)


def number_of(feed: Feed, column: str, text: str) -> Decimal | None:
    """The number that a text means in a column of a feed; None if it is none, or empty."""
    parse = decimal_parser(NumberStyle.of(feed), scale=SCALES[column])
    number = parse(text)
    if number is None and column == "quantity" and feed.missing_quantity is not None:
        return feed.missing_quantity if not text.strip(WHITE_SPACE) else None
    return number


def looks_grouped(mark: str) -> str:
    """Returns a pattern of numbers such as `5.280`, whose decimal mark may be one of thousands."""
    return f"^[^0-9]*[1-9][0-9]{{0,2}}[{mark}][0-9]{{3}}[^0-9]*$"


def _pattern(style: NumberStyle, scale: int) -> str:
    whole = "[0-9]+"
    if style.thousands:
        marks = re.escape(style.thousands_marks)
        whole = f"[0-9]+|[1-9][0-9]{{0,2}}(?:[{marks}][0-9]{{3}})+"
    more = "[0-9]+" if style.is_rounded else f"[0-9]{{1,{scale}}}0*"
    decimals = f"(?:[{style.mark}](?P<decimals>{more}))?"
    # Without symbols it matches nothing.
    symbols = "|".join(map(re.escape, style.bare_symbols)) or "(?!)"
    symbol, space = f"(?:{symbols})", f"[{WHITE_SPACE}]*"
    before = f"(?:{symbol}{space})*(?P<sign>[+-]?)(?:{space}(?:{symbol}{space})+)?"
    return f"{before}(?P<whole>{whole}){decimals}(?:{space}{symbol})*"


def product_of(unit_price: Decimal | None, quantity: Decimal | None) -> Decimal | None:
    """Unit price x quantity, rounded half up to 4 decimals; None if it has too many digits.

    >>> product_of(Decimal("0.3333"), Decimal("0.500"))
    Decimal('0.1667')
    """
    if unit_price is None or quantity is None:
        return None
    with localcontext(prec=60):
        amount = (unit_price * quantity).quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP)
    return amount if abs(amount) < 10**14 else None
