"""A checked declaration, and how it understands the landing files.

As data, as text and as JSON; `first_records` reads and judges them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from sales_pipeline.bronze.claiming import CORRECTION, HELD, NEW, REJECTED, REPEAT
from sales_pipeline.errors import MAX_EXAMPLES, counted
from sales_pipeline.lakehouse.tables import NOT_SALES
from sales_pipeline.printable import printable
from sales_pipeline.report.document import Exact, View, json_object, read_from
from sales_pipeline.report.figures import money, quantity
from sales_pipeline.report.layout import (
    TROUBLE,
    WORTH_A_LOOK,
    about_file,
    cell,
    listed,
    new_table,
    titled,
    unusable_lines,
    warning_lines,
)
from sales_pipeline.report.tax_basis import TaxBasis, basis_lines
from sales_pipeline.run_report import FileNote
from sales_pipeline.silver.feed_warnings import FeedWarning
from sales_pipeline.silver.repeated_keys import KeyCount
from sales_pipeline.silver.validation.reasons import Unusable

_TROUBLE = (REJECTED, HELD)


@dataclass(frozen=True)
class RecordPreview:
    """One record as it would be understood; a figure that cannot be read is None.

    Attributes:
        row: Its number in the file, from 1.
        verdict: `fit`, `quarantined` or `excluded`.
        reasons: The codes of all reasons for which it would be quarantined.
        sold_on: The day.
        product: The product in the language of the declaration.
        source_product: The product as delivered.
        quantity: Units.
        amount: What was paid.
        currency: Its currency; None if nothing says which.
    """

    row: int
    verdict: str
    reasons: tuple[str, ...]
    sold_on: date | None
    product: str | None
    source_product: str | None
    quantity: Exact | None
    amount: Exact | None
    currency: str | None


@dataclass(frozen=True)
class FilePreview:
    """One landing file.

    Attributes:
        path: Its path below the landing folder.
        feed: Its feed.
        becomes: What the next run would make of it; see `planned_files.PlannedFile`.
        reason: Why, if it is a repeat, or would be held or rejected.
        judged: How many of its records were judged.
        records: The first records of a file of sales.
        unusable: All records that would be quarantined, by reason, the commonest first.
        key: How well the key of a file of sales tells them apart; None without a key.
    """

    path: str
    feed: str
    becomes: str
    reason: str | None
    judged: int | None = None
    records: tuple[RecordPreview, ...] = ()
    unusable: tuple[Unusable, ...] = ()
    key: KeyCount | None = None

    @property
    def needs_a_look(self) -> bool:
        """Says whether a run would reject it or not count one of its records."""
        is_trouble = self.becomes in _TROUBLE or self.unusable
        return bool(is_trouble) or any(record.verdict != "fit" for record in self.records)


@dataclass(frozen=True)
class Check:
    """A declaration that is valid, and how it understands what lies in the landing folder.

    Attributes:
        source: Where the declaration comes from.
        feeds: Feed -> its landing pattern, the catalogue first.
        keys: Feed of sales -> its key columns.
        base_currency: The currency of the answers.
        files: The files that a feed claims.
        names: Number of product names that the catalogue and its files here know.
        unclaimed: Files that no feed claims.
        left: Files that a run leaves: not readable, still being written, or no regular files;
            each with why.
        warnings: Warnings about values that look suspicious.
        rows: How many records of each file of sales were judged, from its first; None for all.
        missing_landing: The landing folder, if it is not there.
        tax: What the figures of a run would be with regard to tax.
    """

    source: str
    feeds: dict[str, str]
    keys: dict[str, tuple[str, ...]]
    base_currency: str
    files: tuple[FilePreview, ...]
    names: int
    unclaimed: tuple[str, ...]
    left: tuple[FileNote, ...] = ()
    warnings: tuple[FeedWarning, ...] = ()
    rows: int | None = None
    missing_landing: str | None = None
    tax: TaxBasis = field(default_factory=TaxBasis)

    @property
    def exit_code(self) -> int:
        """0, or 1 if a file would be rejected or held."""
        return 1 if any(file.becomes in _TROUBLE for file in self.files) else 0


class _Check(View):
    declaration: str = read_from("source")
    base_currency: str
    exit_code: int
    feeds: dict[str, str]
    keys: dict[str, list[str]]
    names: int
    files: list[FilePreview]
    unclaimed: list[str]
    left: list[FileNote]
    warnings: list[FeedWarning]
    missing_landing: str | None
    tax: TaxBasis


def check_document(check: Check) -> dict[str, Any]:
    """Returns a check, ready for JSON; figures are text."""
    return json_object(_Check, check)


def check_text(check: Check) -> RenderableType:
    """Returns a check as text: of each feed the first few files and the files that need a look."""
    by_feed = {feed: [file for file in check.files if file.feed == feed] for feed in check.feeds}
    tables = [
        _table(feed, files)
        for feed, files in by_feed.items()
        if any(file.records for file in files)
    ]
    sales = [feed for feed in check.feeds if feed not in NOT_SALES]
    heading = (
        f"{printable(check.source)}: valid; {counted(len(sales), 'feed')} of sales, "
        f"answers in {check.base_currency}"
    )
    keys = [line for feed in check.keys for line in _key_lines(feed, check.keys[feed], by_feed)]
    lines = [*listed("Keys", keys), *_trouble(check)]
    return Group(
        Text(heading), *basis_lines(check.tax), Text(), _files(check, by_feed), *tables, *lines
    )


def _key_lines(
    feed: str, key: Sequence[str], by_feed: Mapping[str, Sequence[FilePreview]]
) -> Iterator[str]:
    """Yields a line for all files in which a key tells sales apart, and one for each other file."""
    counts = [(file.path, file.key) for file in by_feed[feed] if file.key]
    alike = [count.records for _, count in counts if count.records == count.keys]
    name = f"{feed}: {', '.join(key)}"
    if alike:
        records, files = counted(sum(alike), "record"), counted(len(alike), "file")
        yield f"{name} tells all sales apart in {files} ({records})"
    for path, count in counts:
        if count.records > count.keys:
            values = f"{name} has {counted(count.keys, 'value')} in "
            yield f"{values}{counted(count.records, 'record')} of {path}; {_repeats(count)}"


def _repeats(count: KeyCount) -> str:
    """The records that share a key, and the columns that would tell them apart."""
    if not count.differing:
        return "records of one value are equal"
    not_counted = f"{counted(count.differing, 'sale')} would be displaced by another one"
    if count.unique_with is None:
        return f"{not_counted}; the file is too large to look for a column that tells them apart"
    if not count.unique_with:
        return f"{not_counted}; no other column alone tells them apart"
    headers = " or ".join(map(repr, count.unique_with))
    return f"{not_counted}; {headers} in the key would tell them apart"


def _files(check: Check, by_feed: dict[str, list[FilePreview]]) -> Group:
    kinds = (NEW, CORRECTION, REPEAT, HELD, REJECTED)
    headers = [kind.capitalize() for kind in kinds]
    table = new_table("Feed", "Pattern", *headers, right=headers)
    for feed, files in by_feed.items():
        counts = [sum(file.becomes == kind for file in files) for kind in kinds]
        table.add_row(cell(feed), cell(check.feeds[feed]), *(f"{count:,}" for count in counts))
    remark = f"The catalogue knows {counted(check.names, 'name')}."
    if check.missing_landing is not None:
        remark = f"There is no such folder: {printable(check.missing_landing)}. {remark}"
    if check.rows is not None:
        remark += f" Of each file of sales, {counted(check.rows, 'record')} at most were judged."
    return titled("In the landing folder", table, remark=remark)


def _table(feed: str, files: Sequence[FilePreview]) -> Group:
    headers = ("File", "Record", "Day", "Product", "As delivered", "Quantity", "Amount", "Verdict")
    table = new_table(*headers, right=["Record", "Quantity", "Amount"], fold=["File"])
    shown = [file for place, file in enumerate(files) if place < MAX_EXAMPLES or file.needs_a_look]
    for file in shown:
        for record in file.records:
            table.add_row(cell(file.path), str(record.row), *_understood(record))
    more = len(files) - len(shown)
    remark = f"{counted(more, 'more file')} alike; --json has all." if more else ""
    return titled(f"{feed}: the first records as they are understood", table, remark=remark)


def _understood(record: RecordPreview) -> Iterable[Text]:
    style = "" if record.verdict == "fit" else WORTH_A_LOOK
    reasons = f": {', '.join(record.reasons)}" if record.reasons else ""
    return (
        cell(record.sold_on),
        cell(record.product),
        cell(record.source_product),
        cell(None if record.quantity is None else quantity(record.quantity)),
        cell(_money(record.amount, record.currency)),
        cell(f"{record.verdict}{reasons}", style=style),
    )


def _money(amount: Decimal | None, currency: str | None) -> str | None:
    if amount is None:
        return None
    return quantity(amount) if currency is None else money(amount, currency)


def _trouble(check: Check) -> list[Text]:
    of = {kind: [file for file in check.files if file.becomes == kind] for kind in _TROUBLE}
    lists = {
        "Would be rejected": [about_file(file.path, file.reason) for file in of[REJECTED]],
        "Would be held": [about_file(file.path, file.reason) for file in of[HELD]],
        "Claimed by no feed": check.unclaimed,
        "Left for the next run": [about_file(note.path, note.reason) for note in check.left],
    }
    lines = [
        line
        for heading, files in lists.items()
        for line in listed(f"{heading}: {counted(len(files), 'file')}", files, style=TROUBLE)
    ]
    unusable = [line for file in check.files for line in unusable_lines(file.path, file.unusable)]
    return [*lines, *unusable, *warning_lines(check.warnings)]
