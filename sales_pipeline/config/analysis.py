"""Declares comparison and closing: calendar, comparable stores, classes, closed months."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from typing import Annotated, Literal, get_args

from pydantic import Field

from sales_pipeline.config.problems import Mismatch, Plain
from sales_pipeline.config.values import Declared, Share

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Exact = Fraction | int
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)


class FiscalCalendar(Declared):
    """The fiscal year, and the weeks of a retail calendar."""

    first_month: Annotated[int, Field(ge=1, le=12)] = 1
    """The month in which the fiscal year starts. With `weeks`, the year starts on the first day of
    a week, as near as possible to the first of this month: `2` for the calendar of the National
    Retail Federation."""
    weeks: Literal["4-4-5", "4-5-4", "5-4-4"] | None = None
    """The weeks of the three months of a quarter, in a calendar of whole weeks. Some years have a
    53rd week; then the year before is restated, so that everything is compared with the days 52
    weeks before. Without it, months are those of the calendar and weeks are ISO weeks."""
    week_starts: Weekday | None = None
    """The first day of a week, only with `weeks`; the default is sunday."""
    compare_days: Literal["date", "weekday"] = "date"
    """What a day is compared with in the year before: the same date, or the same day of the week
    52 weeks before. With `weeks` it is always the latter."""

    @staticmethod
    def mismatches(calendar: Plain, /) -> list[Mismatch]:
        """Returns a mismatch if a week has a first day, but there are no weeks."""
        if calendar.get("week_starts") is None or calendar.get("weeks") is not None:
            return []
        do = "; add weeks such as 4-5-4, or leave it out: ISO weeks start on monday"
        return [Mismatch(("week_starts",), "only with weeks", do)]


class LikeForLike(Declared):
    """Which stores are comparable between two periods."""

    after_months: Annotated[int, Field(ge=0, le=120)] = 0
    """The number of months that a store has to have been open before a period to be comparable
    in it; in any case it was open in the whole of both periods."""


class Classes(Declared):
    """The classes of best sellers: A, B and C by cumulative share."""

    a: Share = Decimal("0.80")
    """The share of the whole that the products of class A make up."""
    b: Share = Decimal("0.95")
    """The share that those of classes A and B make up."""

    def of_ranked(self, figures: Sequence[Exact]) -> list[str]:
        """Returns the class of each product in an ABC analysis: A, B or C.

        It is A if the products before it have less than the share `a` of the whole, B if they
        have less than `b`, and else C. What sold nothing or less is C. Source: ABC analysis,
        after Pareto.

        Args:
            figures: The units or the revenue of each product, the best first.
        """
        whole, before = sum(figures), accumulate(figures, initial=0)
        return [self._class_of(figure, next(before), whole) for figure in figures]

    def _class_of(self, figure: Exact, before: Exact, whole: Exact) -> str:
        if figure <= 0 or whole <= 0:
            return "C"
        if _is_below(before, self.a, whole):
            return "A"
        return "B" if _is_below(before, self.b, whole) else "C"

    @staticmethod
    def mismatches(classes: Plain, /) -> list[Mismatch]:
        """Returns a mismatch if the share `b` is less than `a`."""
        a, b = classes.get("a"), classes.get("b")
        if not isinstance(a, Decimal) or not isinstance(b, Decimal) or a <= b:
            return []
        return [Mismatch(("b",), "less than a", "; write the share of classes A and B together")]


def _is_below(part: Exact, share: Decimal, whole: Exact) -> bool:
    """Returns whether a part is less than a share of the whole."""
    numerator, denominator = share.as_integer_ratio()
    return part * denominator < numerator * whole


class Closing(Declared):
    """When a month may be closed."""

    quarantined: Share = Decimal("0.01")
    """The share of a month's money that may wait in quarantine when the month is closed. With
    more, `close` refuses the month unless `--anyway` is given."""
