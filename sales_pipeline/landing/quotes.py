r"""Reads quoted fields, and finds quotes that were never closed.

A quote opens a quoted field only at the field's start. Inside, a doubled quote is one quote, and
so is a quote behind the escape character, if one is declared. The field ends with its closing
quote; spaces and tabs behind it, up to the delimiter, belong to it, and other text does not.

A quote that somebody forgot to close runs on to the next quote, records further down. So a record
that spans lines is believed only if nothing speaks against it: text behind a closing quote, a
number of fields other than the header's, a field of very many lines, or a line inside the quotes
that has as many fields as a record, or nearly as many with a day or a number like the record's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sales_pipeline.landing.shape import FileShape

MAX_RECORD_BYTES = 1 << 20
"""A longer record is malformed; also how far ahead the end of a quoted field is looked for."""
MAX_QUOTED_LINE_ENDS = 100
"""A quoted field with more line ends is taken for one that is never closed."""
LINE_END = re.compile(rb"\r\n?|\n")
_DIGIT = re.compile(rb"[0-9]")
_LIKE_DIGITS = 4
"""A number with as many digits hardly stands in a note by chance where a record has its own."""


class QuoteFault(Enum):
    """The reason why no record can be read at a place."""

    UNKNOWN = auto()
    """Its end is not there yet."""
    TEXT_AFTER_QUOTE = auto()
    UNTERMINATED = auto()


class Span(NamedTuple):
    """The places of a record's fields, and where it ends without its line end."""

    fields: list[bytes]
    end: int


@dataclass(frozen=True)
class FieldFormat:
    """The form of fields, in UTF-8.

    Attributes:
        delimiter: The byte between two fields.
        quote: The byte around a field that holds delimiters or line ends.
        escape: The byte before a quote that belongs to a quoted field, or nothing.
    """

    delimiter: bytes
    quote: bytes
    escape: bytes = b""
    _marks: re.Pattern[bytes] = field(init=False, repr=False, compare=False)
    _field_end: re.Pattern[bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        delimiter, quote, escape = map(re.escape, (self.delimiter, self.quote, self.escape))
        escaped = escape + b"[" + escape + quote + b"]|" if escape else b""
        object.__setattr__(self, "_marks", re.compile(escaped + quote + quote + b"?"))
        object.__setattr__(self, "_field_end", re.compile(b"[\r\n" + delimiter + b"]"))

    @classmethod
    def of(cls, shape: FileShape) -> FieldFormat:
        """Returns the form of the fields in files of a shape."""
        return cls(shape.delimiter.encode(), shape.quote.encode(), shape.escape.encode())

    def read_record(
        self, data: bytes, start: int, line_stop: int, *, width: int | None, final: bool
    ) -> Span | QuoteFault:
        """Finds the fields of the record at `start`, in one line or in several.

        Args:
            data: The bytes of the file that were read so far.
            start: Where the record begins.
            line_stop: Where its first line ends.
            width: How many fields a record has; None takes any number.
            final: Whether the file ends with the data.
        """
        limit = min(len(data), start + MAX_RECORD_BYTES + 1)
        is_end = final and limit == len(data)
        later = QuoteFault.UNKNOWN if limit == len(data) and not final else QuoteFault.UNTERMINATED
        fields: list[bytes] = []
        across: list[tuple[int, int]] = []
        at = start
        while True:
            begin, text = at, b""
            if data.startswith(self.quote, at):
                close = self._close(data, at + 1, limit)
                if close < 0:
                    return later
                text, at = self._text(data, begin + 1, close), close + 1
                if close > line_stop and LINE_END.search(data, begin, close):
                    across.append((begin + 1, close))
            field_end = self._field_end.search(data, at, limit)
            stop = field_end.start() if field_end else limit
            if begin < at and data[at:stop].strip(b" \t"):
                return QuoteFault.TEXT_AFTER_QUOTE if at <= line_stop else QuoteFault.UNTERMINATED
            if field_end is None and not is_end:
                return later
            fields.append(text + data[at:stop])
            if field_end is None or field_end.group() != self.delimiter:
                break
            if width is not None and len(fields) >= width and stop > line_stop:
                return QuoteFault.UNTERMINATED
            at = stop + 1
        is_one = not across or self._is_one(data[start:stop], start, across, (fields, width))
        if not is_one or stop - start > MAX_RECORD_BYTES:
            return QuoteFault.UNTERMINATED
        return Span(fields, stop)

    def _is_one(
        self,
        record: bytes,
        start: int,
        across: list[tuple[int, int]],
        read: tuple[list[bytes], int | None],
    ) -> bool:
        """Returns whether lines that are one record by their quotes are no records of their own."""
        fields, width = read
        if width not in (None, len(fields)):
            return False
        places = [(begin - start, close - start) for begin, close in across]
        if any(len(LINE_END.findall(record, *place)) > MAX_QUOTED_LINE_ENDS for place in places):
            return False
        # The first line of a quoted text belongs to the line that opens it.
        inside = (LINE_END.split(record[slice(*place)])[1:] for place in places)
        is_alike = any(self._is_like(line, fields) for lines in inside for line in lines)
        return not is_alike and not self._holds_records(record, places, len(fields))

    def _is_like(self, line: bytes, fields: list[bytes]) -> bool:
        """Returns whether a line inside quotes has most of a record's fields, and a similar number.

        It is like a record that lacks a field, or has one too many: with a day or a number of four
        digits at least, written as the one in the same place of the record that it is inside of.
        """
        own = line.split(self.delimiter)
        return len(own) * 2 > len(fields) and any(
            len(_DIGIT.findall(text)) >= _LIKE_DIGITS
            and _DIGIT.sub(b"0", text) == _DIGIT.sub(b"0", field)
            for text, field in zip(own, fields, strict=False)
        )

    def opens_quote(self, line: bytes) -> bool:
        """Tells whether a field of the line begins with a quote; other quotes are text.

        >>> plain = FieldFormat(b",", b'"')
        >>> plain.opens_quote(b'7,5" pipe'), plain.opens_quote(b'7,"pipe"')
        (False, True)
        """
        return line.startswith(self.quote) or self.delimiter + self.quote in line

    def read_line(self, line: bytes) -> list[bytes] | None:
        """Returns the fields of a line on its own; None if its quotes are not in order."""
        if not self.opens_quote(line):
            return line.split(self.delimiter)
        span = self.read_record(line, 0, len(line), width=None, final=True)
        return span.fields if isinstance(span, Span) and span.end == len(line) else None

    def count_fields(self, line: bytes) -> int:
        """Counts the fields of a line on its own; an open quote ends with its field."""
        count, at = 1, 0
        while line.find(self.quote, at) >= 0:
            if line.startswith(self.quote, at):
                close = self._close(line, at + 1, len(line))
                if close < 0:
                    break
                at = close + 1
            at = line.find(self.delimiter, at) + 1
            if not at:
                return count
            count += 1
        return count + line.count(self.delimiter, at)

    def _close(self, data: bytes, begin: int, limit: int) -> int:
        """Returns the place of the closing quote of a field that begins there, or -1."""
        for mark in self._marks.finditer(data, begin, limit):
            if mark.end() - mark.start() == 1:
                return mark.start()
        return -1

    def _text(self, data: bytes, begin: int, close: int) -> bytes:
        text = data[begin:close]
        if self.quote not in text and not (self.escape and self.escape in text):
            return text
        return self._marks.sub(lambda mark: mark[0][1:], text)

    def _holds_records(self, record: bytes, across: list[tuple[int, int]], width: int) -> bool:
        """Returns whether lines of a record could be records of their own, by their fields.

        A line counts if it has as many fields as a record on its own, and not only by the
        delimiters outside the quotes that span lines. The first line alone does not: it needs
        a later one that completes a record, too.
        """
        ends = [end.span() for end in LINE_END.finditer(record)]
        begins = [0, *(after for _, after in ends)]
        stops = [*(before for before, _ in ends), len(record)]
        is_first_like_one = False
        for line, (begin, stop) in enumerate(zip(begins, stops, strict=True)):
            if self.count_fields(record[begin:stop]) != width:
                continue
            inside = sum(
                record.count(self.delimiter, max(begin, quote_begin), min(stop, quote_end))
                for quote_begin, quote_end in across
                if quote_begin < stop and quote_end > begin
            )
            if line == 0:
                is_first_like_one = inside > 0
            elif inside or is_first_like_one:
                return True
        return False
