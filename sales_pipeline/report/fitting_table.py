"""A table that fits a terminal without cutting a figure.

Where its columns are too wide, gaps and headers get narrower and names go on in the next line; if
that is not enough, figures move below others of their row, in the order that the table declares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from sales_pipeline.report.layout import new_table

_LEAST_NAME = 8
"""The width to which a column of names may shrink."""
_GAP, _NARROW_GAP = 3, 2
_COLUMNS = 80


@dataclass
class FittingTable:
    """A table of names and figures.

    Attributes:
        headers: The headers; no two are equal.
        right: Headers of columns of figures, which are never cut.
        fold: Headers of columns of names, whose long values go on in the next line.
        below: Pairs of headers: where room is short, the first column moves below the second one,
            as the second line of each row. The first pairs move first.
    """

    headers: Sequence[str]
    right: Sequence[str]
    fold: Sequence[str] = ()
    below: Sequence[tuple[str, str]] = ()
    _rows: list[dict[str, Text] | None] = field(default_factory=list)

    def add_row(self, *cells: str | Text) -> None:
        """Adds a row; a text stands as it is, without any markup read into it."""
        texts = (Text(cell) if isinstance(cell, str) else cell for cell in cells)
        self._rows.append(dict(zip(self.headers, texts, strict=True)))

    def add_section(self) -> None:
        """Sets the rows that follow apart, as totals."""
        self._rows.append(None)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yields the table in the first form that fits; in a file or a pipe no name is folded."""
        room = options.max_width
        pairs = [pair for pair in self.below if {*pair} <= {*self.headers}]
        wide = _Form(self, {}, is_narrow=False)
        moves = accumulate(([pair] for pair in pairs), initial=[])
        narrow = [_Form(self, dict(moved), is_narrow=True) for moved in moves]
        if console.is_terminal:
            fitting = (form for form in (wide, *narrow) if form.least_width <= room)
            yield next(fitting, narrow[-1]).table(room)
        else:
            yield (wide if wide.width <= _COLUMNS else narrow[0]).table(room)


@dataclass(frozen=True)
class _Form:
    """One way of showing a table.

    Attributes:
        of: The table.
        moved: Header of a column that moves -> header of the column above it.
        is_narrow: Whether gaps are narrow and headers go on in the next line.
    """

    of: FittingTable
    moved: dict[str, str]
    is_narrow: bool

    @property
    def width(self) -> int:
        """The width in which every cell has one line."""
        return sum(map(self._width, self._columns)) + self._gaps

    @property
    def least_width(self) -> int:
        """The width below which a figure would be cut."""
        return sum(map(self._least_width, self._columns)) + self._gaps

    @property
    def _columns(self) -> list[str]:
        return [header for header in self.of.headers if header not in self.moved]

    @property
    def _gaps(self) -> int:
        return (_NARROW_GAP if self.is_narrow else _GAP) * (len(self._columns) - 1)

    def _least_width(self, header: str) -> int:
        width = self._width(header)
        folds = self.is_narrow and header in self.of.fold
        return min(width, _LEAST_NAME) if folds else width

    def _width(self, header: str) -> int:
        texts = [
            self._header(header),
            *(self._cell(row, header).plain for row in self.of._rows if row),
        ]
        return max(cell_len(line) for text in texts for line in text.split("\n"))

    def _header(self, header: str) -> str:
        headers = self._stack(header)
        return "\n".join(headers if len(headers) > 1 or not self.is_narrow else header.split())

    def _stack(self, header: str) -> list[str]:
        """A header, and the headers of the columns that moved below it."""
        below = [moved for moved, above in self.moved.items() if above == header]
        return [header, *(name for moved in below for name in self._stack(moved))]

    def _cell(self, row: dict[str, Text], header: str) -> Text:
        return Text("\n").join(row[name] for name in self._stack(header))

    def table(self, room: int) -> Table:
        """Returns the table; a figure that still has no room goes on in the next line."""
        columns = self._columns
        table = new_table(*map(self._header, columns))
        fits = self.least_width <= room
        for header, column in zip(columns, table.columns, strict=True):
            is_figure = header in self.of.right
            column.justify = "right" if is_figure else "left"
            column.no_wrap = fits and header not in self.of.fold
            column.overflow = "fold"
        if self.is_narrow:
            table.padding = (0, 1, 0, 0)
        for row in self.of._rows:
            if row is None:
                table.add_section()
            else:
                table.add_row(*(self._cell(row, header) for header in columns))
        return table
