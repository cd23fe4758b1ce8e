"""The quarantined records themselves: their files, reasons and texts, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from pydantic import PlainSerializer
from rich.console import Group, RenderableType
from rich.text import Text

from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import counted
from sales_pipeline.lakehouse.ledger import Delivery, Ledger
from sales_pipeline.lakehouse.opening import made_lakehouse
from sales_pipeline.lakehouse.tables import EXCHANGE_RATES
from sales_pipeline.operations.quarantine_export import Filters, quarantined
from sales_pipeline.printable import printable
from sales_pipeline.report.document import Exact, View, json_object, read_from
from sales_pipeline.report.layout import WORTH_A_LOOK
from sales_pipeline.report.quarantine import NOTHING_WAITS, day_of_run
from sales_pipeline.silver.reference.rate_quotes import QuoteReader
from sales_pipeline.silver.validation.reasons import sentence_of

_COLUMNS = ["feed", "_file_id", "first_run", "reasons", "amount", "currency", "_row", "raw"]
_SHOWN_CHARACTERS = 1_000


@dataclass(frozen=True)
class Reason:
    """Why a record waits.

    Attributes:
        code: Its code, as in docs/reasons.md.
        sentence: What it means.
        delivered: The rate that it is about, as delivered: `USD 'O.9'`; None for other reasons.
    """

    code: str
    sentence: str
    delivered: str | None = None


def _explained(reasons: tuple[Reason, ...]) -> list[dict[str, str]]:
    return [
        {"code": reason.code, "sentence": reason.sentence}
        | ({"delivered": reason.delivered} if reason.delivered else {})
        for reason in reasons
    ]


Reasons = Annotated[tuple[Reason, ...], PlainSerializer(_explained)]


@dataclass(frozen=True)
class QuarantinedRecord:
    """One record that waits.

    Attributes:
        feed: The feed that delivered it.
        file: Its file, by the path below the landing folder.
        file_id: Its delivery.
        row: Its number in the file.
        reasons: Why it waits.
        text: The record as delivered: its text, or JSON of its columns; None where a feed
            that never stores some columns has a record which could not be split.
        amount: Its amount, where readable.
        currency: The currency of the amount.
        since: The day of the run that quarantined it.
    """

    feed: str
    file: str
    file_id: int
    row: int
    reasons: Reasons
    text: str | None
    amount: Exact | None
    currency: str | None
    since: date


@dataclass(frozen=True)
class QuarantinedRecords:
    """The first of the chosen quarantined records.

    Attributes:
        total: How many of the chosen records wait.
        records: The first of them, in the order of delivery.
    """

    total: int
    records: tuple[QuarantinedRecord, ...]

    @property
    def more(self) -> int:
        """The number of records that are not among them."""
        return self.total - len(self.records)


def quarantined_records(
    declaration: Declaration, filters: Filters, *, limit: int
) -> QuarantinedRecords:
    """Returns the first of the chosen records that wait in quarantine.

    Raises:
        UsageError: There is no such feed, reason or file, or no lakehouse yet.
    """
    with made_lakehouse(declaration) as lakehouse:
        ledger = Ledger(lakehouse)
        rows = quarantined(lakehouse, ledger, filters, columns=_COLUMNS)
        first = rows.slice(0, limit).to_pylist()
        records = tuple(_record(declaration, row, ledger[row["_file_id"]]) for row in first)
        return QuarantinedRecords(rows.num_rows, records)


def _record(declaration: Declaration, row: dict[str, Any], delivery: Delivery) -> QuarantinedRecord:
    return QuarantinedRecord(
        feed=row["feed"],
        file=delivery.path,
        file_id=delivery.file_id,
        row=row["_row"],
        reasons=tuple(_reasons(declaration, row)),
        text=row["raw"],
        amount=row["amount"],
        currency=row["currency"],
        since=day_of_run(row["first_run"]),
    )


def _reasons(declaration: Declaration, row: dict[str, Any]) -> Iterator[Reason]:
    rates: dict[str, str] = {}
    if row["feed"] == EXCHANGE_RATES and any(":" in code for code in row["reasons"]):
        texts = json.loads(row["raw"])
        record = {name: texts.pop(name, None) for name in ("date", "currency", "rate", "units")}
        record["_extra"] = json.dumps(texts)
        rates = QuoteReader(declaration.rates).rate_texts(record)
    feed = declaration.feeds.get(row["feed"])
    for code in row["reasons"]:
        yield Reason(code, sentence_of(code, feed), rates.get(code.partition(":")[2]))


class _Records(View):
    rows: int = read_from("total")
    more: int
    records: list[QuarantinedRecord]


def records_document(shown: QuarantinedRecords) -> dict[str, Any]:
    """Returns records that wait, ready for JSON, and how many more there are."""
    return json_object(_Records, shown)


def records_text(shown: QuarantinedRecords) -> RenderableType:
    """Returns records that wait, a paragraph each, and how many more there are."""
    if not shown.total:
        return Text(NOTHING_WAITS)
    lines = [line for record in shown.records for line in _paragraph(record)]
    if shown.more:
        lines.append(Text(f"and {counted(shown.more, 'record')} more: --limit shows them"))
    return Group(*lines)


def _paragraph(record: QuarantinedRecord) -> Iterator[Text]:
    where = f"{record.file} record {record.row:,} (feed {record.feed}, since {record.since})"
    yield Text(printable(where), style="bold")
    for reason in record.reasons:
        delivered = f" Delivered: {reason.delivered}." if reason.delivered else ""
        sentence = printable(f"  {reason.code}: {reason.sentence}{delivered}")
        yield Text(sentence, style=WORTH_A_LOOK)
    yield Text(f"  {_shortened(record.text)}")
    yield Text()


def _shortened(text: str | None) -> str:
    if text is None:
        return "(its text is not kept: the feed has columns in never_store)"
    shown = printable(text[:_SHOWN_CHARACTERS])
    hidden = len(text) - _SHOWN_CHARACTERS
    return f"{shown} … and {counted(hidden, 'character')} more" if hidden > 0 else shown
