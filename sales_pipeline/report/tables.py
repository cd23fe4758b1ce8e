"""The look that all tables on a terminal share."""

from __future__ import annotations

from rich import box
from rich.table import Table
from rich.text import Text

from sales_pipeline.report.plain_text import printable


def table_of(title: str) -> Table:
    """Returns an empty table under a title; its columns are as wide as what they hold."""
    return Table(
        title=Text(printable(title), style="bold"),
        title_justify="left",
        caption_justify="left",
        caption_style="dim",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
    )


def cell(value: object, *, style: str = "") -> Text:
    """Returns a value as a cell of a table: printable, and without any markup read into it."""
    return Text("" if value is None else printable(str(value)), style=style)
