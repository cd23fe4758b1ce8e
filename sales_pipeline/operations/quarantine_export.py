"""The quarantined records of one feed as CSV: mended in a spreadsheet, given back by `replay`.

The values are those of bronze, as delivered, under the feed's headers, with what the file
had besides; then where the record comes from and why it waits.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from sales_pipeline.bronze.feed_files import landing_patterns
from sales_pipeline.bronze.fingerprints import check_meaning
from sales_pipeline.config.feed import Feed
from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import UsageError, examples
from sales_pipeline.lakehouse.lakehouse import Lakehouse, among
from sales_pipeline.lakehouse.ledger import Ledger
from sales_pipeline.lakehouse.opening import made_lakehouse
from sales_pipeline.lakehouse.tables import BRONZE_SALES, NOT_SALES
from sales_pipeline.operations.quarantined_records import Filters, quarantined
from sales_pipeline.operations.spreadsheet import SpreadsheetText
from sales_pipeline.visible_text import header_form

FILE_ID, ROW, REASONS, RAW = "_file_id", "_row", "_reasons", "_raw"
TECHNICAL = (FILE_ID, ROW, REASONS, RAW)
DELIMITERS = (",", ";", "\t", "|")
"""Those that a mended file may have; a feed with another one is exported with commas."""


@dataclass(frozen=True)
class Export:
    """Quarantined records as CSV.

    Attributes:
        text: The CSV, beginning with a byte order mark: without one, spreadsheets take UTF-8
            for the encoding of the country, and give broken text back.
        records: How many records it holds.
    """

    text: str
    records: int


def export(declaration: Declaration, filters: Filters) -> Export:
    """Returns the quarantined records of the feed `filters.feed` as CSV; changes nothing.

    Raises:
        UsageError: There is no such feed, reason or file, or the feed's records are no sales.
        LakehouseMismatch: The declaration means something else than when they were judged.
    """
    feed = feed_of_sales(declaration, filters.feed or "")
    with made_lakehouse(declaration) as lakehouse:
        ledger = Ledger(lakehouse)
        check_meaning(lakehouse, ledger)
        waiting = quarantined(lakehouse, ledger, filters, columns=[FILE_ID, ROW, "reasons"])
        records = _delivered(lakehouse, waiting)
    return Export(_Sheet(feed, records).text(), len(records))


def feed_of_sales(declaration: Declaration, name: str) -> Feed:
    """Returns a feed of sales by its name.

    Raises:
        UsageError: There is no such feed, its records are no sales, or it has one of the
            technical columns itself.
    """
    if name in NOT_SALES:
        do = "Do: deliver its file again, corrected."
        raise UsageError(f"{name}: only records of sales are mended one by one. {do}")
    if name not in declaration.feeds:
        known = [each for each in landing_patterns(declaration) if each not in NOT_SALES]
        raise UsageError(f"{name}: no such feed. The feeds are {examples(known)}.")
    feed = declaration.feeds[name]
    own = [header for header in feed.columns.values() if header in TECHNICAL]
    if own:
        do = "Do: deliver its file again, corrected."
        raise UsageError(f"{name}: its own files have the column {own[0]}. {do}")
    return feed


def _delivered(lakehouse: Lakehouse, waiting: pa.Table) -> list[dict[str, Any]]:
    """The rows of bronze that wait, in the order of delivery, each with its `_reasons`."""
    if not waiting.num_rows:
        return []
    wanted = lakehouse.frame(waiting.select([FILE_ID, ROW]).cast(_PAIR))
    files = among(FILE_ID, set(waiting[FILE_ID].to_pylist()))
    rows = lakehouse.table(BRONZE_SALES).where(files).join(wanted, [FILE_ID, ROW], "left_semi")
    found = {(each[FILE_ID], each[ROW]): each for each in rows.toArrow().to_pylist()}
    return [
        {**found[each[FILE_ID], each[ROW]], REASONS: " ".join(each["reasons"])}
        for each in waiting.to_pylist()
    ]


_PAIR = pa.schema([(FILE_ID, pa.int64()), (ROW, pa.int64())])


@dataclass(frozen=True)
class _Sheet:
    """Records of one feed as the rows of a sheet."""

    feed: Feed
    records: Sequence[Mapping[str, Any]]

    def text(self) -> str:
        own = self.feed.csv.delimiter
        out = io.StringIO()
        out.write("\ufeff")
        # Always double quotes: a spreadsheet knows no others.
        writer = csv.writer(out, delimiter=own if own in DELIMITERS else ",", lineterminator="\r\n")
        guarded = SpreadsheetText(self.feed.csv).guarded
        headers = [*self.feed.columns.values(), *self._undeclared]
        writer.writerow([*map(guarded, headers), *TECHNICAL])
        for each in self.records:
            values = [*self._values(each), each[RAW]]
            *fields, raw = (guarded(value or "") for value in values)
            writer.writerow([*fields, each[FILE_ID], each[ROW], each[REASONS], raw])
        return out.getvalue()

    def _values(self, record: Mapping[str, Any]) -> Iterator[str | None]:
        yield from (record[name] for name in self.feed.columns)
        extra = _extra(record)
        yield from (extra.get(header) for header in self._undeclared)

    @cached_property
    def _undeclared(self) -> list[str]:
        """What the files have besides, so that it is not lost when they are given back."""
        known = {header_form(header) for header in (*TECHNICAL, *self.feed.columns.values())}
        headers = (header for each in self.records for header in _extra(each))
        return [each for each in dict.fromkeys(headers) if header_form(each) not in known]


def _extra(record: Mapping[str, Any]) -> dict[str, str | None]:
    found: dict[str, str | None] = json.loads(record["_extra"] or "{}")
    return found
