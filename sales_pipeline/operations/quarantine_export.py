"""Chooses quarantined records by feed, reason and file, and exports them as CSV.

`quarantine list`, `show` and `export` choose alike, without a Spark session. The CSV is mended
in a spreadsheet and given back by `replay`. It has the values of bronze, as delivered, under the
feed's headers, with further columns of the file; then the origin of the record and its reasons.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from sales_pipeline.bronze.feed_files import landing_patterns
from sales_pipeline.bronze.fingerprints import check_meaning
from sales_pipeline.config.feed import Feed
from sales_pipeline.config.files import Dialect, thousands_marks
from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import UsageError, did_you_mean, examples
from sales_pipeline.lakehouse.lakehouse import Lakehouse, among
from sales_pipeline.lakehouse.ledger import Ledger
from sales_pipeline.lakehouse.opening import made_lakehouse
from sales_pipeline.lakehouse.tables import BRONZE_SALES, NOT_SALES
from sales_pipeline.printable import is_formula
from sales_pipeline.profile import fetched
from sales_pipeline.silver.validation.reasons import RULE, sentence_of
from sales_pipeline.visible_text import caseless_form

_APOSTROPHE = "'"


@dataclass(frozen=True)
class SpreadsheetText:
    """Guards the texts of one feed, whose own plain numbers are no formulas.

    Attributes:
        dialect: How the feed writes its numbers.
    """

    dialect: Dialect

    def guarded(self, text: str) -> str:
        """Returns the text as a spreadsheet may have it.

        >>> marks = SpreadsheetText(Dialect())
        >>> marks.guarded("=1+1"), marks.guarded("-5.00"), marks.guarded("'=1")
        ("'=1+1", '-5.00', "''=1")
        """
        return f"{_APOSTROPHE}{text}" if self._is_dangerous(text) else text

    def bare(self, text: str) -> str:
        """Returns the text that was guarded.

        >>> marks = SpreadsheetText(Dialect())
        >>> marks.bare("'=1+1"), marks.bare("'t Hof"), marks.bare("''=1")
        ('=1+1', "'t Hof", "'=1")
        """
        unguarded = text.removeprefix(_APOSTROPHE)
        return unguarded if self._is_dangerous(unguarded) else text

    def _is_dangerous(self, text: str) -> bool:
        """Returns whether a text needs a guard, without regard to apostrophes before it.

        So a text that begins like a guarded one is guarded too, and `bare` takes off nothing
        that `guarded` did not add.
        """
        plain = text.lstrip(_APOSTROPHE)
        return is_formula(plain) and not self._number.fullmatch(plain)

    @cached_property
    def _number(self) -> re.Pattern[str]:
        marks = re.escape(thousands_marks(self.dialect.thousands))
        grouped = f"|[0-9]{{1,3}}(?:[{marks}][0-9]{{3}})+" if marks else ""
        return re.compile(f"[+-]?(?:[0-9]+{grouped})(?:{re.escape(self.dialect.decimal)}[0-9]+)?")


FILE_ID, ROW, REASONS, RAW = "_file_id", "_row", "_reasons", "_raw"
TECHNICAL = (FILE_ID, ROW, REASONS, RAW)
DELIMITERS = (",", ";", "\t", "|")
"""The delimiters that a mended file may have; a feed with another one is exported with commas."""


QUARANTINE = "silver.quarantine"


@dataclass(frozen=True)
class Filters:
    """A choice of quarantined records; without any filter, all of them.

    Attributes:
        feed: Only records of this feed.
        reason: Only records with this reason among theirs, as in docs/reasons.md. Without the name
            that follows the colon of some, such as `rate_unreadable`, it stands for any name.
        file: Only records of this file, by its path below the landing folder.
    """

    feed: str | None = None
    reason: str | None = None
    file: str | None = None


def quarantined(
    lakehouse: Lakehouse, ledger: Ledger, filters: Filters, *, columns: Sequence[str]
) -> pa.Table:
    """Returns columns of the rows of `silver.quarantine` that pass the filters, as delivered.

    Raises:
        UsageError: There is no such feed, reason or file.
    """
    files = _file_ids(lakehouse.declaration, ledger, filters.file)
    _check_feed(lakehouse.declaration, filters.feed)
    _check_reason(filters.reason)
    needed = dict.fromkeys(["feed", "reasons", "_file_id", "_row", *columns])
    rows = lakehouse.read(QUARANTINE, columns=list(needed))
    if filters.feed is not None:
        rows = rows.filter(pc.equal(rows["feed"], filters.feed))
    if files is not None:
        rows = rows.filter(pc.is_in(rows["_file_id"], value_set=pa.array(files, pa.int64())))
    if filters.reason is not None:
        reasons = pc.binary_join(rows["reasons"].cast(pa.list_(pa.string())), ",")
        listed = pc.binary_join_element_wise("", reasons, "", ",")
        matches = [pc.match_substring(listed, f",{filters.reason}{end}") for end in ",:"]
        rows = rows.filter(pc.or_(*matches))
    order = pc.sort_indices(rows, sort_keys=[("_file_id", "ascending"), ("_row", "ascending")])
    return rows.take(order).select(list(columns))


def _check_feed(declaration: Declaration, feed: str | None) -> None:
    known = list(landing_patterns(declaration))
    if feed is not None and feed not in known:
        raise UsageError(f"--feed: no such feed, got {feed!r}.{_meant(feed, known)}")


def _check_reason(reason: str | None) -> None:
    if reason is not None and not (sentence_of(reason) or sentence_of(f"{reason}:")):
        do = f"Do: take one of docs/reasons.md; the reason of a rule is {RULE}<its name>."
        raise UsageError(f"--reason: no such reason, got {reason!r}. {do}")


def _file_ids(declaration: Declaration, ledger: Ledger, file: str | None) -> list[int] | None:
    """The ids of the deliveries of a file, by any name that a person may give it."""
    if file is None:
        return None
    below = os.path.relpath(file, declaration.landing)
    file_ids = [
        delivery.file_id
        for delivery in ledger
        if delivery.path in (file, below) or f"{delivery.feed}/{delivery.name}" == file
    ]
    if not file_ids:
        paths = sorted({delivery.path for delivery in ledger})
        raise UsageError(f"--file: never delivered, got {file!r}.{_meant(file, paths)}")
    return file_ids


def _meant(name: str, known: Iterable[str]) -> str:
    names = list(known)
    return did_you_mean(name, names) or f" There are: {examples(names)}."


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
    return Export(_csv_text(feed, records), len(records))


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
        known = [feed for feed in landing_patterns(declaration) if feed not in NOT_SALES]
        raise UsageError(f"{name}: no such feed. The feeds are {examples(known)}.")
    feed = declaration.feeds[name]
    own = [header for header in feed.columns.values() if header in TECHNICAL]
    if own:
        do = "Do: deliver its file again, corrected."
        raise UsageError(f"{name}: its own files have the column {own[0]}. {do}")
    return feed


def _delivered(lakehouse: Lakehouse, waiting: pa.Table) -> list[dict[str, Any]]:
    """The quarantined rows of bronze, in the order of delivery, each with its `_reasons`."""
    if not waiting.num_rows:
        return []
    chosen = lakehouse.frame(waiting.select([FILE_ID, ROW]).cast(_PAIR))
    files = among(FILE_ID, set(waiting[FILE_ID].to_pylist()))
    rows = lakehouse.table(BRONZE_SALES).where(files).join(chosen, [FILE_ID, ROW], "left_semi")
    delivered = fetched("read the records that wait", rows)
    records = {(row[FILE_ID], row[ROW]): row for row in delivered.to_pylist()}
    return [
        {**records[row[FILE_ID], row[ROW]], REASONS: " ".join(row["reasons"])}
        for row in waiting.to_pylist()
    ]


_PAIR = pa.schema([(FILE_ID, pa.int64()), (ROW, pa.int64())])


def _csv_text(feed: Feed, records: Sequence[Mapping[str, Any]]) -> str:
    """The records as CSV, with further headers of the files: no value is lost on the way back."""
    extras = [json.loads(record["_extra"] or "{}") for record in records]
    known = {caseless_form(header) for header in (*TECHNICAL, *feed.columns.values())}
    headers = dict.fromkeys(header for extra in extras for header in extra)
    undeclared = [header for header in headers if caseless_form(header) not in known]
    own = feed.csv.delimiter
    out = io.StringIO()
    out.write("\ufeff")
    # Always double quotes, because a spreadsheet knows no others.
    writer = csv.writer(out, delimiter=own if own in DELIMITERS else ",", lineterminator="\r\n")
    guarded = SpreadsheetText(feed.csv).guarded
    writer.writerow([*map(guarded, [*feed.columns.values(), *undeclared]), *TECHNICAL])
    for record, extra in zip(records, extras, strict=True):
        declared = (record[name] for name in feed.columns)
        values = [*declared, *map(extra.get, undeclared), record[RAW]]
        *fields, raw = (guarded(value or "") for value in values)
        writer.writerow([*fields, record[FILE_ID], record[ROW], record[REASONS], raw])
    return out.getvalue()
