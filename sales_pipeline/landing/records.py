r"""How the bytes of a landing file become records: the definition, byte by byte.

`Transcoder` turns a file's bytes into UTF-8 without a byte order mark, `DataLines`
takes out the lines before and after the data, and `RecordSplitter` cuts the rest into
records. All take the file piece by piece, and give the same whatever the pieces are.
The reader has a faster way for the plain
parts of a file, which must agree with this one on every input.

The rules: `\n`, `\r\n` and a lone `\r` end a record; a line of no bytes is no
record. A quote opens a quoted field only at the field's start; inside, a doubled
quote is one quote; what follows the closing quote up to the delimiter belongs to
the field. What cannot be read so is malformed, costs no more than its own line,
and is kept as text with one of the `PROBLEMS`.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import NamedTuple

from sales_pipeline.landing.shape import FileShape

MAX_RECORD_BYTES = 1 << 20
"""A longer record is malformed; also how far ahead the end of a quoted field is looked for."""
KEPT_BYTES = 65_536
"""How much is kept of a line that is too long."""
PROBLEMS = {
    "too_few_columns": "it has fewer columns than the header",
    "too_many_columns": "it has more columns than the header",
    "unterminated_quote": "a quoted field that begins in it is not closed where it should be",
    "too_long": "the line is longer than a record can be",
    "undecodable": "it has bytes that are no text in the declared encoding",
}
"""Every code of a malformed record, and what it says about the record."""

_LINE_END = re.compile(rb"\r\n?|\n")
_ESCAPED_BYTE = re.compile("[\udc00-\udcff]")


def _keep_bytes(error: UnicodeError) -> tuple[str, int]:
    """Decodes each undecodable byte as a lone surrogate, which UTF-8 cannot hold."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    kept = error.object[error.start : error.end]
    return "".join(chr(0xDC00 + byte) for byte in kept), error.end


codecs.register_error("sales_pipeline.keep_bytes", _keep_bytes)


class Transcoder:
    """Turns a file's bytes, piece by piece, into UTF-8 without a byte order mark.

    Bytes that are not valid in the file's encoding end as bytes that are not valid
    in UTF-8, within the same record.
    """

    def __init__(self, encoding: str) -> None:
        self._encoding = codecs.lookup(encoding).name
        self._head: bytes | None = b""
        self._decoder: codecs.IncrementalDecoder | None = None

    def feed(self, data: bytes, *, final: bool = False) -> bytes:
        """Gives the next bytes in UTF-8; `final` says that the file ends with this piece."""
        if self._head is not None:
            self._head += data
            if len(self._head) < len(codecs.BOM_UTF8) and not final:
                return b""
            data, self._head = self._start(self._head), None
        if self._decoder is None:
            return data
        return self._decoder.decode(data, final).encode("utf-8", "surrogatepass")

    def _start(self, head: bytes) -> bytes:
        """Chooses the decoder by the first bytes of the file; gives them without the mark."""
        if self._encoding == "utf-8":
            return head.removeprefix(codecs.BOM_UTF8)
        encoding = self._encoding
        if encoding == "utf-16":
            encoding = "utf-16-be" if head.startswith(codecs.BOM_UTF16_BE) else "utf-16-le"
            marked = head.startswith((codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE))
            head = head[2:] if marked else head
        self._decoder = codecs.getincrementaldecoder(encoding)("sales_pipeline.keep_bytes")
        return head


class DataLines:
    """Takes the lines that are no data from the two ends of a file in UTF-8, piece by piece.

    They are lines as they stand in the file, whatever their quotes: any before the
    data, and at the end those that are not empty, with the empty ones among them.
    """

    def __init__(self, skip: int, footer: int) -> None:
        self._skip = skip
        self._footer = footer
        self._kept = b""

    def feed(self, data: bytes, *, final: bool = False) -> bytes:
        """Gives the next bytes that are data; `final` says that the file ends with this piece."""
        data, self._kept = self._kept + data, b""
        if self._skip:
            data = self._after_skipped(data, final=final)
        if self._footer and not self._skip:
            end = self._footer_start(data)
            data, self._kept = data[:end], data[end:]
        return data

    def _after_skipped(self, data: bytes, *, final: bool) -> bytes:
        start = 0
        while self._skip:
            line_end = _LINE_END.search(data, start)
            if line_end is None:
                return b""
            start = line_end.end()
            if data.endswith(b"\r") and start == len(data) and not final:
                self._kept = b"\r"  # It may be the first half of a \r\n.
                return b""
            self._skip -= 1
        return data[start:]

    def _footer_start(self, data: bytes) -> int:
        """Gives where the last lines begin, as many as the footer may still have."""
        start = len(data)
        for _ in range(self._footer):
            end = start
            while end and data[end - 1] in b"\r\n":
                end -= 1
            start = max(data.rfind(b"\n", 0, end), data.rfind(b"\r", 0, end)) + 1
        return start


@dataclass(frozen=True)
class RecordFormat:
    """How records are written, in UTF-8.

    Attributes:
        delimiter: The byte between two fields.
        quote: The byte around a field that holds delimiters or line ends.
        transcoded: Whether the file is in another encoding than UTF-8.
        width: How many fields a record has; None takes any number.
    """

    delimiter: bytes
    quote: bytes
    transcoded: bool
    width: int | None = None

    @classmethod
    def of(cls, shape: FileShape, *, width: int | None = None) -> RecordFormat:
        """Gives the format of a shape's records; without a width, that of its header record."""
        marks = shape.delimiter.encode(), shape.quote.encode()
        return cls(*marks, transcoded=shape.encoding != "utf-8", width=width)


class Record(NamedTuple):
    """One record: its fields, or, where it is malformed, its text and a problem code."""

    fields: list[str]
    raw: str | None = None
    problem: str | None = None


class _Span(NamedTuple):
    """Where a record's fields were found, and where it ends without its line end."""

    fields: list[bytes]
    end: int


class RecordSplitter:
    """Cuts UTF-8 bytes into records, piece by piece."""

    def __init__(self, form: RecordFormat) -> None:
        self._form = form
        self._field_end = re.compile(b"[\r\n" + re.escape(form.delimiter) + b"]")
        self._long_head = b""
        self._long_bytes = 0

    @property
    def is_in_long_line(self) -> bool:
        """Tells whether the bytes to come belong to a line whose beginning was dropped."""
        return self._long_bytes > 0

    def split(
        self, data: bytes, *, final: bool = False, most: int | None = None
    ) -> tuple[list[Record], bytes]:
        """Takes the records that are whole in `data`.

        Args:
            data: The rest of the call before, and the bytes that follow it.
            final: The file ends with these bytes.
            most: How many records are taken at most.

        Returns:
            The records, and the rest that the next call has to begin with.
        """
        # The last \r may be the first half of a \r\n: it waits for the next byte.
        known = data[:-1] if data.endswith(b"\r") and not final else data
        records: list[Record] = []
        start = 0
        while (start < len(known) or self._long_bytes) and len(records) != most:
            record, after = self._next(known, start, final=final)
            if record is not None:
                records.append(record)
            if after is None:
                break
            start = after
        if self._long_bytes:
            start = len(known)
        return records, data[start:]

    def _next(self, data: bytes, start: int, *, final: bool) -> tuple[Record | None, int | None]:
        """Takes one record or blank line; gives where the next begins, None where data ends."""
        line_end = _LINE_END.search(data, start)
        line_stop = line_end.start() if line_end else len(data)
        after_line = line_end.end() if line_end else (len(data) if final else None)
        if self._long_bytes or line_stop - start > MAX_RECORD_BYTES:
            return self._long_line(data[start:line_stop], after_line)
        if line_stop == start:
            return None, after_line
        if after_line is None:
            return None, None
        line = data[start:line_stop]
        if self._form.quote not in line:
            return self._record(line.split(self._form.delimiter), line), after_line
        span = self._scan(data, start, final=final)
        if span is None and not final and len(data) - start <= MAX_RECORD_BYTES:
            return None, None
        if span is None or span.end - start > MAX_RECORD_BYTES:
            return self._malformed(line, "unterminated_quote"), after_line
        if span.end == line_stop:
            return self._record(span.fields, line), after_line
        if self._form.width not in (None, len(span.fields)):
            return self._malformed(line, "unterminated_quote"), after_line
        after = _LINE_END.match(data, span.end)
        return self._record(span.fields, data[start : span.end]), after.end() if after else span.end

    def _scan(self, data: bytes, start: int, *, final: bool) -> _Span | None:
        """Finds the fields of the record at `start`; None where its end is not to be seen."""
        limit = min(len(data), start + MAX_RECORD_BYTES + 1)
        fields: list[bytes] = []
        at = start
        while True:
            text, at = self._quoted(data, at, limit)
            if at < 0:
                return None
            found = self._field_end.search(data, at, limit)
            if found is None and not (final and limit == len(data)):
                return None
            stop = found.start() if found else limit
            fields.append(text + data[at:stop])
            if found is None or found.group() != self._form.delimiter:
                return _Span(fields, stop)
            at = stop + 1

    def _quoted(self, data: bytes, at: int, limit: int) -> tuple[bytes, int]:
        """Gives the text of a quoted field at `at`, and where it is closed (-1 if nowhere)."""
        quote = self._form.quote
        if not data.startswith(quote, at):
            return b"", at
        begin = close = at + 1
        while True:
            close = data.find(quote, close, limit)
            if close < 0:
                return b"", -1
            if not data.startswith(quote, close + 1):
                return data[begin:close].replace(quote * 2, quote), close + 1
            close += 2

    def _record(self, fields: list[bytes], line: bytes) -> Record:
        if self._form.width not in (None, len(fields)):
            return self._malformed(line, ragged_problem(len(fields), self._form.width or 0))
        try:
            texts = [field.decode() for field in fields]
        except UnicodeDecodeError:
            return self._malformed(line, "undecodable")
        return self._malformed(line, "undecodable") if b"\0" in line else Record(texts)

    def _malformed(self, line: bytes, problem: str) -> Record:
        return Record([], self._text(line), problem if is_text(line) else "undecodable")

    def _long_line(self, part: bytes, after: int | None) -> tuple[Record | None, int | None]:
        """Adds to a line that is too long; gives its record once its end is known."""
        self._long_head += part[: KEPT_BYTES - len(self._long_head)]
        self._long_bytes += len(part)
        if after is None:
            return None, None
        raw = f"{self._text(self._long_head, is_whole=False)} … ({self._long_bytes} bytes in all)"
        self._long_head, self._long_bytes = b"", 0
        return Record([], raw, "too_long"), after

    def _text(self, line: bytes, *, is_whole: bool = True) -> str:
        r"""Gives the bytes as text; what is no text is shown as the file's bytes, `\x81`."""
        errors = "surrogatepass" if self._form.transcoded else "backslashreplace"
        text = codecs.getincrementaldecoder("utf-8")(errors).decode(line, is_whole)
        text = _ESCAPED_BYTE.sub(lambda byte: f"\\x{ord(byte[0]) - 0xDC00:02x}", text)
        return text.replace("\0", "\\x00")


def is_text(line: bytes) -> bool:
    """Tells whether the bytes are valid UTF-8 without a NUL character."""
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in line


def ragged_problem(got: int, expected: int) -> str:
    """Gives the problem code of a record whose number of fields is not the header's."""
    return "too_few_columns" if got < expected else "too_many_columns"
