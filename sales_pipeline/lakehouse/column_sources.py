"""Finds where bronze has a declared column of a delivery, whatever its name was then.

The ledger keeps, for each delivery, which header of its file was read into which column of
bronze. A value is found by its header: a column may be renamed, removed, declared again or moved
to `computed` with history in place. Columns that a feed does not declare are JSON in `_extra`,
by the header as the file wrote it; a column that is declared later is found there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sales_pipeline.visible_text import caseless_form

if TYPE_CHECKING:
    from sales_pipeline.lakehouse.ledger import Delivery

Source = tuple[str, str] | None
"""Where a column is in bronze: ("column", its name there) or ("extra", its header); else null."""


def headers_text(columns: Mapping[str, str], undeclared: list[str]) -> str:
    """The headers of a file as the ledger keeps them: JSON of header -> column of bronze, or null.

    Args:
        columns: Column of bronze -> the header in the file.
        undeclared: The headers whose values are in `_extra`.

    >>> headers_text({"sale_id": "Receipt"}, ["Till"])
    '{"Receipt": "sale_id", "Till": null}'
    """
    written: dict[str, str | None] = {header: name for name, header in columns.items()}
    return json.dumps(written | dict.fromkeys(undeclared), ensure_ascii=False)


def sources_of(columns: Mapping[str, str], delivery: Delivery) -> tuple[tuple[str, Source], ...]:
    """The columns of a feed (name -> header) that bronze has in another place for a delivery."""
    if delivery.headers is None:
        return ()
    written: dict[str, str | None] = json.loads(delivery.headers)
    loose = {caseless_form(header): header for header in reversed(written)}
    moved: list[tuple[str, Source]] = []
    for name, header in columns.items():
        delivered = header if header in written else loose.get(caseless_form(header))
        column = written[delivered] if delivered is not None else None
        if delivered is None:
            moved.append((name, None))
        elif column is None:
            moved.append((name, ("extra", delivered)))
        elif column != name:
            moved.append((name, ("column", column)))
    return tuple(moved)


def by_header(
    rows: Iterable[dict[str, Any]], columns: Mapping[str, str], deliveries: Iterable[Delivery]
) -> Iterator[dict[str, Any]]:
    """Yields rows of bronze with each declared column under its name, found by its header.

    Args:
        rows: Rows of `bronze.catalogue` or `bronze.exchange_rates`.
        columns: The declared columns: name -> header.
        deliveries: The deliveries of the rows.
    """
    sources = {delivery.file_id: sources_of(columns, delivery) for delivery in deliveries}
    for row in rows:
        moved = {name: _text_at(row, source) for name, source in sources[row["_file_id"]]}
        yield dict.fromkeys(columns) | row | moved


def _text_at(row: Mapping[str, Any], source: Source) -> str | None:
    if source is None:
        return None
    kind, name = source
    text: str | None = (row if kind == "column" else json.loads(row["_extra"] or "{}")).get(name)
    return text
