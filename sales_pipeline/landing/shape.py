"""The shape of a feed's files, and the bronze columns that they become.

A `FileShape` is the part of a declaration that the landing reader needs. It travels to
the workers of any engine as JSON. Nothing here knows Spark.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sales_pipeline.lakehouse.tables import BRONZE_TECHNICAL
from sales_pipeline.landing.headers import HeaderMatch, match_header

if TYPE_CHECKING:
    from sales_pipeline.config.files import Dialect

Columns = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class FileShape:
    """The declared shape of a feed's files.

    Attributes:
        columns: Bronze column name and header text of each declared column, in table order;
            the header text is the column's number, from 1, if files have no header.
        delimiter: The ASCII character between two fields.
        quote: The ASCII character around a field that holds delimiters or line ends.
        encoding: The Python name of the characters' encoding.
        header: True if a record of header texts comes first.
        skip_lines: The number of lines before it, or before the first record, that are no data.
        footer_lines: The number of non-empty lines at the end that are no data.
        skip_like: A pattern of the lines before, `*` for any text and `?` for one character;
            empty if any line that could not count as a record is one of them.
        footer_like: The same for the lines at the end.
        escape: The ASCII character before a quote that belongs to a quoted field, or empty.
        never_store: Header texts of columns that are kept nowhere; nor is the text of a
            record that cannot be split, which may hold them.
        max_unpacked_ratio: How many times its own size a file in gzip may unpack to.
        is_trusted: True if this package wrote the file, or takes up again what it has taken
            before; then `refusal_of` refuses no header.
    """

    columns: Columns
    delimiter: str = ","
    quote: str = '"'
    encoding: str = "utf-8"
    header: bool = True
    skip_lines: int = 0
    footer_lines: int = 0
    skip_like: str = ""
    footer_like: str = ""
    escape: str = ""
    never_store: tuple[str, ...] = ()
    max_unpacked_ratio: int = 200
    is_trusted: bool = False

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
            skip_like=dialect.skip_like or "",
            footer_like=dialect.footer_like or "",
            escape=dialect.escape if dialect.escape not in (None, dialect.quote) else "",
            never_store=tuple(never_store),
        )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> FileShape:
        """Makes a shape from the values of `to_dict`, also after a trip through JSON."""
        columns = tuple((str(name), str(header)) for name, header in values["columns"])
        return cls(**{**values, "columns": columns, "never_store": tuple(values["never_store"])})

    def to_dict(self) -> dict[str, Any]:
        """Gives the shape as plain values that JSON can hold."""
        return asdict(self)

    @property
    def plain(self) -> FileShape:
        """The same columns in a file that this package wrote: UTF-8, commas, a header."""
        return FileShape(self.columns, never_store=self.never_store, is_trusted=True)

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
    technical = [pa.field(column.name, types[column.type]) for column in BRONZE_TECHNICAL]
    return pa.schema([*declared, *technical])
