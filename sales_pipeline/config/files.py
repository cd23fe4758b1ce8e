"""The files of a feed: their CSV dialect, when one is complete, and which of two is later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, get_args

from pydantic import Field

from sales_pipeline.config.problems import Mismatch, Plain, entries
from sales_pipeline.config.values import (
    DatePattern,
    Declared,
    Identifier,
    Mark,
    OneOrMany,
    Text,
)

Encoding = Literal["utf-8", "cp1252", "iso-8859-1", "iso-8859-15", "cp932", "utf-16"]
ENCODINGS: tuple[str, ...] = get_args(Encoding)
NOT_BUILTIN = ("cp932", "utf-16")
"""Encodings that Spark's reader cannot split: an ASCII byte may be part of another character."""

WHITE_SPACE = " \t\r\n\u00a0\u202f\u3000"
"""The characters trimmed from delivered text: ASCII white space, no-break and wide spaces."""
_ALSO_THOUSANDS = {" ": "\u00a0\u202f", "'": "\u2019"}


class Dialect(Declared):
    """The CSV dialect of a feed's files."""

    delimiter: Mark = ","
    """The one character between two fields."""
    quote: Mark = '"'
    """The character around a field that holds delimiters, quotes (doubled) or line ends."""
    escape: Mark | None = None
    """The character before a quote within a quoted field, such as a backslash, or nothing. Before
    itself it stands for itself; a doubled quote is one quote with it as well."""
    encoding: Encoding = "utf-8"
    """The encoding of the text. A byte order mark is recognised and removed."""
    decimal: Literal[".", ","] = "."
    """The decimal mark of the numbers."""
    thousands: Literal["", ",", ".", " ", "'"] = ""
    """The mark between thousands, or nothing. A space also means the no-break spaces, an apostrophe
    also the typographic one."""
    symbols: Annotated[tuple[Text, ...], OneOrMany] = ()
    """Texts beside the numbers to ignore, such as € or EUR."""
    header: bool = True
    """Whether a row of headers comes before the records. Without one, the header of a column in the
    declaration is its number in the file, from 1."""
    skip_lines: Annotated[int, Field(ge=0)] = 0
    """Lines before the header, or before the first record, that are no data. One that could count
    as a record is read as one all the same."""
    skip_like: Text | None = None
    """A pattern of these lines, such as `Report*`: `*` stands for any text, `?` for a character. A
    line that does not match is read as a record. Without it a line that looks like
    a record is read as one, fit or unfit: by the texts in the columns of the sale's id, its day and
    its product."""
    footer_lines: Annotated[int, Field(ge=0)] = 0
    """Lines at the end that are no data, such as a line of totals. One that could count as a record
    is read as one all the same."""
    footer_like: Text | None = None
    """A pattern of these lines, such as `TOTAL*`, as skip_like."""


def thousands_marks(declared: str) -> str:
    r"""Returns every character that may separate thousands, given the declared one.

    >>> thousands_marks("."), ascii(thousands_marks(" "))
    ('.', "' \\xa0\\u202f'")
    """
    return declared + _ALSO_THOUSANDS.get(declared, "")


def dialect_mismatches(dialect: Plain) -> Iterator[Mismatch]:
    """Yields marks that cannot be distinguished, and symbols that are part of a number."""
    quote, thousands = dialect.get("quote"), dialect.get("thousands")
    do = "; write another for one of them"
    if "quote" in dialect and quote == dialect.get("delimiter"):
        yield Mismatch(("quote",), "the same as the delimiter", do)
    if dialect.get("escape") and dialect["escape"] == dialect.get("delimiter"):
        yield Mismatch(("escape",), "the same as the delimiter", do)
    if thousands and thousands == dialect.get("decimal"):
        yield Mismatch(("thousands",), "the same as the decimal mark", do)
    if thousands and thousands == quote:
        yield Mismatch(("thousands",), "the same as the quote", do)
    yield from _symbol_mismatches(dialect)


def _symbol_mismatches(dialect: Plain) -> Iterator[Mismatch]:
    marks = (dialect.get("decimal"), dialect.get("thousands"), "+", "-")
    for at, symbol in enumerate(entries(dialect.get("symbols"))):
        if not isinstance(symbol, str):
            continue
        if any(character.isdigit() for character in symbol):
            what = "digits, which belong to the number"
        elif symbol in marks:
            what = "a mark or sign of the number itself"
        elif symbol and not symbol.strip():
            what = "only space, which never counts"
        else:
            continue
        yield Mismatch(("symbols", at), what, "; write what stands beside it, such as €")


class Arrival(Declared):
    """The sign that a file is complete and no longer being written."""

    by: Literal["write", "rename", "marker"] = "write"
    """How files are delivered: written under their own name; or written under another name and
    renamed once they are complete; or written, and followed by a marker file beside them."""
    settle_seconds: Annotated[int, Field(ge=0)] = 10
    """With `write`: for how many seconds a file must not have changed before a run takes it. It
    only counts where the operating system cannot say whether another process writes the file: on
    network mounts, on files of another user, and on systems other than Linux."""
    marker: Text = ".done"
    """With `marker`: the ending of the marker file. `sales.csv` is complete when `sales.csv.done`
    or `sales.done` lies beside it and is not older."""


class FileOrder(Declared):
    """Which of several files that are found together is the later one."""

    by: Literal["name", "time", "date", "column"] = "name"
    """The natural order of the names, in which `sales_2` is before `sales_10` and a copy, such as
    `sales (1)` or `sales - Copy`, is after its original; or the time at which the files changed
    last; or a date in their names; or the greatest value that a column has in their records."""
    date_format: DatePattern | None = None
    """With `date`: the pattern of the date in the names, such as ddMMyyyy."""
    column: Identifier | None = None
    """With `column`: one of the columns of the feed, such as the time of the export."""

    @staticmethod
    def mismatches(order: Plain, /) -> Iterator[Mismatch]:
        """Yields keys that the order needs and lacks, or has and does not use."""
        for key, by in (("date_format", "date"), ("column", "column")):
            is_given = order.get(key) is not None
            if order.get("by") == by and not is_given:
                yield Mismatch((key,), f"missing, and by: {by} needs it", "; write it", shows=False)
            if is_given and order.get("by") != by:
                yield Mismatch((key,), f"only used with by: {by}", "; take it out or declare that")

    @property
    def rule(self) -> str:
        """The rule, as a sentence about two files names it."""
        return {
            "name": "the order of their names",
            "time": "the times at which they changed last",
            "date": f"the dates in their names ({self.date_format})",
            "column": f"their column {self.column}",
        }[self.by]
