"""The rules that a retailer declares for its sales, beyond what makes a record readable.

They are asked of sales that are fit otherwise. A rule quarantines the sales that break it,
or only counts them, or refuses the whole file; one that is null for a sale holds.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sales_pipeline.config.model import Feed
from sales_pipeline.config.sql.expressions import rule_condition
from sales_pipeline.silver.validation.reasons import RULE

RULE_COLUMNS = ("sold_on", "product", "category", "quantity", "unit_price", "amount", "currency",
                "store", "source_product")  # fmt: skip
"""The columns of a sale that a rule may speak of."""


def faults(feed: Feed, is_broken: Column) -> list[tuple[str, Column]]:
    """The reasons of the rules that quarantine, for records without any other fault."""
    return [
        (f"{RULE}{name}", ~is_broken & _breaks(feed, name))
        for name, rule in feed.rules.items()
        if rule.severity == "quarantine"
    ]


def counted(typed: DataFrame, feed: Feed, fit: Column) -> DataFrame:
    """`_file_id, checked, broken, first`: the sales of each delivery, and which break each rule.

    Args:
        typed: The records of feeds with `RULE_COLUMNS`.
        feed: The declaration that the feeds share.
        fit: Whether a record is asked for the rules.

    Returns:
        `broken` is an array with a count for each rule, in its order; `first` one with the number
        of the first record that breaks it.
    """
    breaking = [F.when(fit & _breaks(feed, name), F.col("_row")) for name in feed.rules]
    names = [f"breaking_{place}" for place in range(len(breaking))]
    marked = typed.select(
        "_file_id",
        F.when(fit, 1).otherwise(0).alias("is_fit"),
        *(row.alias(name) for row, name in zip(breaking, names, strict=True)),
    )
    return marked.groupBy("_file_id").agg(
        F.sum("is_fit").cast("BIGINT").alias("checked"),
        F.array(*map(F.count, names)).alias("broken"),
        F.array(*map(F.min, names)).alias("first"),
    )


def _breaks(feed: Feed, name: str) -> Column:
    """True if a sale breaks a rule: it does not hold, or its SQL fails on a value of the sale."""
    condition = rule_condition(feed, name)
    breaks = ~F.coalesce(F.expr(condition.safe_sql), F.lit(True))
    return breaks if condition.failed_sql is None else F.expr(condition.failed_sql) | breaks
