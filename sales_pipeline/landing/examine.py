"""Checks that the head of a landing file is what its feed declares, before the file is taken.

Only the first 64 KiB are read, with three exceptions: a header that goes on, gzip, which shows
only at its end that it is whole, and files with lines at their end that are no data. A fault is
reported in one sentence that names what was expected, what was got, and what to do.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path

from sales_pipeline.errors import FileChanged, FileRejected, examples, shown_text
from sales_pipeline.landing.dialect_guess import difference, other_shapes, titled_shapes
from sales_pipeline.landing.frame import DataLines, EndLines, end_lines
from sales_pipeline.landing.headers import HeaderMatch, refusal_of
from sales_pipeline.landing.landed_bytes import LandedBytes, Transcoder
from sales_pipeline.landing.quotes import MAX_RECORD_BYTES
from sales_pipeline.landing.record_splitter import PROBLEMS, Record, RecordSplitter
from sales_pipeline.landing.regular_files import regular_opener
from sales_pipeline.landing.shape import FileShape
from sales_pipeline.visible_text import caseless_form

HEAD_BYTES = 64 << 10

_BLOCK_BYTES = 1 << 20
_LONGEST_HEAD = 2 * MAX_RECORD_BYTES
_FIRST_BYTES = 40
_MAGIC = {
    b"PK\x03\x04": "a zip archive",
    b"\x1f\x8b": "a gzip archive",
    b"%PDF": "a PDF document",
    b"PAR1": "a Parquet file",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
}
_PAGE = re.compile(rb"\s*<(!doctype|html|head|body|\?xml)\b", re.IGNORECASE)
_TITLE = re.compile(rb"<title[^>]*>\s*(.*?)\s*</title>", re.IGNORECASE | re.DOTALL)
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_MARK = re.compile(b"|".join([codecs.BOM_UTF8, *_UTF_16]))


@dataclass(frozen=True)
class Header:
    """The header of a file that fits its feed.

    Attributes:
        texts: The header texts, in the file's order.
        undeclared: The header texts that the feed does not declare; their values go to `_extra`.
        bytes: The file's size.
        ends: Lines that look like records, although `csv.skip_lines` and `csv.footer_lines` say
            that they are none.
    """

    texts: tuple[str, ...]
    undeclared: tuple[str, ...]
    bytes: int
    ends: EndLines = field(default_factory=EndLines)


def examine(path: str | Path, shape: FileShape) -> Header:
    """Checks that the head of a file is what its shape declares.

    Raises:
        FileRejected: With the code `empty`, `html`, `binary`, `damaged_gzip`, `oversized_gzip`,
            `undecodable_header`, `wrong_header`, `duplicate_header` or `missing_column`.
        FileChanged: The file is gone.
    """
    try:
        with open(path, "rb", opener=regular_opener) as file:
            landed = LandedBytes(file, str(path), max_ratio=shape.max_unpacked_ratio)
            head = _head(str(path), shape, landed)
            while landed.is_gzip and landed.read(_BLOCK_BYTES):
                pass
            size = file.seek(0, 2)
        header = head.header(size)
        if shape.skip_lines or shape.footer_lines:
            header = replace(header, ends=end_lines(str(path), shape, header.texts))
    except FileNotFoundError as error:
        raise FileChanged(str(path)) from error
    return header


def _head(path: str, shape: FileShape, landed: LandedBytes) -> _Head:
    """Reads as much of a file as its first record needs, if there is one."""
    data, more = landed.read(HEAD_BYTES), landed.read(1)
    head = _Head(path, shape, data, is_whole=not more)
    if not more or head.has_first_record():
        return head
    data, more = data + more + landed.read(_LONGEST_HEAD), landed.read(1)
    return _Head(path, shape, data, is_whole=not more)


@dataclass(frozen=True)
class _Head:
    """The head of a file, with a sentence for each possible fault."""

    path: str
    shape: FileShape
    data: bytes
    is_whole: bool

    def header(self, size: int) -> Header:
        """Gives the header, or raises FileRejected for the first fault."""
        self._refuse_other_kinds()
        record = self._first_record(self.shape)
        self._refuse_unreadable(record)
        match = self.shape.match(record.fields)
        if self.shape.header:
            self._refuse_mismatch(record.fields, match)
        else:
            self._refuse_numbers(record.fields, match)
        if refusal := refusal_of(self.shape, record.fields):
            raise self._rejected("wrong_header", refusal)
        self._refuse_utf8()
        undeclared = tuple(key for _, key in match.undeclared)
        return Header(tuple(self.shape.texts(record.fields)), undeclared, size)

    def has_first_record(self) -> bool:
        """Returns whether the first record is whole."""
        return bool(self._first_record(self.shape).fields)

    def _first_record(self, shape: FileShape) -> Record:
        """Gives the first record as the shape reads it; one without fields if there is none."""
        final = self.is_whole
        text = Transcoder(shape.encoding).feed(self.data, final=final)
        text = DataLines(shape.skip_lines, shape.footer_lines).feed(text, final=final)
        splitter = RecordSplitter(shape)
        records, start = splitter.split(text, final=final, most=1)
        if records:
            return records[0]
        raw = text if splitter.is_in_long_line else text[start:]
        return Record([], raw[:HEAD_BYTES].decode(errors="replace"))

    def _refuse_utf8(self) -> None:
        """Refuses a file in UTF-8 that is declared otherwise; of a longer file the reader does."""
        if self.is_whole:
            transcoder = Transcoder(self.shape.encoding)
            transcoder.feed(self.data, final=True)
            transcoder.check(self.path)

    def _refuse_other_kinds(self) -> None:
        plain = _MARK.sub(b"", self.data, count=1).replace(b"\0", b"")
        if not plain.strip(b"\r\n"):
            what = "nothing but blank lines" if self.data else "zero bytes"
            raise self._rejected("empty", f"{what}, not even a header; deliver it again")
        if _PAGE.match(plain):
            title = _TITLE.search(plain)
            named = f" titled {shown_text(title[1].decode(errors='replace'))}" if title else ""
            raise self._rejected(
                "html",
                f"an HTML or XML page{named} instead of data, maybe a server's error page; "
                "open it in a browser, then deliver the data",
            )
        if kind := self._binary_kind():
            raise self._rejected("binary", f"looks like {kind}, not like text; deliver it as CSV")
        if self._has_nuls():
            is_utf_16 = self.data.startswith(_UTF_16)
            what = "text in UTF-16" if is_utf_16 else "binary data with NUL bytes, not like text"
            do = "; declare csv.encoding: 'utf-16'" if is_utf_16 else "; deliver it as CSV"
            raise self._rejected("binary", f"looks like {what}{self._guess(fitting=0) or do}")

    def _binary_kind(self) -> str | None:
        if self.data.startswith(b"PK") and b"xl/" in self.data:
            return "an Excel workbook"
        return next((kind for magic, kind in _MAGIC.items() if self.data.startswith(magic)), None)

    def _has_nuls(self) -> bool:
        """Returns whether NULs are in the header, or more than a stray one below it.

        A stray NUL is one malformed record; a file full of them is no text in one byte a letter.
        """
        nuls = self.data.count(0)
        lines = DataLines(self.shape.skip_lines, 0).feed(self.data).lstrip(b"\r\n")
        in_header = b"\0" in lines.split(b"\n", 1)[0].split(b"\r", 1)[0]
        return self.shape.encoding != "utf-16" and (in_header or nuls * 100 > len(self.data))

    def _refuse_unreadable(self, record: Record) -> None:
        first = "header" if self.shape.header else "first record"
        got = self._got([record.raw or ""])
        if not (record.fields or record.raw):
            raise self._rejected(
                "empty",
                f"no {first} after csv.skip_lines: {self.shape.skip_lines} and before "
                f"csv.footer_lines: {self.shape.footer_lines}; deliver it again, whole, "
                "or declare as many lines as there are",
            )
        if record.problem == "undecodable":
            raise self._rejected(
                "undecodable_header",
                f"the {first} is not valid {self.shape.encoding}, {got}{self._guess(fitting=0)}; "
                "declare the encoding that the file has",
            )
        if record.problem or not record.fields:
            problem = PROBLEMS[record.problem or "too_long"]
            raise self._rejected(
                "wrong_header",
                f"the {first} cannot be read: {problem}; expected {_listed(self.shape.headers)}, "
                f"{got}; correct the file, or the feed's quote",
            )

    def _refuse_mismatch(self, texts: Sequence[str], match: HeaderMatch) -> None:
        declared_columns = len(match.positions) - len(match.missing)
        if not declared_columns:
            raise self._rejected(
                "wrong_header",
                f"the header has no declared column, expected {_listed(self.shape.headers)}, "
                f"{self._got(texts)}{self._guess(declared_columns)}; "
                "correct the file or the feed's columns",
            )
        if match.repeated:
            raise self._rejected(
                "duplicate_header",
                f"two columns have the same header, got {_listed(match.repeated)} twice; "
                "give each column a header of its own",
            )
        if match.missing:
            raise self._rejected(
                "missing_column",
                f"the header lacks {self._missing(match)}, got {_listed(texts)}"
                f"{self._guess(declared_columns)}; correct the file or the feed's columns",
            )

    def _refuse_numbers(self, fields: Sequence[str], match: HeaderMatch) -> None:
        if match.missing:
            declared_columns = len(match.positions) - len(match.missing)
            raise self._rejected(
                "missing_column",
                f"the first record has {len(fields)} columns, expected also "
                f"{_listed(match.missing)}, {self._got(fields)}{self._guess(declared_columns)}; "
                "correct the file or the feed's columns, which are numbers from 1 "
                "where csv.header is false",
            )

    def _got(self, texts: Sequence[str]) -> str:
        """Shows the texts in the place of a header, unless the feed never stores some columns."""
        if self.shape.never_store:
            return "got texts that are not shown, because the feed has never_store"
        return f"got {_listed(texts)}"

    def _missing(self, match: HeaderMatch) -> str:
        """Names the missing headers, each with the present ones that look like it."""
        unmatched = {caseless_form(text): text for _, text in match.undeclared}
        named, is_alike = [], False
        for header in match.missing:
            close = get_close_matches(caseless_form(header), unmatched, n=2)
            alike = " or ".join(shown_text(unmatched[text]) for text in close)
            named.append(shown_text(header) + (f" (did you mean {alike}?)" if alike else ""))
            is_alike = is_alike or bool(alike)
        undeclared = f" and has {_listed([*unmatched.values()])} instead" if unmatched else ""
        return f"{examples(named)}{'' if is_alike else undeclared}"

    def _guess(self, fitting: int) -> str:
        """Names the dialect under which the header has more of the declared columns, if any."""
        best = self._best_fitting(other_shapes(self.shape), fitting)
        if best is None and not fitting:
            is_utf_16 = self.data.startswith(_UTF_16) or b"\0" in self.data[:_FIRST_BYTES]
            best = self._best_fitting(titled_shapes(self.shape, is_utf_16=is_utf_16), fitting)
        if best is None:
            return self._split_otherwise(fitting)
        changed = difference(self.shape, best)
        return f"; it would fit with {changed}" if changed else ""

    def _best_fitting(self, shapes: Iterable[FileShape], fitting: int) -> FileShape | None:
        """Returns the first of the shapes whose header has the most declared columns, if more."""
        best = None
        for shape in shapes:
            match = shape.match(self._first_record(shape).fields)
            columns = len(match.positions) - len(match.missing)
            if columns > fitting:
                fitting, best = columns, shape
        return best

    def _split_otherwise(self, fitting: int) -> str:
        """Names the delimiter that splits the header into the most columns, if none is declared."""
        own = self._first_record(self.shape).fields
        if fitting or self.shape.never_store:
            return ""
        fields = {shape: self._first_record(shape).fields for shape in other_shapes(self.shape)}
        best = max(fields, key=lambda shape: len(fields[shape]))
        if len(fields[best]) <= max(len(own), 2):
            return ""
        changed = difference(self.shape, best)
        return (
            f"; {changed} splits it into {len(fields[best])} columns: {_listed(fields[best])}, "
            "none of them declared"
        )

    def _rejected(self, code: str, what: str) -> FileRejected:
        return FileRejected(code, f"{self.path}: {what}")


def _listed(texts: Sequence[str]) -> str:
    return examples([shown_text(text) for text in texts])
