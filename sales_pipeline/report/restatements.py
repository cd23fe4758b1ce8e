"""Changes of revenue, divided into parts and sources that add up as they are shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import groupby

from sales_pipeline.analysis.adjustments import Adjustment
from sales_pipeline.analysis.parts import adding_up
from sales_pipeline.exact import half_up
from sales_pipeline.report.document import Exact, Month

Revenues = Mapping[date, tuple[Fraction, Fraction]]
"""Month -> its revenue before, or as it was closed, and now; unrounded."""
RULE = (
    "Each amount that came or left counts at the rate of the later run; what the records of "
    "before come to at other rates is the part of the rates."
)


@dataclass(frozen=True)
class Source:
    """A product, store or currency, and its part of a cause."""

    name: str
    change: Exact


def largest_sources(
    sources: Mapping[str, Fraction], change: Decimal, minor_units: int
) -> tuple[Source, ...]:
    """Returns the sources of a part, rounded to add up to it as it is shown, the largest first."""
    named = {name: part for name, part in sources.items() if part and name}
    order = sorted(named.items(), key=lambda item: (-abs(item[1]), item[0]))
    shown = adding_up([part for _, part in order], change, minor_units) if order else []
    return tuple(Source(name, part) for (name, _), part in zip(order, shown, strict=True) if part)


@dataclass(frozen=True)
class Restatement:
    """A part of the change of a month.

    Attributes:
        reason: Why, such as `late files`.
        change: The part, rounded so that the parts of a month add up to its change.
        largest: The files or currencies with the largest parts of it, the largest first.
    """

    reason: str
    change: Exact
    largest: tuple[Source, ...]


@dataclass(frozen=True)
class RestatedMonth:
    """A month whose revenue or parts of it differ.

    Attributes:
        month: The month.
        revenue_before: Its revenue at the earlier run, rounded half up.
        revenue: Its revenue at the later run, rounded half up.
        change: The difference of both as they are shown.
        reasons: What the change is made of.
    """

    month: Month
    revenue_before: Exact
    revenue: Exact
    change: Exact
    reasons: tuple[Restatement, ...]


@dataclass(frozen=True)
class Rounding:
    """Rounds the parts of months so that they add up as they are shown.

    Attributes:
        minor_units: The decimals of a shown revenue.
        largest: How many sources of each reason are told; all if None.
    """

    minor_units: int
    largest: int | None = None

    def months(self, revenues: Revenues, parts: Iterable[Adjustment]) -> Iterator[RestatedMonth]:
        """Yields the months whose parts differ, from their revenues."""
        by_month: dict[date, list[Adjustment]] = {}
        for part in parts:
            by_month.setdefault(part.month, []).append(part)
        for month, (before, now) in revenues.items():
            shown_before, shown = self._shown(before), self._shown(now)
            change = shown - shown_before
            reasons = self._reasons(by_month.get(month, []), change)
            if reasons:
                yield RestatedMonth(month, shown_before, shown, change, tuple(reasons))

    def _reasons(self, parts: Sequence[Adjustment], change: Decimal) -> list[Restatement]:
        by_reason = {
            reason: list(own) for reason, own in groupby(parts, key=lambda part: part.reason)
        }
        exact = [sum((part.part for part in own), Fraction(0)) for own in by_reason.values()]
        if not exact:
            return []
        shown = adding_up(exact, change, self.minor_units)
        return [
            Restatement(str(reason), figure, self._largest(own, figure))
            for (reason, own), figure in zip(by_reason.items(), shown, strict=True)
        ]

    def _largest(self, parts: Sequence[Adjustment], change: Decimal) -> tuple[Source, ...]:
        sources = {part.source: part.part for part in parts}
        return largest_sources(sources, change, self.minor_units)[: self.largest]

    def _shown(self, figure: Fraction) -> Decimal:
        return half_up(figure, self.minor_units)
