"""How files come into the landing folder: when one is complete, and which of two is later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from sales_pipeline.config.problems import Mismatch, Plain
from sales_pipeline.config.values import (
    DatePattern,
    Declared,
    Identifier,
    Text,
    raise_mismatches,
)


class Arrival(Declared):
    """How a file that is still being written is told from one that is complete."""

    by: Literal["write", "rename", "marker"] = "write"
    """How files are delivered: written under their own name; or written under another name and
    renamed once they are complete; or written, and followed by a marker file beside them."""
    settle_seconds: Annotated[int, Field(ge=0)] = 10
    """With `write`: for how many seconds a file must not have changed before a run takes it. It
    only counts where the operating system cannot say whether another process writes the file: on
    network mounts, on files of another user, and on systems other than Linux."""
    marker: Text = ".done"
    """With `marker`: the ending of the marker file. `sales.csv` is complete when `sales.csv.done`
    or `sales.done` lies beside it and is not older."""


class FileOrder(Declared):
    """Which of several files that are found together is the later one."""

    by: Literal["name", "time", "date", "column"] = "name"
    """The natural order of the names, in which `sales_2` is before `sales_10` and a copy, such as
    `sales (1)` or `sales - Copy`, is after its original; or the time at which the files changed
    last; or a date in their names; or the greatest value that a column has in their records."""
    date_format: DatePattern | None = None
    """With `date`: the pattern of the date in the names, such as ddMMyyyy."""
    column: Identifier | None = None
    """With `column`: one of the columns of the feed, such as the time of the export."""

    @model_validator(mode="after")
    def _parts_fit(self) -> FileOrder:
        raise_mismatches(self, _order_mismatches)
        return self

    @property
    def rule(self) -> str:
        """The rule, as a sentence about two files names it."""
        return {
            "name": "the order of their names",
            "time": "the times at which they changed last",
            "date": f"the dates in their names ({self.date_format})",
            "column": f"their column {self.column}",
        }[self.by]


def _order_mismatches(order: Plain) -> Iterator[Mismatch]:
    for key, by in (("date_format", "date"), ("column", "column")):
        is_given = order.get(key) is not None
        if order.get("by") == by and not is_given:
            yield Mismatch((key,), f"missing, and by: {by} needs it", "; write it", shows=False)
        if is_given and order.get("by") != by:
            yield Mismatch((key,), f"only used with by: {by}", "; take it out or declare that")
