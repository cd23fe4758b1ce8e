"""Separates the data of a landing file from the lines around it, which its feed declares.

A file that comes without its line of totals would lose its last sale, and one without its title
its first. So a line is only left out if it looks like such a line: if it matches the
declared pattern, or, without one, if it does not look like a record, fit or unfit.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sales_pipeline.errors import examples, shown_text
from sales_pipeline.landing import quotes
from sales_pipeline.landing.headers import HeaderMatch, match_header
from sales_pipeline.landing.landed_bytes import LandedBytes, Transcoder
from sales_pipeline.landing.quotes import LINE_END, FieldFormat
from sales_pipeline.landing.shape import FileShape

_LINES = re.compile(rb"[^\r\n]*(?:\r\n?|\n|\Z)")
_DAYS = ("sold_on", "date")
"""Columns of a day; the first declared one of these counts."""
_PRODUCT = "product"
_ID = "sale_id"
_DAY_DIGITS = 4
"""A day has as many digits at least, unless its month is a word: 1/2/25."""
_SHOWN_CHARACTERS = 80


class DataLines:
    """Removes the lines that are no data from both ends of a file in UTF-8, piece by piece.

    They are lines of the file without regard to quotes: any lines before the
    data, and at the end the non-empty ones with the empty ones among them, if
    they lie within the last bytes of the file, as many as the longest record may have.

    Args:
        skip: The number of lines before the data.
        footer: The number of lines after the data.

    Attributes:
        skipped: The lines before the data, with their ends; longer than a record are left out.
    """

    def __init__(self, skip: int, footer: int) -> None:
        self.skipped: list[bytes] = []
        self._skip = skip
        self._footer = footer
        self._kept = b""
        self._before = b"\n"  # The last byte that was given away.
        self._is_in_long_line = False

    def feed(self, data: bytes, *, final: bool = False) -> bytes:
        """Returns the next bytes that are data; `final` says that the file ends with this piece.

        The lines at the end are never among them; `footer` gives them.
        """
        data, self._kept = self._kept + data, b""
        if self._skip:
            data = self._after_skipped(data, final=final)
        if self._footer and not self._skip:
            end = self._footer_start(data)
            data, self._kept = data[:end], data[end:]
            self._before = data[-1:] or self._before
        return data

    @property
    def footer(self) -> list[bytes]:
        """The lines at the end of the file, with their ends; known after its last piece."""
        return [line for line in _LINES.findall(self._kept) if line]

    def _after_skipped(self, data: bytes, *, final: bool) -> bytes:
        start = 0
        while self._skip:
            line_end = LINE_END.search(data, start)
            is_half = line_end is not None and line_end.end() == len(data) and data[-1:] == b"\r"
            if line_end is None or (is_half and not final):  # It may be the first half of a \r\n.
                remainder = data[start:]
                if len(remainder) > quotes.MAX_RECORD_BYTES + len(b"\r"):
                    remainder, self._is_in_long_line = remainder[-1:] if is_half else b"", True
                self._kept = remainder
                return b""
            if not self._is_in_long_line:
                self.skipped.append(data[start : line_end.end()])
            self._is_in_long_line = False
            start = line_end.end()
            self._skip -= 1
        return data[start:]

    def _footer_start(self, data: bytes) -> int:
        """Returns where the last lines begin, as many as the footer may still have."""
        first = max(0, len(data) - quotes.MAX_RECORD_BYTES)
        start = len(data)
        for _ in range(self._footer):
            end = first + len(data[first:start].rstrip(b"\r\n"))
            begin = max(data.rfind(b"\n", first, end), data.rfind(b"\r", first, end)) + 1
            if not begin and (first or self._before not in b"\r\n"):
                break  # The line began before.
            start = begin
            if not start:
                break
        return start


class FrameLines:
    """Distinguishes records from lines that a feed declares to be none."""

    def __init__(self, shape: FileShape, match: HeaderMatch) -> None:
        self._format = FieldFormat.of(shape)
        self._width = match.width
        self._skip_like, self._footer_like = shape.skip_like, shape.footer_like
        at = {name: at for (name, _), at in zip(shape.columns, match.positions, strict=True)}
        self._day = next((at[name] for name in _DAYS if name in at), None)
        self._product, self._id = at.get(_PRODUCT), at.get(_ID)
        self._declared = [place for place in match.positions if place is not None]

    def skipped_records(self, lines: Sequence[bytes]) -> list[bytes]:
        """Returns the records among the lines before the data."""
        return [line for line in lines if self._is_record(line, self._skip_like)]

    def footer_records(self, lines: Sequence[bytes]) -> list[bytes]:
        """Returns the records among the lines at the end."""
        return [line for line in lines if self._is_record(line, self._footer_like)]

    def hidden_records(self, skipped: Sequence[bytes], footer: Sequence[bytes]) -> list[bytes]:
        """Returns the lines that would be records without a declared pattern."""
        ends = ((skipped, self._skip_like), (footer, self._footer_like))
        return [
            line
            for lines, like in ends
            for line in lines
            if like and not self._is_record(line, like) and self._is_record(line, "")
        ]

    def _is_record(self, line: bytes, like: str) -> bool:
        line = line.rstrip(b"\r\n")
        if not line or len(line) > quotes.MAX_RECORD_BYTES:
            return False
        if like:
            return not _pattern(like).fullmatch(line.decode(errors="replace"))
        fields = self._format.read_line(line)
        if fields is None and self._format.count_fields(line) == self._width:
            return True
        if fields is None:  # A quote was not closed, because the line is cut off there.
            quote = self._format.quote
            fields = [field.strip(quote) for field in line.split(self._format.delimiter)]
        texts = [field.decode(errors="replace").strip() for field in fields]
        if len(texts) == self._width:
            return self._is_whole_record(texts)
        return self._is_ragged_record(texts)

    def _is_whole_record(self, texts: Sequence[str]) -> bool:
        """Returns whether a line with as many fields as a record is one, fit or unfit."""
        has_day = self._day is None or _has_digit(texts[self._day])
        has_product = self._product is None or bool(texts[self._product])
        if has_day and has_product:
            return True
        if self._has_id(texts) and (_has_digit(_at(texts, self._day)) or _at(texts, self._product)):
            return True
        others = [texts[at] for at in self._declared if at != self._day]
        return self._product is not None and all(others) and any(map(_has_digit, others))

    def _is_ragged_record(self, texts: Sequence[str]) -> bool:
        """Returns whether a line with fewer or more fields is a record, such as one cut off."""
        day = _at(texts, self._day)
        if not day[:1].isdigit() or sum(mark.isdigit() for mark in day) < _DAY_DIGITS:
            return False
        if self._id is not None:
            return self._has_id(texts)
        return self._product is None or bool(_at(texts, self._product))

    def _has_id(self, texts: Sequence[str]) -> bool:
        text = _at(texts, self._id)
        return _has_digit(text) and len(text.split()) == 1


@dataclass(frozen=True)
class EndLines:
    """Lines around the data of a file that look like records.

    Attributes:
        kept: Lines that are read as records, although no record should be in their place.
        hidden: Lines that are left out, because they match the declared pattern.
    """

    kept: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()


def _at(texts: Sequence[str], place: int | None) -> str:
    """Gives the text of a column, empty if it is not declared or the line ends before it."""
    return texts[place] if place is not None and place < len(texts) else ""


def _has_digit(text: str) -> bool:
    return any(mark.isdigit() for mark in text)


def end_lines(path: str, shape: FileShape, texts: Sequence[str]) -> EndLines:
    """Finds the lines around the data of a file that look like records.

    Of a file that is not packed only the two ends are read.
    """
    lines = DataLines(shape.skip_lines, shape.footer_lines)
    transcoder, final = Transcoder(shape.encoding), False
    with open(path, "rb") as file:
        landed = LandedBytes(file, path, max_ratio=shape.max_unpacked_ratio)
        tail = os.fstat(file.fileno()).st_size - 2 * quotes.MAX_RECORD_BYTES
        while not final:
            data = landed.read(quotes.MAX_RECORD_BYTES)
            final = not data or not shape.footer_lines
            lines.feed(transcoder.feed(data, final=final), final=final)
            if not landed.is_gzip and shape.encoding != "utf-16" and file.tell() < tail:
                file.seek(tail)
    frame = FrameLines(shape, match_header(shape.columns, texts, shape.never_store))
    kept = frame.skipped_records(lines.skipped) + frame.footer_records(lines.footer)
    hidden = frame.hidden_records(lines.skipped, lines.footer)
    return EndLines(*(tuple(map(_shown, lines_of_kind)) for lines_of_kind in (kept, hidden)))


def warnings_of_ends(shape: FileShape, ends: EndLines) -> Iterator[str]:
    """Yields warnings about lines that look like records, although the feed declares none there."""
    declared = f"csv.skip_lines: {shape.skip_lines} and csv.footer_lines: {shape.footer_lines}"
    if ends.kept:
        yield (
            f"{declared} leave out lines that read as records, so they are kept as records: "
            f"{_unless_personal(shape, ends.kept)}. Do: see whether the file is whole; declare "
            "csv.skip_like or csv.footer_like if they are none"
        )
    if ends.hidden:
        yield (
            f"{declared} leave out lines that read as records, because they match csv.skip_like "
            f"or csv.footer_like: {_unless_personal(shape, ends.hidden)}. Do: see whether they "
            "are sales; declare a pattern that only matches lines that are none"
        )


def _unless_personal(shape: FileShape, lines: Sequence[str]) -> str:
    if shape.never_store:
        return "not shown, because the feed has never_store"
    return examples([shown_text(line, _SHOWN_CHARACTERS) for line in lines])


def _shown(line: bytes) -> str:
    return line.decode(errors="replace").rstrip("\r\n")


def _pattern(like: str) -> re.Pattern[str]:
    marks = {"*": ".*", "?": "."}
    return re.compile("".join(marks.get(mark, re.escape(mark)) for mark in like), re.DOTALL)
