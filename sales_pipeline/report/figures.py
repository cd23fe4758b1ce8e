"""Figures as people read them: thousands separated, decimals as they are."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from sales_pipeline.config.currencies import MINOR_UNITS
from sales_pipeline.exact import EXACT, half_up

_BAR_WIDTH = 20
_STEP = 1000
_SIZES = ("B", "kB", "MB", "GB", "TB")


def grouped(figure: Decimal | int) -> str:
    """Returns a figure with its thousands separated.

    >>> grouped(Decimal("1234567.50"))
    '1,234,567.50'
    """
    return f"{figure:,}" if isinstance(figure, int) else f"{figure:,f}"


def money(amount: Decimal, currency: str) -> str:
    """Returns an amount with its currency, rounded half up to the currency's minor unit.

    >>> money(Decimal("1234.5650"), "EUR"), money(Decimal("1200"), "JPY")
    ('1,234.57 EUR', '1,200 JPY')
    """
    return f"{grouped(rounded(amount, currency))} {currency}"


def rounded(amount: Decimal, currency: str) -> Decimal:
    """Returns an amount rounded half up to the minor unit of its currency."""
    minor_unit = Decimal(1).scaleb(-MINOR_UNITS.get(currency, 2))
    return amount.quantize(minor_unit, context=EXACT)


def without_end_zeros(figure: Decimal) -> Decimal:
    """Returns a quantity without the zeros after its last decimal.

    >>> without_end_zeros(Decimal("1200.000")), without_end_zeros(Decimal("0.250"))
    (Decimal('1200'), Decimal('0.25'))
    """
    text = f"{figure:f}"
    return Decimal(text.rstrip("0").rstrip(".") or "0") if "." in text else Decimal(text)


def quantity(figure: Decimal) -> str:
    """Returns a quantity with its thousands separated, without zeros after its last decimal.

    >>> quantity(Decimal("1200.500"))
    '1,200.5'
    """
    return grouped(without_end_zeros(figure))


def percent(ratio: Fraction | None, *, sign: bool = False) -> str:
    """Returns a ratio as a percentage with one decimal, rounded half up; nothing for None.

    >>> percent(Fraction(1, 8)), percent(Fraction(-1, 3), sign=True), percent(None)
    ('12.5%', '-33.3%', '')
    """
    if ratio is None:
        return ""
    return f"{half_up(ratio * 100, 1):{'+' if sign else ''},f}%"


def signed(amount: Decimal) -> str:
    """Returns an amount with its sign and its thousands separated.

    >>> signed(Decimal("1234.50"))
    '+1,234.50'
    """
    return f"{amount:+,f}"


def month_text(month: date) -> str:
    """Returns a month as it is written everywhere.

    >>> month_text(date(2025, 1, 1))
    '2025-01'
    """
    return f"{month:%Y-%m}"


def moment(when: datetime) -> str:
    """Returns a moment to the minute; every moment is in UTC.

    >>> moment(datetime(2025, 1, 31, 6, 5))
    '2025-01-31 06:05'
    """
    return f"{when:%Y-%m-%d %H:%M}"


def size(count: float) -> str:
    """Returns a number of bytes in the unit that suits it.

    >>> size(950), size(4_200_000)
    ('950 B', '4.2 MB')
    """
    place = 0
    while count >= _STEP and place < len(_SIZES) - 1:
        count, place = count / _STEP, place + 1
    return f"{count:.0f} B" if place == 0 else f"{count:.1f} {_SIZES[place]}"


def share_bar(share: Decimal) -> str:
    """Returns a bar for a share between 0 and 1.

    >>> share_bar(Decimal("0.25"))
    '█████'
    """
    return "█" * round(share * _BAR_WIDTH)
