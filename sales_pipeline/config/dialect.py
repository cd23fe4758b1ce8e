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
INVISIBLE = "".join(
    chr(code)
    for first, last in [(0xAD, 0xAD), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x2064),
                        (0x2066, 0x206F), (0xFEFF, 0xFEFF)]
    for code in range(first, last + 1)
)  # fmt: skip
"""Characters that nobody sees: of no width, marks of direction, byte order marks."""
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
    """Lines before the header, or before the first record, that are no data."""
    footer_lines: Annotated[int, Field(ge=0)] = 0
    """Lines at the end that are no data, such as a line of totals."""
