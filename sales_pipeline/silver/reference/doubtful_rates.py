"""Finds rates that differ too much from their neighbours, so that a delivery is held (P8).

A rate that is upside down, for a hundred units or with its decimal mark elsewhere is a number
like any other; only the rates around it, and the one that it replaces, show the mistake.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from sales_pipeline.silver.reference.rate_quotes import Quote

_AROUND = timedelta(days=366)
"""Rates further apart are not compared: a currency may double in some years."""
_NEAR_INVERSE = Decimal("0.02")
_NEAR_MULTIPLE = Decimal("0.1")
_LEAST_TURN = Decimal("1.05")
"""A rate nearer to 1 than its inverse by less than this is not told from it."""
_MULTIPLES = {10: ("ten times", "a tenth"), 100: ("a hundred times", "a hundredth"),
              1000: ("a thousand times", "a thousandth")}  # fmt: skip


def relation(value: Decimal, other: Decimal, factor: Decimal) -> str | None:
    """Words for a doubtful difference between two rates; None if they are near each other.

    >>> relation(Decimal("0.005556"), Decimal(180), Decimal(2))
    'near the inverse of'
    >>> relation(Decimal("1.8"), Decimal(181), Decimal(2))
    'near a hundredth of'
    >>> relation(Decimal(450), Decimal(180), Decimal(2))
    '2.5 times'
    >>> relation(Decimal(200), Decimal(180), Decimal(2)) is None
    True
    """
    if value == other:
        return None
    is_more = value > other
    larger = value / other if is_more else other / value
    if larger > _LEAST_TURN and abs(value * other - 1) <= _NEAR_INVERSE:
        return "near the inverse of"
    for multiple, (times, part) in _MULTIPLES.items():
        if abs(larger / multiple - 1) <= _NEAR_MULTIPLE:
            return f"near {times}" if is_more else f"near {part} of"
    if larger <= factor:
        return None
    return f"{larger:,.1f} times" if is_more else f"{larger:,.1f} times less than"


@dataclass
class QuotedRates:
    """Quotes by currency and day; the latest delivery wins."""

    _quotes: dict[str, dict[date, Quote]] = field(default_factory=dict)
    _days: dict[str, list[date]] = field(default_factory=dict)

    def add(self, quotes: Iterable[Quote]) -> None:
        """Adds the quotes of a delivery."""
        for quote in quotes:
            of_currency = self._quotes.setdefault(quote.currency, {})
            current = of_currency.get(quote.day)
            if current is None:
                insort(self._days.setdefault(quote.currency, []), quote.day)
            if current is None or current.file_id <= quote.file_id:
                of_currency[quote.day] = quote

    def on(self, currency: str, day: date) -> Quote | None:
        """The quote of a currency on a day."""
        return self._quotes.get(currency, {}).get(day)

    def before(self, quote: Quote) -> Quote | None:
        """The last quote of the same currency on an earlier day, at most a year before."""
        return self._near(quote, bisect_left(self._days.get(quote.currency, []), quote.day) - 1)

    def after(self, quote: Quote) -> Quote | None:
        """The first quote of the same currency on a later day, at most a year after."""
        return self._near(quote, bisect_right(self._days.get(quote.currency, []), quote.day))

    def _near(self, quote: Quote, at: int) -> Quote | None:
        """The quote at a place among the days of the same currency, at most a year away."""
        days = self._days.get(quote.currency, [])
        if 0 <= at < len(days) and abs(days[at] - quote.day) <= _AROUND:
            return self._quotes[quote.currency][days[at]]
        return None


@dataclass(frozen=True)
class RateHistory:
    """Rates in force, to compare new deliveries with.

    Attributes:
        staying: Quotes that are in force and stay so.
        replaced: All quotes that are in force, also quotes that a new delivery corrects.
        factor: The most times that a rate may exceed, or fall below, the rates around it.
    """

    staying: Sequence[Quote]
    replaced: QuotedRates
    factor: Decimal

    def doubts(self, deliveries: Mapping[int, Sequence[Quote]]) -> dict[int, list[str]]:
        """Returns the file ids of doubtful deliveries -> their doubtful rates, in words.

        Each is compared with the rates that count before it. If the first of
        several is the mistake, all later ones differ from it, so the reverse order is tried too.
        """
        order = sorted(deliveries)
        forwards = self._walk(order, deliveries)
        if len(forwards) <= 1:
            return forwards
        backwards = self._walk(order[::-1], deliveries)
        return min(forwards, backwards, key=len)

    def _walk(
        self, order: Iterable[int], deliveries: Mapping[int, Sequence[Quote]]
    ) -> dict[int, list[str]]:
        known = QuotedRates()
        known.add(self.staying)
        doubtful = {}
        for file_id in order:
            quotes = deliveries[file_id]
            doubts = [*self._jumps(quotes, known), *self._replacements(quotes)]
            if doubts:
                doubtful[file_id] = doubts
            else:
                known.add(quotes)
        return doubtful

    def _jumps(self, quotes: Sequence[Quote], known: QuotedRates) -> Iterator[str]:
        """Rates that differ too much from the rate before or after them."""
        own = QuotedRates()
        own.add(quotes)
        for quote in sorted(quotes, key=lambda quote: (quote.currency, quote.day)):
            before = _nearest(quote, own.before(quote), known.before(quote))
            if before and (self._is_new(quote) or self._is_new(before)):
                yield from self._doubt(quote, before)
            after = _nearest(quote, own.after(quote), known.after(quote))
            # A difference from a later rate of this delivery is reported with that one.
            if after and after.file_id != quote.file_id and self._is_new(quote):
                yield from self._doubt(quote, after)

    def _is_new(self, quote: Quote) -> bool:
        replaced = self.replaced.on(quote.currency, quote.day)
        return replaced is None or replaced.value != quote.value

    def _doubt(self, quote: Quote, compared: Quote) -> Iterator[str]:
        if phrase := relation(quote.value, compared.value, self.factor):
            yield f"{_named(quote)}, {phrase} {compared.value:f} on {compared.day}"

    def _replacements(self, quotes: Sequence[Quote]) -> Iterator[str]:
        """One rate of each currency whose rates mostly differ too much from those they replace."""
        by_currency: dict[str, list[tuple[Quote, Quote]]] = {}
        for quote in quotes:
            if replaced := self.replaced.on(quote.currency, quote.day):
                by_currency.setdefault(quote.currency, []).append((quote, replaced))
        for pairs in by_currency.values():
            changed = [
                f"{_named(quote)}, {phrase} {replaced.value:f}, which it would replace"
                for quote, replaced in pairs
                if (phrase := relation(quote.value, replaced.value, self.factor))
            ]
            if len(changed) * 2 > len(pairs):
                yield changed[0]


def _named(quote: Quote) -> str:
    return f"{quote.currency} is {quote.value:f} on {quote.day} (record {quote.row})"


def _nearest(quote: Quote, *others: Quote | None) -> Quote | None:
    """The nearest of some quotes; of one day, the first."""
    present = [candidate for candidate in others if candidate is not None]
    return min(present, key=lambda near: abs(near.day - quote.day), default=None)
