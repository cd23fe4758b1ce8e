"""What waits in quarantine, as text for a terminal: counted, or record by record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from rich.console import Group, RenderableType
from rich.text import Text

from sales_pipeline.errors import counted
from sales_pipeline.printable import printable
from sales_pipeline.report.figures import money
from sales_pipeline.report.quarantine import WaitingFiles
from sales_pipeline.report.quarantined_records import QuarantinedRecord, QuarantinedRecords
from sales_pipeline.report.tables import cell, new_table, titled
from sales_pipeline.silver.validation.reasons import sentence_of

_SHOWN_CHARACTERS = 1_000
_NOTHING = "Nothing waits in quarantine."


def waiting_text(waiting: WaitingFiles) -> RenderableType:
    """Returns what waits by feed, file and reason, as a table."""
    if not waiting.rows:
        return Text(_NOTHING)
    table = new_table()
    for header in ("Feed", "File", "Reason"):
        table.add_column(header, overflow="fold")
    for header in ("Records", "Amount"):
        table.add_column(header, justify="right")
    table.add_column("Since")
    table.add_column("What it means")
    for each in waiting.by_file:
        names = (cell(each.feed), cell(each.file), cell(each.reason))
        figures = (f"{each.rows:,}", money_lines(each.amounts), f"{each.since}")
        table.add_row(*names, *figures, sentence_of(each.reason))
    return titled("Quarantine", table, remark=total_line(waiting.rows, waiting.amounts))


def total_line(rows: int, amounts: Mapping[str, Decimal]) -> str:
    """Returns how much waits in all, in a sentence."""
    amount = money_lines(amounts).replace("\n", ", ") or "no readable amount"
    return f"{counted(rows, 'record')} in all, {amount}; one may have several reasons."


def money_lines(amounts: Mapping[str, Decimal]) -> str:
    """Returns the amount of each currency, a line each."""
    return "\n".join(money(amount, currency) for currency, amount in sorted(amounts.items()))


def records_text(found: QuarantinedRecords) -> RenderableType:
    """Returns records that wait, a paragraph each, and how many there are besides."""
    if not found.total:
        return Text(_NOTHING)
    lines = [line for each in found.records for line in _paragraph(each)]
    if found.more:
        lines.append(Text(f"and {counted(found.more, 'record')} more: --limit shows them"))
    return Group(*lines)


def _paragraph(record: QuarantinedRecord) -> Iterator[Text]:
    where = f"{record.file} record {record.row:,} (feed {record.feed}, since {record.since})"
    yield Text(printable(where), style="bold")
    for reason in record.reasons:
        yield Text(f"  {printable(reason)}: {sentence_of(reason)}", style="yellow")
    yield Text(f"  {_shortened(record.text)}")
    yield Text()


def _shortened(text: str | None) -> str:
    if text is None:
        return "(its text is not kept: the feed has columns in never_store)"
    shown = printable(text[:_SHOWN_CHARACTERS])
    rest = len(text) - _SHOWN_CHARACTERS
    return f"{shown} … and {counted(rest, 'character')} more" if rest > 0 else shown
