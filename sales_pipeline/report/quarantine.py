"""Records that wait in quarantine, counted by feed, file and reason, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from rich.console import RenderableType
from rich.text import Text

from sales_pipeline.config.feed import Feed
from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import counted
from sales_pipeline.lakehouse.arrow_types import text_scalar, totals_by
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Ledger
from sales_pipeline.lakehouse.opening import made_lakehouse
from sales_pipeline.operations.quarantine_export import Filters, quarantined
from sales_pipeline.report.document import Amounts, json_object
from sales_pipeline.report.layout import cell, money_lines, new_table, titled
from sales_pipeline.silver.validation.reasons import sentence_of

NOTHING_WAITS = "Nothing waits in quarantine."
_COUNTED = ["feed", "_file_id", "first_run", "reasons", "amount", "currency"]
_QUARANTINE = "silver.quarantine"


@dataclass
class WaitingRows:
    """Records that wait for one reason.

    Attributes:
        feed: The feed that delivered them.
        reason: The reason's code.
        meaning: What it means.
        rows: How many.
        amounts: Currency -> readable amount.
    """

    feed: str
    reason: str
    meaning: str
    rows: int = 0
    amounts: Amounts = field(default_factory=dict)


@dataclass(frozen=True)
class Waiting:
    """Records that wait in quarantine, by feed and reason.

    Attributes:
        rows: Number of records; a record with two reasons counts once.
        amounts: Currency -> readable amount of those records.
        by_reason: The records of each feed and reason, the commonest first.
    """

    rows: int = 0
    amounts: Amounts = field(default_factory=dict)
    by_reason: tuple[WaitingRows, ...] = ()


def waiting_in_quarantine(lakehouse: Lakehouse) -> Waiting:
    """Returns what waits in quarantine; nothing if there is no lakehouse yet."""
    if not lakehouse.has(_QUARANTINE):
        return Waiting()
    columns = ["feed", "reasons", "amount", "currency"]
    quarantine = lakehouse.read(_QUARANTINE, columns=columns)
    return counted_by_reason(quarantine, lakehouse.declaration.feeds)


def counted_by_reason(quarantine: pa.Table, feeds: Mapping[str, Feed]) -> Waiting:
    """Counts records by feed and reason.

    Args:
        quarantine: Columns `feed, reasons, amount, currency` of `silver.quarantine`.
        feeds: The declared feeds.
    """
    by_reason: dict[tuple[str, str], WaitingRows] = {}
    amounts: dict[str, Decimal] = {}
    for (feed, reasons, currency), rows, amount in _groups(quarantine, "feed"):
        _add_amount(amounts, currency, amount)
        for reason in reasons.split(","):
            new = WaitingRows(feed, reason, sentence_of(reason, feeds.get(feed)))
            entry = by_reason.setdefault((feed, reason), new)
            entry.rows += rows
            _add_amount(entry.amounts, currency, amount)
    order = sorted(by_reason.values(), key=lambda group: (-group.rows, group.feed, group.reason))
    return Waiting(quarantine.num_rows, amounts, tuple(order))


@dataclass
class WaitingInFile:
    """Records of one file that wait for one reason.

    Attributes:
        feed: The feed that delivered them.
        file: The file, by its path below the landing folder.
        file_id: Its delivery.
        reason: The reason's code.
        meaning: What it means.
        rows: How many.
        amounts: Currency -> readable amount.
        since: The day of the run that quarantined the first of them.
    """

    feed: str
    file: str
    file_id: int
    reason: str
    meaning: str
    rows: int = 0
    amounts: Amounts = field(default_factory=dict)
    since: date = date.max


@dataclass(frozen=True)
class WaitingFiles:
    """Records that wait in quarantine, by file.

    Attributes:
        rows: Number of records; a record with two reasons counts once.
        amounts: Currency -> readable amount of those records.
        by_file: The records of each feed, file and reason, in the order of delivery, the
            commonest reason first.
    """

    rows: int
    amounts: Amounts
    by_file: tuple[WaitingInFile, ...]


def waiting_files(declaration: Declaration, filters: Filters) -> WaitingFiles:
    """Counts what waits in quarantine by feed, file and reason.

    Raises:
        UsageError: There is no such feed, reason or file, or no lakehouse yet.
    """
    with made_lakehouse(declaration) as lakehouse:
        ledger = Ledger(lakehouse)
        rows = quarantined(lakehouse, ledger, filters, columns=_COUNTED)
        paths = {delivery.file_id: delivery.path for delivery in ledger}
        return _counted_by_file(rows, paths, declaration.feeds)


def _counted_by_file(
    quarantine: pa.Table, paths: Mapping[int, str], feeds: Mapping[str, Feed]
) -> WaitingFiles:
    """Counts records by feed, file and reason.

    Args:
        quarantine: Columns `feed, _file_id, first_run, reasons, amount, currency` of
            `silver.quarantine`.
        paths: File id -> path of the file below the landing folder.
        feeds: The declared feeds.
    """
    by_file: dict[tuple[int, str], WaitingInFile] = {}
    amounts: dict[str, Decimal] = {}
    groups = _groups(quarantine, "feed", "_file_id", "first_run")
    for (feed, file_id, run, reasons, currency), rows, amount in groups:
        _add_amount(amounts, currency, amount)
        for reason in reasons.split(","):
            number = int(file_id)
            meaning = sentence_of(reason, feeds.get(feed))
            new = WaitingInFile(feed, paths[number], number, reason, meaning)
            entry = by_file.setdefault((number, reason), new)
            entry.rows += rows
            entry.since = min(entry.since, day_of_run(run))
            _add_amount(entry.amounts, currency, amount)
    order = sorted(by_file.values(), key=lambda group: (group.file_id, -group.rows, group.reason))
    return WaitingFiles(quarantine.num_rows, amounts, tuple(order))


def day_of_run(run_id: str) -> date:
    """Returns the day on which a run began, in UTC.

    >>> day_of_run("20250131T060000-1a2b3c")
    datetime.date(2025, 1, 31)
    """
    return date.fromisoformat(run_id.partition("T")[0])


def _groups(quarantine: pa.Table, *columns: str) -> Iterator[tuple[list[str], int, Decimal | None]]:
    """The columns, `reasons` and `currency`; number of records and amount of each group."""
    reasons = pc.binary_join(quarantine["reasons"].cast(pa.list_(pa.string())), text_scalar(","))
    currency = pc.fill_null(quarantine["currency"], text_scalar(""))
    keys = [*(quarantine[column] for column in columns), reasons, currency]
    return totals_by(keys, quarantine["amount"])


def _add_amount(amounts: dict[str, Decimal], currency: str, amount: Decimal | None) -> None:
    """Adds to an amount by currency; without a currency it is no money."""
    if currency and amount is not None:
        amounts[currency] = amounts.get(currency, Decimal(0)) + amount


def waiting_document(waiting: WaitingFiles) -> dict[str, Any]:
    """Returns what waits by feed, file and reason, ready for JSON; amounts by currency."""
    return json_object(WaitingFiles, waiting)


def waiting_text(waiting: WaitingFiles) -> RenderableType:
    """Returns what waits by feed, file and reason, as a table."""
    if not waiting.rows:
        return Text(NOTHING_WAITS)
    names, figures = ("Feed", "File", "Reason"), ("Records", "Amount")
    table = new_table(*names, *figures, "Since", "What it means", right=figures, fold=names)
    for group in waiting.by_file:
        table.add_row(
            *(cell(name) for name in (group.feed, group.file, group.reason)),
            f"{group.rows:,}",
            money_lines(group.amounts),
            f"{group.since}",
            cell(group.meaning),
        )
    return titled("Quarantine", table, remark=total_line(waiting.rows, waiting.amounts))


def total_line(rows: int, amounts: Mapping[str, Decimal]) -> str:
    """Returns how much waits in all, in a sentence."""
    amount = money_lines(amounts).replace("\n", ", ") or "no readable amount"
    return f"{counted(rows, 'record')} in all, {amount}; one may have several reasons."
