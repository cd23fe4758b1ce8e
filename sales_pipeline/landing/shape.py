"""What a feed's files look like, and how their columns become bronze columns.

A `FileShape` is all the landing reader knows of a declaration. It travels to
the workers of any engine as JSON. Nothing here knows Spark.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from sales_pipeline.config.model import Dialect

Columns = tuple[tuple[str, str], ...]

BRONZE_TECHNICAL: tuple[tuple[str, str], ...] = (
    ("_file_id", "BIGINT"),
    ("_row", "BIGINT"),
    ("_extra", "STRING"),
    ("_raw", "STRING"),
    ("_problem", "STRING"),
)
"""The columns every bronze table has after the declared ones: name and SQL type."""


@dataclass(frozen=True)
class FileShape:
    """The declared shape of a feed's files.

    Attributes:
        columns: Bronze column name and header text of each declared column, in table order;
            the header text is the column's number, from 1, where files have no header.
        delimiter: The ASCII character between two fields.
        quote: The ASCII character around a field that holds delimiters or line ends.
        encoding: The Python name of the characters' encoding.
        header: Whether a record of header texts comes first.
        skip_lines: How many lines before it, or before the first record, are no data.
        footer_lines: How many lines that are not empty are no data at the end.
        never_store: Header texts of columns that are kept nowhere; nor is the text of a
            record that cannot be split, which may hold them.
        max_unpacked_ratio: How many times its own size a file in gzip may unpack to.
    """

    columns: Columns
    delimiter: str = ","
    quote: str = '"'
    encoding: str = "utf-8"
    header: bool = True
    skip_lines: int = 0
    footer_lines: int = 0
    never_store: tuple[str, ...] = ()
    max_unpacked_ratio: int = 200

    @classmethod
    def from_dialect(
        cls, columns: Mapping[str, str], dialect: Dialect, *, never_store: Sequence[str] = ()
    ) -> FileShape:
        """Makes the shape of a feed from its columns (name -> header text) and its dialect."""
        return cls(
            columns=tuple(columns.items()),
            delimiter=dialect.delimiter,
            quote=dialect.quote,
            encoding=dialect.encoding,
            header=dialect.header,
            skip_lines=dialect.skip_lines,
            footer_lines=dialect.footer_lines,
            never_store=tuple(never_store),
        )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> FileShape:
        """Makes the shape again from what `to_dict` gave, also after a trip through JSON."""
        columns = tuple((str(name), str(header)) for name, header in values["columns"])
        return cls(**{**values, "columns": columns, "never_store": tuple(values["never_store"])})

    def to_dict(self) -> dict[str, Any]:
        """Gives the shape as plain values that JSON can hold."""
        return asdict(self)

    @property
    def plain(self) -> FileShape:
        """The same columns in a file that this package wrote: UTF-8, commas, a header."""
        return FileShape(self.columns, never_store=self.never_store)

    @property
    def headers(self) -> tuple[str, ...]:
        """The header texts of the declared columns, in table order."""
        return tuple(header for _, header in self.columns)

    def match(self, first: Sequence[str]) -> HeaderMatch:
        """Finds the declared columns by the fields of a file's first record."""
        return match_header(self.columns, self.texts(first), self.never_store)

    def texts(self, first: Sequence[str]) -> Sequence[str]:
        """Gives the header texts by the fields of a file's first record: these, or numbers."""
        return first if self.header else [str(at) for at in range(1, len(first) + 1)]


def bronze_schema(columns: Sequence[tuple[str, str]]) -> pa.Schema:
    """Gives the bronze schema of the declared columns: their text, then the technical columns."""
    types = {"BIGINT": pa.int64(), "STRING": pa.string()}
    declared = [pa.field(name, pa.string()) for name, _ in columns]
    return pa.schema([*declared, *(pa.field(name, types[sql]) for name, sql in BRONZE_TECHNICAL)])


@dataclass(frozen=True)
class HeaderMatch:
    """Where the declared columns are in a file.

    Attributes:
        positions: For each declared column its position in the file, or None.
        undeclared: Position and key of each column that the feed does not declare, in file order;
            without those that are never stored.
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
        """Tells whether every declared column is there, and only once."""
        return not self.missing and not self.repeated


def match_header(
    columns: Sequence[tuple[str, str]], texts: Sequence[str], never_store: Sequence[str] = ()
) -> HeaderMatch:
    """Finds the declared columns among a file's header texts, in any order.

    A header's exact text wins; the rest is matched by `loose_text`. A column
    without a header text is known as `column 5`, by its place in the file. Columns
    that are never stored are as if they were not there.

    >>> match_header([("sold_on", "Date"), ("product", "Item")], ["ITEM ", "Date", ""])
    HeaderMatch(positions=(1, 0), undeclared=((2, 'column 3'),), missing=(), repeated=(), width=3)
    """
    keys = [text or f"column {at}" for at, text in enumerate(texts, start=1)]
    never = {loose_text(header) for header in never_store}
    kept = [at for at, key in enumerate(keys) if loose_text(key) not in never]
    first = {keys[at]: at for at in reversed(kept)}
    repeated = {keys[at] for at in kept if first[keys[at]] != at}
    positions = [first.get(header) for _, header in columns]
    free = [at for at in kept if at not in positions]
    for index, (_, header) in enumerate(columns):
        if positions[index] is None:
            alike = [at for at in free if loose_text(keys[at]) == loose_text(header)]
            positions[index] = alike[0] if alike else None
            repeated |= {keys[at] for at in alike[1:]}
            free = [at for at in free if at not in alike]
    undeclared = tuple((at, keys[at]) for at in free)
    missing = [header for at, (_, header) in zip(positions, columns, strict=True) if at is None]
    twice = tuple(sorted(repeated))
    return HeaderMatch(tuple(positions), undeclared, tuple(missing), twice, len(texts))


def loose_text(text: str) -> str:
    r"""Gives the form in which two header texts are the same: stripped, caseless, NFC.

    >>> loose_text(" Quantite\u0301 ") == loose_text("QUANTITÉ")
    True
    """
    composed = unicodedata.normalize("NFC", text.strip())
    return unicodedata.normalize("NFC", composed.casefold())
