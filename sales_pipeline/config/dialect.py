"""How CSV files are written: a part of every feed, of the catalogue and of the rates."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field

from sales_pipeline.config.declared import Declared
from sales_pipeline.config.values import Mark, OneOrMany, Text

Encoding = Literal["utf-8", "cp1252", "iso-8859-1", "iso-8859-15", "cp932", "utf-16"]
ENCODINGS: tuple[str, ...] = get_args(Encoding)
NOT_BUILTIN = ("cp932", "utf-16")
"""Encodings in which a byte of ASCII may be a part of another character."""

WHITE_SPACE = " \t\r\n\u00a0\u202f\u3000"
"""What is trimmed from delivered text: ASCII white space and the no-break and wide spaces."""
_ALSO_THOUSANDS = {" ": "\u00a0\u202f", "'": "\u2019"}


def thousands_marks(declared: str) -> str:
    r"""Returns every character that stands between thousands where one is declared.

    >>> thousands_marks("."), ascii(thousands_marks(" "))
    ('.', "' \\xa0\\u202f'")
    """
    return declared + _ALSO_THOUSANDS.get(declared, "")


class Dialect(Declared):
    """How a feed's CSV files are written."""

    delimiter: Mark = ","
    """The one character between two fields."""
    quote: Mark = '"'
    """The character around a field that holds delimiters, quotes (doubled) or line ends."""
    escape: Mark | None = None
    """The character before a quote within a quoted field, such as a backslash, or nothing. Before
    itself it stands for itself; a doubled quote is one quote with it as well."""
    encoding: Encoding = "utf-8"
    """The characters' encoding; a byte order mark is taken as one and removed."""
    decimal: Literal[".", ","] = "."
    """The decimal mark of the numbers."""
    thousands: Literal["", ",", ".", " ", "'"] = ""
    """The mark between thousands, or nothing. A space also stands for the no-break spaces, an
    apostrophe for the typographic one."""
    symbols: Annotated[tuple[Text, ...], OneOrMany] = ()
    """Texts beside the numbers that are no part of them, such as € or EUR."""
    header: bool = True
    """Whether a row of headers stands before the records. Without one, a column's header in the
    declaration is its number in the file, from 1."""
    skip_lines: Annotated[int, Field(ge=0)] = 0
    """Lines before the header, or before the first record, that are no data. One that could count
    as a record is read as one all the same."""
    skip_like: Text | None = None
    """What these lines look like, such as `Report*`: `*` stands for any text, `?` for a character.
    A line that does not look so is read as a record. Without it only a line with as many fields as
    a record, and with a day and a product where these are columns, is read as one."""
    footer_lines: Annotated[int, Field(ge=0)] = 0
    """Lines at the end that are no data, such as a line of totals. One that could count as a record
    is read as one all the same."""
    footer_like: Text | None = None
    """What these lines look like, such as `TOTAL*`; otherwise as skip_like."""
