"""Columns of bronze that were declared after records were taken in.

Bronze keeps what a feed does not declare as JSON in `_extra`. When a column is declared
later, earlier records have it there, under the header as their file wrote it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sales_pipeline.visible_text import header_form


def with_late_columns(bronze: DataFrame, late: Mapping[str, str]) -> DataFrame:
    """Rows of bronze, their late columns taken from `_extra` where they are null.

    Args:
        bronze: Rows of a bronze table.
        late: Column -> header as declared.
    """
    extra = F.from_json("_extra", "MAP<STRING,STRING>")
    keys = bronze.where("_extra IS NOT NULL").select(F.explode(F.map_keys(extra)).alias("key"))
    written = keys.distinct().toArrow().column(0).to_pylist()
    found = {
        column: F.coalesce(F.col(column), *_values(extra, headers_like(header, written)))
        for column, header in late.items()
    }
    return bronze.withColumns(found)


def _values(extra: Column, headers: Iterable[str]) -> list[Column]:
    return [F.element_at(extra, F.lit(header)) for header in headers]


def headers_like(header: str, written: Iterable[str]) -> list[str]:
    """The headers in files that mean a declared one, its exact text first.

    >>> headers_like("Till", ["TILL ", "Tills", "Till"])
    ['Till', 'TILL ']
    """
    alike = [each for each in written if header_form(each) == header_form(header)]
    return sorted(alike, key=lambda each: (each != header, each))
