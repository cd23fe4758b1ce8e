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


def restated_months(
    revenues: Revenues, parts: Iterable[Adjustment], minor_units: int, *, largest: int | None = None
) -> Iterator[RestatedMonth]:
    """Yields the months whose parts differ, rounded so that the parts add up as they are shown.

    Args:
        revenues: The months.
        parts: The adjustments of these months.
        minor_units: The decimals of a shown revenue.
        largest: How many sources of each reason are told; all if None.
    """
    by_month: dict[date, list[Adjustment]] = {}
    for part in parts:
        by_month.setdefault(part.month, []).append(part)
    for month, both in revenues.items():
        if own := by_month.get(month):
            before, now = (half_up(revenue, minor_units) for revenue in both)
            reasons = tuple(_reasons(own, now - before, minor_units, largest))
            yield RestatedMonth(month, before, now, now - before, reasons)


def _reasons(
    parts: Sequence[Adjustment], change: Decimal, minor_units: int, largest: int | None
) -> Iterator[Restatement]:
    groups = groupby(parts, key=lambda part: part.reason)
    by_reason = {reason: {part.source: part.part for part in own} for reason, own in groups}
    exact = [sum(sources.values(), Fraction(0)) for sources in by_reason.values()]
    shown = adding_up(exact, change, minor_units)
    for (reason, sources), figure in zip(by_reason.items(), shown, strict=True):
        most = largest_sources(sources, figure, minor_units)[:largest]
        yield Restatement(str(reason), figure, most)
