"""What a landing file holds, counted without any code of the pipeline: by Python's csv module.

Where a damaged file leaves open what its records are, nothing is said of it.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any
from unicodedata import category, normalize

csv.field_size_limit(1 << 26)
_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n|$)")
_LONGEST = 1 << 20
_DAY_DIGITS = 4
_SPACES = " \t\r\n\u00a0\u202f\u3000"
_FOUR = Decimal("0.0001")
_THOUSANDS = {" ": " \u00a0\u202f"}
_EXACT = Context(prec=1000)


@dataclass(frozen=True)
class Told:
    """What can be said of a file.

    Attributes:
        texts: Its text as lines of data and the header, or None where it is no text.
        records: Its records' fields with the header first; None where quotes leave it open.
        is_even: Whether every record has as many fields as the header.
    """

    texts: tuple[str, ...] | None
    records: Sequence[Sequence[str]] | None
    is_even: bool = False


def told(data: bytes, dialect: Mapping[str, Any]) -> Told:
    """Reads the bytes of a file, in gzip or not, as far as that can be done without a doubt."""
    try:
        plain = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
        text = _text(plain, dialect.get("encoding", "utf-8"))
    except (OSError, EOFError, zlib.error, UnicodeDecodeError):
        return Told(None, None)
    if "\0" in text:
        return Told(None, None)
    # A byte order mark is no part of the record before which it stands; elsewhere it may be one.
    lines = [line for line in _LINE.findall(text.replace("\ufeff", "")) if line]
    skip = dialect.get("skip_lines", 0)
    left_out, lines = lines[:skip], lines[skip:]
    for _ in range(dialect.get("footer_lines", 0)):
        while lines and not lines[-1].strip("\r\n"):
            lines.pop()
        left_out, lines = [*left_out, *lines[-1:]], lines[:-1]
    if any(_fields(line, dialect) == _fields(lines[0], dialect) for line in left_out if lines):
        return Told(None, None)  # It may be a record that is kept.
    if any(len(re.findall(r"\d", line)) >= _DAY_DIGITS for line in left_out):
        return Told(None, None)  # It may be a record that is cut off, which is kept, too.
    if lines and _is_joined(text, lines[0], dialect):
        return Told(None, None)
    return _records(lines, dialect)


def _is_joined(text: str, header: str, dialect: Mapping[str, Any]) -> bool:
    """Whether a byte order mark within a line may be where another file was put behind this one."""
    delimiter = dialect.get("delimiter", ",")
    parts = [part for line in _LINE.findall(text) for part in line.split("\ufeff")[1:]]
    titles = header.strip("\r\n").split(delimiter)
    return any(_likeness(part.strip("\r\n").split(delimiter), titles) > 0.2 for part in parts)


def _fields(line: str, dialect: Mapping[str, Any]) -> int:
    """How many fields a line has, whatever its quotes are."""
    return line.count(dialect.get("delimiter", ",")) + 1


def _text(plain: bytes, encoding: str) -> str:
    text = plain.decode(encoding)
    return text.removeprefix("\ufeff") if encoding == "utf-8" else text


def _records(lines: Sequence[str], dialect: Mapping[str, Any]) -> Told:
    quote = dialect.get("quote", '"')
    marks = {"delimiter": dialect.get("delimiter", ","), "quotechar": quote}
    texts = tuple(lines)
    if any(_size([line]) > _LONGEST for line in lines):
        return Told(None, None)
    records, begins = [], 0
    try:
        rows = csv.reader(lines, strict=True, **marks)
        for row in rows:
            # A quote that is closed so late is taken for one that never is.
            if _size(lines[begins : rows.line_num]) > _LONGEST:
                return Told(texts, None)
            if _may_hold_records(lines[begins : rows.line_num], len(row), dialect):
                return Told(texts, None)
            begins = rows.line_num
            records += [row] if row else []
    except csv.Error:
        return Told(texts, None)
    if dialect.get("header", True):
        later = [_likeness(row, records[0]) for row in records[1:]]
        if any(0.2 < like < 1 for like in later):
            return Told(texts, None)  # Is it a header, and what is read by it?
    is_even = len({len(row) for row in records}) <= 1
    if not is_even and any(quote in line for line in lines):
        return Told(texts, None)
    return Told(texts, records, is_even)


def _may_hold_records(lines: Sequence[str], width: int, dialect: Mapping[str, Any]) -> bool:
    """Whether lines that are one record, if quotes are to be believed, may be several."""
    return len(lines) > 100 or any(_fields(line, dialect) >= width for line in lines[1:])


def _likeness(row: Sequence[str], header: Sequence[str]) -> float:
    """The share of a header's texts that a record has, as they are seen."""
    texts = {_seen(text) for text in header} - {""}
    return len(texts & {_seen(text) for text in row}) / len(texts) if texts else 0


def looks(text: str) -> str:
    """A text as it looks: composed, without space around it and without what nobody sees."""
    visible = "".join(mark for mark in text if category(mark) != "Cf")
    return normalize("NFC", visible).strip(_SPACES)


def _seen(text: str) -> str:
    """A text of a header as it looks, where capitals do not matter."""
    return normalize("NFC", looks(text).casefold()).strip()


def without_headers(found: Told) -> list[Sequence[str]]:
    """The records without the header, where it comes again."""
    records = list(found.records or ())
    return [row for row in records[1:] if _likeness(row, records[0]) < 1]


def _size(lines: Sequence[str]) -> int:
    return sum(len(line.encode("utf-8", "replace")) for line in lines)


def lost_text(
    found: Told, rows: Sequence[Mapping[str, Any]], dialect: Mapping[str, Any]
) -> str | None:
    """Says which characters of a file are not in its records of bronze, or the other way round.

    Marks between fields and records do not count, nor does the header.
    """
    delimiter, quote = dialect.get("delimiter", ","), dialect.get("quote", '"')
    marks = {delimiter, quote, "\r", "\n", "\ufeff"}
    lines = [line for line in found.texts or () if line.strip("\r\n")]
    if dialect.get("header", True):
        if not lines or quote in lines[0]:
            return None
        header, *rows_of_text = (line.split(delimiter) for line in lines)
        bare = ([text.replace(quote, "") for text in row] for row in rows_of_text)
        likeness = [_likeness(row, header) for row in bare]
        if any(0.2 < like < 1 for like in likeness):
            return None
        rest = list(zip(rows_of_text, likeness, strict=True))
        if any(like == 1 and quote in "".join(row) for row, like in rest):
            return None  # Its quotes may be those of a record.
        lines = [delimiter.join(row) for row, like in rest if like < 1]
    delivered = Counter("".join(lines))
    kept = Counter("".join(text for row in rows for text in _texts(row)))
    for mark in marks:
        del delivered[mark], kept[mark]
    if delivered == kept:
        return None
    return f"not in bronze {dict(delivered - kept)}, only in bronze {dict(kept - delivered)}"


def swallowed(
    rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], dialect: Mapping[str, Any]
) -> str | None:
    """Says which text of bronze has a line within it that looks like a record of its file."""
    for row in rows:
        if row["_problem"] is not None:
            continue
        width = len(columns) + len(json.loads(row["_extra"] or "{}"))
        for text in _texts(row):
            inside = re.split(r"\r\n?|\n", text)[1:-1]
            if any(_fields(line, dialect) == width for line in inside):
                return f"a text holds a record: {text!r:.300}"
    return None


def _texts(row: Mapping[str, Any]) -> list[str]:
    declared = [text for name, text in row.items() if not name.startswith("_")]
    extra = json.loads(row["_extra"]).values() if row["_extra"] else ()
    return [text for text in (*declared, *extra, row["_raw"]) if text is not None]


def other_fields(
    found: Told, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], *, header: bool
) -> str | None:
    """Says where bronze has other texts than Python's csv module reads."""
    records = list(found.records or ())
    if not found.is_even or not records:
        return None
    titles = records.pop(0) if header else [str(at) for at in range(1, len(records[0]) + 1)]
    parts = [
        ([_seen(text) for text in titles], record)
        for titles, record in _by_header(titles, records, header=header)
    ]
    for name, title in columns.items():
        if any(titles.count(title) != 1 for titles, _ in parts):
            continue
        expected = [record[titles.index(title)] for titles, record in parts]
        got = [row[name] for row in rows]
        if [text.replace("\ufeff", "") for text in got] != expected:
            return f"column {name}: read {expected!r:.300}, bronze has {got!r:.300}"
    return None


def _by_header(
    titles: Sequence[str], records: Sequence[Sequence[str]], *, header: bool
) -> list[tuple[Sequence[str], Sequence[str]]]:
    """Each record with the header texts that hold for it."""
    found = []
    for record in records:
        if header and _likeness(record, titles) == 1:
            titles = record
        else:
            found.append((titles, record))
    return found


def amount_of(text: str, feed: Mapping[str, Any]) -> Decimal | None:
    """The amount that a text plainly is, or None."""
    style = feed.get("csv", {})
    number = text.strip(_SPACES)
    for symbol in style.get("symbols", ()):
        number = number.replace(symbol, "").strip(_SPACES)
    marks = re.escape(_THOUSANDS.get(thousands := style.get("thousands", ""), thousands))
    whole = f"([0-9]+|[1-9][0-9]{{0,2}}([{marks}][0-9]{{3}})+)" if marks else "[0-9]+"
    point = re.escape(style.get("decimal", "."))
    if not re.fullmatch(f"[+-]?{whole}({point}[0-9]+)?", number):
        return None
    number = re.sub(f"[{marks}]", "", number) if marks else number
    number = number.replace(style.get("decimal", "."), ".")
    value = Decimal(number)
    return value.quantize(_FOUR, ROUND_HALF_UP, _EXACT) if feed.get("rounding") else value


def day_of(text: str) -> date | None:
    """The day that a text in the form of ISO plainly is, or None."""
    try:
        return datetime.strptime(text.strip(_SPACES)[:10], "%Y-%m-%d").date()
    except ValueError:
        return None
