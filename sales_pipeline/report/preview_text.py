"""How landing files would be understood, as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from rich.console import Group, RenderableType
from rich.text import Text

from sales_pipeline.bronze.landed import CORRECTION, NEW, REJECTED, REPEAT
from sales_pipeline.errors import MAX_EXAMPLES, counted
from sales_pipeline.printable import printable
from sales_pipeline.report.figures import grouped, money, without_end_zeros
from sales_pipeline.report.preview import Check, FilePreview, RecordPreview
from sales_pipeline.report.sentences import about_file, few_lines, warning_lines
from sales_pipeline.report.tables import cell, new_table, titled


def check_text(check: Check) -> RenderableType:
    """Returns a check as text; of a feed's files the first few, and those that need a look."""
    by_feed = {feed: [each for each in check.files if each.feed == feed] for feed in check.feeds}
    tables = [_table(feed, files) for feed, files in by_feed.items() if _records(files)]
    return Group(_heading(check), Text(), _files(check, by_feed), *tables, *_trouble(check))


def _heading(check: Check) -> Text:
    return Text(
        f"{printable(check.source)}: valid; {counted(len(check.feeds) - 1, 'feed')} of sales, "
        f"answers in {check.base_currency}"
    )


def _files(check: Check, by_feed: dict[str, list[FilePreview]]) -> Group:
    table = new_table()
    for header in ("Feed", "Pattern"):
        table.add_column(header)
    kinds = (NEW, CORRECTION, REPEAT, REJECTED)
    for kind in kinds:
        table.add_column(kind.capitalize(), justify="right")
    for feed, files in by_feed.items():
        counts = [sum(each.becomes == kind for each in files) for kind in kinds]
        table.add_row(cell(feed), cell(check.feeds[feed]), *(f"{count:,}" for count in counts))
    remark = f"The catalogue knows {counted(check.names, 'name')}."
    return titled("In the landing folder", table, remark=remark)


def _table(feed: str, files: Sequence[FilePreview]) -> Group:
    table = new_table()
    table.add_column("File", overflow="fold")
    table.add_column("Record", justify="right")
    for header in ("Day", "Product", "As delivered"):
        table.add_column(header)
    for header in ("Quantity", "Amount"):
        table.add_column(header, justify="right")
    table.add_column("Verdict")
    shown = _shown(files)
    for file in shown:
        for record in file.records:
            table.add_row(cell(file.path), str(record.row), *_understood(record))
    rest = len(files) - len(shown)
    remark = f"{counted(rest, 'more file')} alike; --json has all." if rest else ""
    return titled(f"{feed}: the first records as they are understood", table, remark=remark)


def _shown(files: Iterable[FilePreview]) -> list[FilePreview]:
    return [each for place, each in enumerate(files) if place < MAX_EXAMPLES or each.needs_a_look]


def _understood(record: RecordPreview) -> tuple[Text, ...]:
    quantity = record.quantity
    amount = record.amount
    style = "" if record.verdict == "fit" else "yellow"
    reasons = f": {', '.join(record.reasons)}" if record.reasons else ""
    return (
        cell(record.sold_on),
        cell(record.product),
        cell(record.source_product),
        cell(None if quantity is None else grouped(without_end_zeros(quantity))),
        cell(_money(amount, record.currency)),
        cell(f"{record.verdict}{reasons}", style=style),
    )


def _money(amount: Decimal | None, currency: str | None) -> str | None:
    if amount is None:
        return None
    return grouped(without_end_zeros(amount)) if currency is None else money(amount, currency)


def _records(files: Iterable[FilePreview]) -> bool:
    return any(each.records for each in files)


def _trouble(check: Check) -> list[Text]:
    rejected = [each for each in check.files if each.becomes == REJECTED]
    return [
        *_listed("Would be rejected", [about_file(each.path, each.reason) for each in rejected]),
        *_listed("Claimed by no feed", check.unclaimed),
        *_listed("Left", [about_file(each.path, each.reason) for each in check.left]),
        *warning_lines(check.warnings),
    ]


def _listed(heading: str, lines: Sequence[str]) -> list[Text]:
    if not lines:
        return []
    return [
        Text(f"{heading}: {counted(len(lines), 'file')}", style="bold red"),
        *few_lines(lines, indent="  "),
    ]
