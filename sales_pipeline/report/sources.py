"""The sources of a part of a change, such as products or files, rounded to add up to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from sales_pipeline.analysis.parts import adding_up
from sales_pipeline.report.document import Exact


@dataclass(frozen=True)
class Source:
    """A product, store or currency, and its part of a cause."""

    name: str
    change: Exact


def largest_sources(
    sources: Mapping[str, Fraction], change: Decimal, minor_units: int
) -> tuple[Source, ...]:
    """Returns the sources of a part, rounded so that they add up to it, the largest first.

    Args:
        sources: The name of each, and its exact part.
        change: The part as it is shown.
        minor_units: The decimals that are shown.
    """
    named = {name: part for name, part in sources.items() if part and name}
    order = sorted(named.items(), key=lambda item: (-abs(item[1]), item[0]))
    shown = adding_up([part for _, part in order], change, minor_units) if order else []
    return tuple(Source(name, part) for (name, _), part in zip(order, shown, strict=True) if part)
