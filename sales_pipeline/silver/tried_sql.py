"""Tries SQL that may make the texts of a column readable, on the engine of a run."""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa
from pyspark.sql import functions as F

from sales_pipeline.config.sql.expressions import parse_expression
from sales_pipeline.config.sql.kinds import TEXT
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.profile import fetched

_YEAR_OF_TWO_DIGITS = (
    "case when {text} rlike '^[0-9]{{1,2}}[^0-9][0-9]{{1,2}}[^0-9][0-9]{{2}}$' "
    "then regexp_replace({text}, '([0-9]{{2}})$', '20$1') else {text} end"
)
_DAY_OF_SPREADSHEET = (
    "case when {text} rlike '^[0-9]{{5}}$' "
    "then cast(date_add(DATE'1899-12-30', cast({text} AS INT)) AS STRING) else {text} end"
)
_NAME_OF_MONTH = (
    "replace({text}, regexp_extract({text}, '[A-Za-z]+', 0), "
    "cast((locate(lower(substr(regexp_extract({text}, '[A-Za-z]+', 0), 1, 3)), "
    "'janfebmaraprmayjunjulaugsepoctnovdec') + 2) div 3 AS STRING))"
)
_MINUS_BEHIND = "regexp_replace({text}, '^([^-]+)-$', '-$1')"
_NEGATIVE_IN_BRACKETS = "regexp_replace({text}, '^[(](.+)[)]$', '-$1')"
_OF_DAYS = (_YEAR_OF_TWO_DIGITS, _DAY_OF_SPREADSHEET, _NAME_OF_MONTH)
_OF_NUMBERS = (_MINUS_BEHIND, _NEGATIVE_IN_BRACKETS)


def values_by_sql(
    lakehouse: Lakehouse, texts: Collection[str], *, is_day: bool
) -> dict[str, dict[str, str]]:
    """Returns, for each SQL, text -> its value.

    Args:
        lakehouse: Its engine computes the values, in one statement.
        texts: Texts of columns of days, or of numbers.
        is_day: Whether they are of days.

    Returns:
        The SQL has `{text}` for the name of the column.
    """
    templates = _OF_DAYS if is_day else _OF_NUMBERS
    expressions = [parse_expression(sql.format(text="text"), {"text": TEXT}) for sql in templates]
    values = [
        F.expr(expression.safe_sql).cast("STRING").alias(f"value_{at}")
        for at, expression in enumerate(expressions)
    ]
    table = pa.table({"text": pa.array(sorted(texts), pa.string())})
    rows = fetched("try SQL on texts", lakehouse.frame(table).select("text", *values))
    delivered = rows["text"].to_pylist()
    return {
        template: {
            text: value or ""
            for text, value in zip(delivered, rows[f"value_{at}"].to_pylist(), strict=True)
        }
        for at, template in enumerate(templates)
    }
