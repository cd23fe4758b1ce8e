"""Definitions of the figures of the page and the workbook; docs/figures.md has the formulas."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from sales_pipeline.config.model import Declaration
from sales_pipeline.report.figures import percent


@dataclass(frozen=True)
class Definition:
    """A term and its meaning."""

    term: str
    meaning: str


_MEANINGS = {
    "Revenue": "What was paid, less what was paid back, in the base currency at the rate of each "
    "sale's day. Each figure is exact to the end and rounded half up once, where it is shown. A "
    "total below lines is the sum of these lines as they are shown; so it may differ by some "
    "cents from the figure of the whole range, and from the total of other lines.",
    "Tax": "The amounts of some shops include tax, those of others do not. If figures add both, "
    "it is said beside them; if the tax was taken off, they are without tax.",
    "Units": "Units sold, less units that came back.",
    "Returns": "What was paid back for returned units. Revenue before returns is revenue less "
    "returns.",
    "Before, change": "The same month of the year before, in a calendar of weeks that of 52 weeks "
    "before; for several months their sum. If the period before is chosen: the month, quarter or "
    "year before, or as many months or days right before. A month that is not over, marked *, is "
    "compared with the same days of the year before, or with as many days of the month before. "
    "Change % is the change by the figure before, from exact figures.",
    "Constant currency": "For each currency, its revenue by its amount in the compared period, "
    "over all stores, is the rate; amounts of this period at these rates, less revenue before, "
    "are local growth. If a currency had no sales there, its average rate of those days is taken. "
    "Local growth and exchange rates add up to the change.",
    "Like for like": "A store is comparable if it was open on every day of both periods; new, "
    "closed or interrupted otherwise, as declared. A store without a declared first day counts as "
    "open from the month of its first sale on. The groups are rounded so that they add up to the "
    "revenue of the period as it is shown.",
    "Place, class": "Products or categories by the figure as it is shown, then by name. Class A "
    "makes up the first {a} of the whole, A and B together the first {b}.",
    "Volume, price, mix": "Gross sales at constant rates, over each store, product and currency: "
    "the change of units at the average price before; units of now at their price before, less "
    "units of now at the average price before (mix); and what other prices made of the units of "
    "now (price).",
    "Closed months": "The figures of a month as they stood when it was closed. What comes later "
    "for it counts, and restates it: each cause has its part, and the parts add up.",
    "Shares": "Shares of a whole are rounded so that they add up to 100.0%.",
}
"""Term -> its meaning, with the limits of the classes A and B to be filled in."""


def definitions(declaration: Declaration) -> tuple[Definition, ...]:
    """Returns the definitions in the order in which they are shown."""
    a, b = (percent(Fraction(share)) for share in (declaration.classes.a, declaration.classes.b))
    return tuple(Definition(term, text.format(a=a, b=b)) for term, text in _MEANINGS.items())
