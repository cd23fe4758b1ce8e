"""Finds the column of bronze that has a declared column of a delivery, whatever its name was then.

The ledger keeps, for each delivery, which header of its file was read into which column of
bronze. A value is found by its header: a column may be renamed, removed, declared again or moved
to `computed` with history in place. What a feed does not declare is JSON in `_extra`, under the
header as the file wrote it; there a column that is declared later is found.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from sales_pipeline.visible_text import caseless_form

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

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
    """The declared columns that bronze has elsewhere for a delivery, and where.

    Args:
        columns: The declared columns of its feed: name -> header.
        delivery: The delivery.
    """
    if delivery.headers is None:
        return ()
    written: dict[str, str | None] = json.loads(delivery.headers)
    loose = {caseless_form(header): header for header in reversed(written)}
    moved: list[tuple[str, Source]] = []
    for name, header in columns.items():
        there = header if header in written else loose.get(caseless_form(header))
        column = written[there] if there is not None else None
        if there is None:
            moved.append((name, None))
        elif column is None:
            moved.append((name, ("extra", there)))
        elif column != name:
            moved.append((name, ("column", column)))
    return tuple(moved)


def with_late_columns(bronze: DataFrame, late: Mapping[str, str]) -> DataFrame:
    """Rows of bronze, their late columns taken from `_extra` where they are null.

    Args:
        bronze: Rows of a bronze table.
        late: Column -> header as declared.
    """
    from pyspark.sql import functions as F

    extra = F.from_json("_extra", "MAP<STRING,STRING>")
    keys = bronze.where("_extra IS NOT NULL").select(F.explode(F.map_keys(extra)).alias("key"))
    written = keys.distinct().toArrow().column(0).to_pylist()
    found = {
        column: F.coalesce(
            F.col(column),
            *(F.element_at(extra, F.lit(text)) for text in headers_like(header, written)),
        )
        for column, header in late.items()
    }
    return bronze.withColumns(found)


def headers_like(header: str, written: Iterable[str]) -> list[str]:
    """The headers in files that mean a declared one, its exact text first.

    >>> headers_like("Till", ["TILL ", "Tills", "Till"])
    ['Till', 'TILL ']
    """
    alike = [text for text in written if caseless_form(text) == caseless_form(header)]
    return sorted(alike, key=lambda text: (text != header, text))
