r"""The bytes of a landing file as records: the definition, byte by byte.

`Transcoder` turns a file's bytes into UTF-8, `DataLines` takes out the lines before and after
the data, and `RecordSplitter` cuts the rest into records. All take the file piece by piece, and
give the same whatever the pieces are. The reader has a faster way for the plain parts of a file,
which must agree with this one on every input.

The rules: `\n`, `\r\n` and a lone `\r` end a record; a line of no bytes is no record. A byte
order mark before a record is no part of it, and one between a record and a later header ends the
record. `quotes` says what a quoted field is, and `headers` what a later header is, which is no
record either. What cannot be read so is malformed, costs no more than its own line, and is kept
as text with one of the `PROBLEMS`.
"""

from __future__ import annotations

import codecs
from typing import NamedTuple

from sales_pipeline.landing import quotes
from sales_pipeline.landing.headers import HeaderMatch, Headers
from sales_pipeline.landing.landed_bytes import is_text, shown_text
from sales_pipeline.landing.quotes import LINE_END, FieldFormat, QuoteFault, Span
from sales_pipeline.landing.shape import FileShape

KEPT_BYTES = 65_536
"""How much is kept of a line that is too long."""
PROBLEMS = {
    "too_few_columns": "it has fewer columns than the header",
    "too_many_columns": "it has more columns than the header",
    "unterminated_quote": "a quoted field that begins in it is not closed where it should be",
    "text_after_quote": "text follows the closing quote of a field",
    "too_long": "the line is longer than a record can be",
    "undecodable": "it has bytes that are no text in the declared encoding",
    "header_unknown": "a header further up lacks declared columns",
}
"""Every code of a malformed record, and what it says about the record."""

MARK = codecs.BOM_UTF8


class Record(NamedTuple):
    """One record: its fields, or, where it is malformed, its text and a problem code.

    Attributes:
        fields: The texts of its fields; none where it is malformed.
        raw: Its text, where it is malformed.
        problem: One of the `PROBLEMS`, or None.
        match: Where the columns are in its fields; None for a file's first record, which says it.
    """

    fields: list[str]
    raw: str | None = None
    problem: str | None = None
    match: HeaderMatch | None = None


class RecordSplitter:
    """Cuts UTF-8 bytes into records, piece by piece.

    Args:
        shape: How the file is written.
        headers: The header that holds, which a later one replaces; None for the first record,
            which may have any number of fields.
    """

    def __init__(self, shape: FileShape, headers: Headers | None = None) -> None:
        self._fields = FieldFormat.of(shape)
        self._is_transcoded = shape.encoding != "utf-8"
        self._headers = headers
        self._long_head = b""
        self._long_bytes = 0

    @property
    def is_in_long_line(self) -> bool:
        """Tells whether the bytes to come belong to a line whose beginning was dropped."""
        return self._long_bytes > 0

    def split(
        self, data: bytes, start: int = 0, *, final: bool = False, most: int | None = None
    ) -> tuple[list[Record], int]:
        """Takes the records that are whole in `data`.

        Args:
            data: What the calls before left, and the bytes that follow it.
            start: Where in it to begin.
            final: The file ends with these bytes.
            most: How many records are taken at most.

        Returns:
            The records, and where the next call has to begin.
        """
        # The last \r may be the first half of a \r\n: it waits for the next byte.
        known = data[:-1] if data.endswith(b"\r") and not final else data
        records: list[Record] = []
        while (start < len(known) or self._long_bytes) and len(records) != most:
            record, after = self._next(known, start, final=final)
            if record is not None:
                records.append(record)
            if after is None:
                break
            start = after
        if self._long_bytes:
            start = len(known)
        return records, start

    def _next(self, data: bytes, start: int, *, final: bool) -> tuple[Record | None, int | None]:
        """Takes one record or none; returns where the next begins, None where the data ends."""
        line_end = LINE_END.search(data, start)
        line_stop = line_end.start() if line_end else len(data)
        after_line = line_end.end() if line_end else (len(data) if final else None)
        while not self._long_bytes and data.startswith(MARK, start, line_stop):
            start += len(MARK)
        if self._long_bytes or line_stop - start > quotes.MAX_RECORD_BYTES:
            return self._long_line(data[start:line_stop], after_line)
        if line_stop == start:
            return None, after_line
        if after_line is None:
            return None, None
        line = data[start:line_stop]
        if (at := self._joined_at(line)) is not None:
            return self._record(self._fields.read_line(line[:at]), line[:at]), start + at
        if not self._fields.opens_quote(line):
            return self._record(line.split(self._fields.delimiter), line), after_line
        width = self._headers.width if self._headers else None
        result = self._fields.read_record(data, start, line_stop, width=width, final=final)
        if result is QuoteFault.UNKNOWN:
            return None, None
        if not isinstance(result, Span):
            problem = (
                "unterminated_quote" if result is QuoteFault.UNTERMINATED else "text_after_quote"
            )
            return self._malformed(line, problem), after_line
        after = LINE_END.match(data, result.end)
        record = self._record(result.fields, data[start : result.end])
        return record, after.end() if after else result.end

    def _joined_at(self, line: bytes) -> int | None:
        """Returns where another file was joined to a line that had no line end, or None."""
        at = line.rfind(MARK)
        if at <= 0 or self._headers is None:
            return None
        fields = self._fields.read_line(line[at + len(MARK) :])
        is_joined = fields is not None and self._headers.is_later_header(fields)
        return at if is_joined else None

    def _record(self, fields: list[bytes] | None, line: bytes) -> Record | None:
        """Returns the record of some fields, or None where they are a later header."""
        if fields is None:
            return self._malformed(line, "unterminated_quote")
        headers = self._headers
        if headers is not None:
            if headers.is_later_header(fields):
                headers.begin_part(fields)
                return None
            if headers.match is None:
                return self._malformed(line, "header_unknown")
            if headers.width != len(fields):
                return self._malformed(line, ragged_problem(len(fields), headers.width))
        try:
            texts = [field.decode() for field in fields]
        except UnicodeDecodeError:
            return self._malformed(line, "undecodable")
        if b"\0" in line:
            return self._malformed(line, "undecodable")
        return Record(texts, match=headers.match if headers else None)

    def _malformed(self, line: bytes, problem: str) -> Record:
        if is_text(line):
            return Record([], line.decode(), problem)
        return Record([], shown_text(line, transcoded=self._is_transcoded), "undecodable")

    def _long_line(self, part: bytes, after: int | None) -> tuple[Record | None, int | None]:
        """Adds to a line that is too long; returns its record once its end is known."""
        self._long_head += part[: KEPT_BYTES - len(self._long_head)]
        self._long_bytes += len(part)
        if after is None:
            return None, None
        text = shown_text(self._long_head, transcoded=self._is_transcoded, is_whole=False)
        raw = f"{text} … ({self._long_bytes} bytes in all)"
        self._long_head, self._long_bytes = b"", 0
        return Record([], raw, "too_long"), after


def ragged_problem(got: int, expected: int) -> str:
    """Returns the problem code of a record whose number of fields is not the header's."""
    return "too_few_columns" if got < expected else "too_many_columns"
