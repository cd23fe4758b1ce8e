"""Where bronze has a declared column of a delivery, whatever it was called when it came.

The ledger keeps, for each delivery, which header of its file was read into which column of
bronze. A value is found by its header: a column may be renamed, removed, declared again or moved
to `computed` with history in place.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from sales_pipeline.lakehouse.ledger import Delivery
from sales_pipeline.visible_text import header_form

Source = tuple[str, str] | None
"""Where bronze has a column: ("column", its name there) or ("extra", its header); else null."""


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
    """The declared columns that bronze has elsewhere for a delivery, and where.

    Args:
        columns: The declared columns of its feed: name -> header.
        delivery: The delivery.
    """
    if delivery.headers is None:
        return ()
    written: dict[str, str | None] = json.loads(delivery.headers)
    loose = {header_form(header): header for header in reversed(written)}
    moved: list[tuple[str, Source]] = []
    for name, header in columns.items():
        there = header if header in written else loose.get(header_form(header))
        column = written[there] if there is not None else None
        if there is None:
            moved.append((name, None))
        elif column is None:
            moved.append((name, ("extra", there)))
        elif column != name:
            moved.append((name, ("column", column)))
    return tuple(moved)
