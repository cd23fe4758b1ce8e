"""Finds the declared columns of a landing file by its header, also below a later header.

Files are sometimes joined, or written by a till that begins anew. A record that has most of the
header's texts again, in any order, is a header and no record: the next records are read by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from sales_pipeline.errors import examples, shown_text
from sales_pipeline.visible_text import caseless_form

if TYPE_CHECKING:
    from sales_pipeline.landing.shape import FileShape

MAX_NAMES_BYTES = 64 << 10
"""How long the names of a header are together at most, because each record repeats them."""
USUAL_NAME_BYTES = 32
"""Names that have this length on average are not too long: their records are long as well."""


@dataclass(frozen=True)
class HeaderMatch:
    """The places of the declared columns in a file.

    Attributes:
        positions: For each declared column its position in the file, or None.
        undeclared: Position and key of each column that the feed does not declare, in file order;
            without columns that are never stored.
        missing: The declared header texts that the file does not have.
        repeated: The header texts that stand for two columns of the file.
        width: How many columns the file has.
    """

    positions: tuple[int | None, ...]
    undeclared: tuple[tuple[int, str], ...]
    missing: tuple[str, ...]
    repeated: tuple[str, ...]
    width: int

    @property
    def is_complete(self) -> bool:
        """True if every declared column exists, and only once."""
        return not self.missing and not self.repeated


def match_header(
    columns: Sequence[tuple[str, str]], texts: Sequence[str], never_store: Sequence[str] = ()
) -> HeaderMatch:
    """Finds the declared columns among a file's header texts, in any order.

    A header's exact text wins; other columns are matched by `caseless_form`. A column
    without a header text is known as `column 5`, by its place in the file. Columns
    that are never stored are as if they were not there.

    >>> match_header([("sold_on", "Date"), ("product", "Item")], ["ITEM ", "Date", ""])
    HeaderMatch(positions=(1, 0), undeclared=((2, 'column 3'),), missing=(), repeated=(), width=3)
    """
    keys = [text or f"column {at}" for at, text in enumerate(texts, start=1)]
    never = {caseless_form(header) for header in never_store}
    kept = [at for at, key in enumerate(keys) if caseless_form(key) not in never]
    first = {keys[at]: at for at in reversed(kept)}
    repeated = {keys[at] for at in kept if first[keys[at]] != at}
    positions = [first.get(header) for _, header in columns]
    free = [at for at in kept if at not in positions]
    for index, (_, header) in enumerate(columns):
        if positions[index] is None:
            alike = [at for at in free if caseless_form(keys[at]) == caseless_form(header)]
            positions[index] = alike[0] if alike else None
            repeated |= {keys[at] for at in alike[1:]}
            free = [at for at in free if at not in alike]
    undeclared = tuple((at, keys[at]) for at in free)
    missing = [header for at, (_, header) in zip(positions, columns, strict=True) if at is None]
    twice = tuple(sorted(repeated))
    return HeaderMatch(tuple(positions), undeclared, tuple(missing), twice, len(texts))


def refusal_of(shape: FileShape, texts: Sequence[str]) -> str | None:
    """Returns why a header is refused although it has every declared column, or None."""
    if shape.is_trusted or not shape.header:
        return None
    length = sum(len(text.encode(errors="replace")) for text in texts)
    most = max(MAX_NAMES_BYTES, USUAL_NAME_BYTES * len(texts))
    if length > most:
        return (
            f"the names in the header are too long, expected at most {most:,} bytes "
            f"together, got {length:,} bytes in {len(texts):,} columns, such as "
            f"{shown_text(max(texts, key=len))}; shorten them, or deliver fewer columns"
        )
    return None


def warnings_of_never_store(
    shape: FileShape, texts: Sequence[str], undeclared: Sequence[str]
) -> Iterator[str]:
    """Yields a warning if undeclared columns may be those of `never_store` under new names.

    They are stored, because only a person can say what they hold.
    """
    there = {caseless_form(text) for text in texts}
    missing = [name for name in shape.never_store if caseless_form(name) not in there]
    if missing and undeclared and not shape.is_trusted:
        lacks, has = (examples([*map(shown_text, names)]) for names in (missing, undeclared))
        yield (
            f"lacks {lacks} of never_store and has {has}, which the feed does not declare and "
            "bronze keeps. Do: add what is personal of it to never_store; what is stored already "
            "goes with sales-pipeline reset"
        )


class Headers:
    """The header of the next records: the file's, whose fields are `first`, or a later one.

    A later header has more than half of the declared header texts, or of the texts in the file's
    header (two at least, unless there is only one), and no field that begins with a digit,
    unless it is a header text. Files without a header have no later one.

    Attributes:
        match: Where the columns are; None below a later header that lacks declared columns or is
            refused.
        width: How many fields a record has.
    """

    def __init__(self, shape: FileShape, first: Sequence[str]) -> None:
        self._shape = shape
        self.match: HeaderMatch | None = shape.match(first)
        self.width = len(first)
        groups = ([header for _, header in shape.columns], first) if shape.header else ()
        self._groups = [{form for form in map(caseless_form, texts) if form} for texts in groups]
        self._digits = {form for group in self._groups for form in group if form[0] in "0123456789"}
        self.is_watching = bool(self._groups)
        self.fewest = min((len(group) // 2 + 1 for group in self._groups), default=0)
        """The least number of header texts that a later header has."""
        self.first_digits = bytes({form.encode()[0] for form in self._digits})
        """The ASCII digits with which a field of a later header can begin."""
        self.first_letters = frozenset(
            letter
            for group in self._groups
            for form in group
            for letter in (form[0], form[0].upper())
            if letter.isascii()
        )
        """The ASCII characters with which a header text can begin."""

    def is_later_header(self, fields: Sequence[bytes]) -> bool:
        """Returns whether the fields of a record are a header again."""
        if not self.is_watching or len(fields) < self.fewest:
            return False
        for field in fields:
            if field[:1].isdigit() and not (self._digits and _form(field) in self._digits):
                return False
        forms = set(map(_form, fields))
        return any(_are_most(len(forms & group), len(group)) for group in self._groups)

    def begin_part(self, fields: Sequence[bytes]) -> None:
        """Takes a later header as the header of the next records."""
        texts = [field.decode(errors="replace") for field in fields]
        match = self._shape.match(texts)
        is_right = match.is_complete and refusal_of(self._shape, texts) is None
        self.match = match if is_right else None
        self.width = len(fields)


def _are_most(count: int, whole: int) -> bool:
    return count * 2 > whole and (count > 1 or whole == 1)


def _form(field: bytes) -> str:
    return caseless_form(field.decode(errors="replace"))


_Flags = np.ndarray[Any, np.dtype[np.bool_]]


class LaterHeaders:
    """Checks quickly whether one of many records may be a later header, by first bytes of fields.

    No field of a header begins with a digit, unless a known header text does. So only records
    without a digit at the beginning of a field are read whole, and the first test is in the
    column where that is rarest.
    """

    def __init__(self, headers: Headers) -> None:
        self._headers = headers
        self._is_possible = np.ones(256, np.bool_)
        self._is_possible[ord("0") : ord("9") + 1] = False
        self._is_possible[list(headers.first_digits)] = True
        self._is_begin = np.ones(256, np.bool_)
        self._is_begin[ord("!") : 128] = False
        self._is_begin[[ord(letter) for letter in headers.first_letters]] = True
        self._order: list[int] = []

    def may_be_in(self, columns: Sequence[pa.Array]) -> bool:
        """Returns whether one of the records is a later header."""
        if not self._headers.is_watching or not len(columns[0]):
            return False
        if not self._order:
            counts = [np.count_nonzero(_begin(column, self._is_possible)) for column in columns]
            self._order = [int(at) for at in np.argsort(counts, kind="stable")]
        first, *further_columns = self._order
        rows = np.flatnonzero(_begin(columns[first], self._is_possible))
        for at in further_columns:
            if not len(rows):
                return False
            rows = rows[_begin(columns[at].take(pa.array(rows)), self._is_possible)]
        taken = [column.take(pa.array(rows)) for column in columns]
        alike = sum(_begin(column, self._is_begin).astype(np.int32) for column in taken)
        alike_rows = pa.array(np.flatnonzero(alike >= self._headers.fewest))
        texts = [column.take(alike_rows).cast(pa.binary()).to_pylist() for column in taken]
        return any(self._headers.is_later_header(fields) for fields in zip(*texts, strict=True))


def _begin(column: pa.Array, is_right: _Flags) -> _Flags:
    """Returns for each text whether its first byte is allowed, or the text is empty."""
    _, offsets, data = column.buffers()
    if data is None or not data.size:
        return np.ones(len(column), np.bool_)
    places = np.frombuffer(offsets, np.int32, len(column) + 1, column.offset * 4)
    texts = np.frombuffer(data, np.uint8)
    is_possible: _Flags = is_right[texts[np.minimum(places[:-1], len(texts) - 1)]]
    is_possible |= places[:-1] == places[1:]
    return is_possible
