"""The four questions: how they are asked on the command line, and their titles."""

from __future__ import annotations

from enum import StrEnum


class Question(StrEnum):
    """One of the four questions that the sales answer."""

    GLOBAL = "global"
    STORES = "stores"
    VOLUME = "volume"
    VALUE = "value"

    @property
    def heading(self) -> str:
        """The question as a heading."""
        return _HEADINGS[self]


_HEADINGS = {
    Question.GLOBAL: "Global performance: revenue per month",
    Question.STORES: "Store performance: revenue per month and store",
    Question.VOLUME: "Best sellers by volume",
    Question.VALUE: "Best sellers by value",
}
