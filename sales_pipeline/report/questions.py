"""The four questions: how they are asked on the command line, and their titles."""

from __future__ import annotations

from enum import StrEnum


class Question(StrEnum):
    """One of the four questions that the sales answer."""

    GLOBAL = "global"
    STORES = "stores"
    VOLUME = "volume"
    VALUE = "value"

    def heading(self, period: str = "month") -> str:
        """Returns the question as a heading, such as `Global performance: revenue per month`."""
        return _HEADINGS[self].format(period=period)


_HEADINGS = {
    Question.GLOBAL: "Global performance: revenue per {period}",
    Question.STORES: "Store performance: revenue per {period} and store",
    Question.VOLUME: "Best sellers by volume",
    Question.VALUE: "Best sellers by value",
}
