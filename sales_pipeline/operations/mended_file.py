"""Reads a mended file as a person gives it back, in any form that a spreadsheet saves.

Another delimiter, another line end, a byte order mark or UTF-16, columns in another order,
records left out: the records are found by `_file_id` and `_row`.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sales_pipeline.config.feed import Feed
from sales_pipeline.errors import MAX_EXAMPLES, UsageError, examples
from sales_pipeline.lakehouse.mends import Name
from sales_pipeline.landing.headers import match_header
from sales_pipeline.landing.quotes import MAX_RECORD_BYTES
from sales_pipeline.operations.quarantine_export import (
    DELIMITERS,
    FILE_ID,
    RAW,
    ROW,
    TECHNICAL,
    SpreadsheetText,
)
from sales_pipeline.visible_text import caseless_form

_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NUMBER = re.compile("[0-9]{1,18}")


@dataclass(frozen=True)
class MendedFile:
    """The headers of a mended file, and the fields of each record, as many as there are headers."""

    path: Path
    headers: tuple[str, ...]
    records: tuple[tuple[str, ...], ...]

    def names(self) -> list[Name]:
        """Returns `_file_id` and `_row` of each record.

        Raises:
            UsageError: Some are no numbers; the message names the first of them.
        """
        headers = [header.strip() for header in self.headers]
        at = [headers.index(header) for header in (FILE_ID, ROW)]
        texts = [tuple(record[place].strip() for place in at) for record in self.records]
        refuse(
            self.path,
            [
                f"record {number}: {FILE_ID} and {ROW} must be numbers, got {text}"
                for number, text in enumerate(texts, start=1)
                if not all(map(_NUMBER.fullmatch, text))
            ],
        )
        return [(int(file_id), int(row)) for file_id, row in texts]

    def values(self, feed: Feed) -> tuple[list[str], list[list[str]]]:
        """Returns the headers of a feed's columns and of further ones, and their values.

        Raises:
            UsageError: A declared column is missing or there twice, or a record is still empty.
        """
        marks = SpreadsheetText(feed.csv)
        texts = [marks.bare(header) for header in self.headers]
        match = match_header(tuple(feed.columns.items()), texts, feed.never_store)
        if not match.is_complete:
            what = examples((*match.missing, *match.repeated))
            raise UsageError(f"{self.path}: must have each of these columns once: {what}")
        technical = {caseless_form(header) for header in TECHNICAL}
        undeclared = [
            (at, key) for at, key in match.undeclared if caseless_form(key) not in technical
        ]
        places = [at for at in match.positions if at is not None]
        self._refuse_empty(places)
        headers = [*feed.columns.values(), *(key for _, key in undeclared)]
        places += [at for at, _ in undeclared]
        return headers, [[marks.bare(record[at]) for at in places] for record in self.records]

    def _refuse_empty(self, places: Sequence[int]) -> None:
        refuse(
            self.path,
            [
                f"record {number}: its columns are empty; fill them from {RAW}, or remove it"
                for number, record in enumerate(self.records, start=1)
                if not any(record[at].strip() for at in places)
            ],
        )


def refuse(path: Path, problems: Sequence[str]) -> None:
    """Raises UsageError with the first of some problems of a mended file, if there are any."""
    if problems:
        listed = "; ".join(problems[:MAX_EXAMPLES])
        unlisted = len(problems) - MAX_EXAMPLES
        more = f"; and {unlisted:,} more" if unlisted > 0 else ""
        raise UsageError(f"{path}: {listed}{more}. Nothing was changed.")


def read_mended(path: Path) -> MendedFile:
    """Reads a mended file.

    Raises:
        UsageError: There is no such file, or it is not what `quarantine export` writes.
    """
    text = _text(path)
    for delimiter in DELIMITERS:
        rows = _rows(path, text, delimiter)
        header = [field.strip() for field in next(rows, [])]
        if FILE_ID in header and ROW in header:
            return _file(path, header, rows)
    raise UsageError(
        f"{path}: has no header with {FILE_ID} and {ROW}. "
        "Do: mend what sales-pipeline quarantine export writes, and keep these columns."
    )


def _text(path: Path) -> str:
    if not path.is_file():
        raise UsageError(f"{path}: no such file")
    data = path.read_bytes()
    try:
        return data.decode("utf-16" if data.startswith(_MARKS) else "utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not in UTF-8. Do: save it as CSV in UTF-8.") from None


def _rows(path: Path, text: str, delimiter: str) -> Iterator[list[str]]:
    before = csv.field_size_limit(MAX_RECORD_BYTES)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise UsageError(f"{path}: cannot be read as CSV, {error}") from None
    finally:
        csv.field_size_limit(before)


def _file(path: Path, header: Sequence[str], rows: Iterator[list[str]]) -> MendedFile:
    """The records under a header; a spreadsheet may omit the last empty fields of a record."""
    width = len(header)
    records = [row for row in rows if any(row)]
    refuse(
        path,
        [
            f"record {number}: has {len(row)} fields, more than the header"
            for number, row in enumerate(records, start=1)
            if len(row) > width
        ],
    )
    if not records:
        raise UsageError(f"{path}: has no record")
    filled = (tuple(row + [""] * (width - len(row))) for row in records)
    return MendedFile(path, tuple(header), tuple(filled))
