"""The look that all tables and lists on a terminal share; what they hold is made printable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sales_pipeline.errors import MAX_EXAMPLES, counted
from sales_pipeline.printable import printable
from sales_pipeline.report.figures import money

if TYPE_CHECKING:
    from sales_pipeline.silver.feed_warnings import FeedWarning
    from sales_pipeline.silver.validation.reasons import Unusable

TROUBLE = "bold red"
"""The style of what went wrong."""
WORTH_A_LOOK = "yellow"
"""The style of what a person may want to look at."""


def new_table(*columns: str, right: Iterable[str] = (), fold: Iterable[str] = ()) -> Table:
    """Returns an empty table, whose columns are as wide as what they hold.

    Args:
        columns: The headers; two may be equal.
        right: Headers of columns of figures; one without room goes on in the next line, uncut.
        fold: Headers of columns whose long values go on in the next line.
    """
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    figures, folded = set(right), set(fold)
    for header in columns:
        table.add_column(
            header,
            justify="right" if header in figures else "left",
            overflow="fold" if header in folded | figures else "ellipsis",
        )
    return table


def titled(title: str, table: RenderableType, *, remark: str = "") -> Group:
    """Returns a table under a title, with the lines of a remark below it and an empty line.

    A table's own title would be broken where the table is narrow.
    """
    below = [Text(printable(line), style="dim") for line in remark.splitlines()]
    return Group(Text(printable(title), style="bold"), table, *below, Text())


def cell(value: object, *, style: str = "") -> Text:
    """Returns a value as a cell of a table: printable, and without any markup read into it."""
    return Text("" if value is None else printable(str(value)), style=style)


def listed(heading: str, lines: Sequence[str], *, style: str = "", indent: str = "") -> list[Text]:
    """Returns a heading and below it the first few lines; nothing if there is no line."""
    if not lines:
        return []
    return [Text(f"{indent}{heading}", style=style), *few_lines(lines, indent=f"{indent}  ")]


def listed_files(what: str, lines: Sequence[str], *, style: str = "") -> list[Text]:
    """Returns a `listed` list with the number of files in its heading: `2 files rejected`."""
    return listed(f"{counted(len(lines), 'file')} {what}", lines, style=style)


def few_lines(lines: Sequence[str], *, indent: str) -> list[Text]:
    """Returns the first few lines, printable, and how many more there are."""
    hidden = len(lines) - MAX_EXAMPLES
    more = [Text(f"{indent}and {hidden:,} more")] if hidden > 0 else []
    return [*(Text(f"{indent}{printable(line)}") for line in lines[:MAX_EXAMPLES]), *more]


def about_file(path: str, reason: str | None) -> str:
    """Returns a sentence on a file, which names it once.

    >>> about_file("paris/a.csv", "landing/paris/a.csv: zero bytes")
    'landing/paris/a.csv: zero bytes'
    >>> about_file("paris/a.csv", "the same bytes as b.csv")
    'paris/a.csv: the same bytes as b.csv'
    """
    if not reason:
        return path
    return reason if path in reason.partition(": ")[0] else f"{path}: {reason}"


def unusable_lines(path: str, unusable: Sequence[Unusable]) -> list[Text]:
    """Returns the quarantined records of a file by reason, and what to declare to read them."""
    if not unusable:
        return []
    lines = [Text(f"Quarantined of {printable(path)}", style=WORTH_A_LOOK)]
    for group in unusable:
        text = f"{group.reason} in {group.records:,}, such as {group.example}"
        lines.append(Text(f"  {printable(text)}"))
        lines += [Text(f"    declared {printable(option)}") for option in group.options]
    return lines


def warning_lines(warnings: Iterable[FeedWarning]) -> list[Text]:
    """Returns the warnings about feeds, a line each; their number is bounded already."""
    lines = (f"{warning.feed}: {warning.sentence}" for warning in warnings)
    return [Text(printable(line), style=WORTH_A_LOOK) for line in lines]


def money_lines(amounts: Mapping[str, Decimal]) -> str:
    """Returns the amount of each currency, a line each."""
    lines = (money(amount, currency) for currency, amount in sorted(amounts.items()))
    return "\n".join(map(printable, lines))
