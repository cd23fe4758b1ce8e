"""The look that all tables on a terminal share."""

from __future__ import annotations

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from sales_pipeline.printable import printable


def new_table() -> Table:
    """Returns an empty table; its columns are as wide as what they hold."""
    return Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)


def titled(title: str, table: Table, *, remark: str = "") -> Group:
    """Returns a table under a title, with a remark below it and an empty line after it.

    A table's own title would be broken where the table is narrow.
    """
    below = [Text(printable(remark), style="dim")] if remark else []
    return Group(Text(printable(title), style="bold"), table, *below, Text())


def cell(value: object, *, style: str = "") -> Text:
    """Returns a value as a cell of a table: printable, and without any markup read into it."""
    return Text("" if value is None else printable(str(value)), style=style)
