"""The CSV dialect of a file: a part of every feed, of the catalogue and of the rates."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Annotated, Literal, get_args

from pydantic import Field

from sales_pipeline.config.problems import Mismatch, Plain, entries
from sales_pipeline.config.values import Declared, Mark, OneOrMany, Text

Encoding = Literal["utf-8", "cp1252", "iso-8859-1", "iso-8859-15", "cp932", "utf-16"]
ENCODINGS: tuple[str, ...] = get_args(Encoding)
NOT_BUILTIN = ("cp932", "utf-16")
"""Encodings that Spark's reader cannot split: an ASCII byte may be part of another character."""

WHITE_SPACE = " \t\r\n\u00a0\u202f\u3000"
"""The characters trimmed from delivered text: ASCII white space, no-break and wide spaces."""
INVISIBLE = "".join(
    chr(code)
    for first, last in [(0xAD, 0xAD), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x2064),
                        (0x2066, 0x206F), (0xFEFF, 0xFEFF)]
    for code in range(first, last + 1)
)  # fmt: skip
"""Characters that nobody sees: of no width, marks of direction, byte order marks."""
_ALSO_THOUSANDS = {" ": "\u00a0\u202f", "'": "\u2019"}


class Dialect(Declared):
    """The CSV dialect of a feed's files."""

    delimiter: Mark = ","
    """The one character between two fields."""
    quote: Mark = '"'
    """The character around a field that holds delimiters, quotes (doubled) or line ends."""
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
    """The number of lines to skip before the header, or before the first record."""
    footer_lines: Annotated[int, Field(ge=0)] = 0
    """The number of lines to skip at the end, such as a line of totals."""


_UNSEEN = dict.fromkeys(map(ord, INVISIBLE))


def visible_name(name: str) -> str:
    r"""Returns the form in which two file names are the same: NFC, without invisible characters.

    >>> visible_name("de\u0301cembre\u200b.csv") == "d\u00e9cembre.csv"
    True
    """
    return unicodedata.normalize("NFC", name.translate(_UNSEEN))


def loose_text(text: str) -> str:
    r"""Returns the form in which two headers are the same: stripped, caseless, NFC.

    >>> loose_text(" Quantite\u0301 ") == loose_text("QUANTITÉ")
    True
    """
    composed = unicodedata.normalize("NFC", text.strip())
    return unicodedata.normalize("NFC", composed.casefold())


def thousands_marks(declared: str) -> str:
    r"""Returns every character that may separate thousands, given the declared one.

    >>> thousands_marks("."), ascii(thousands_marks(" "))
    ('.', "' \\xa0\\u202f'")
    """
    return declared + _ALSO_THOUSANDS.get(declared, "")


def dialect_mismatches(dialect: Plain) -> Iterator[Mismatch]:
    """Yields marks that cannot be told apart, and symbols that are part of a number."""
    quote, thousands = dialect.get("quote"), dialect.get("thousands")
    do = "; write another for one of them"
    if "quote" in dialect and quote == dialect.get("delimiter"):
        yield Mismatch(("quote",), "the same as the delimiter", do)
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
