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
    """`_file_id, checked, broken`: the sales of each delivery, and how many break each rule.

    Args:
        typed: The records of feeds with `RULE_COLUMNS`.
        feed: The declaration that the feeds share.
        fit: Whether a record is asked for the rules.

    Returns:
        `broken` is an array with a count for each rule, in its order.
    """
    broken = [F.when(fit & _breaks(feed, name), 1).otherwise(0) for name in feed.rules]
    names = [f"broken_{place}" for place in range(len(broken))]
    marked = typed.select(
        "_file_id",
        F.when(fit, 1).otherwise(0).alias("is_fit"),
        *(count.alias(name) for count, name in zip(broken, names, strict=True)),
    )
    sums = [F.sum(name).cast("BIGINT").alias(name) for name in ("is_fit", *names)]
    return (
        marked.groupBy("_file_id")
        .agg(*sums)
        .select("_file_id", F.col("is_fit").alias("checked"), F.array(*names).alias("broken"))
    )


def _breaks(feed: Feed, name: str) -> Column:
    """Whether a sale breaks a rule: it does not hold, or its SQL fails on a value of the sale."""
    condition = rule_condition(feed, name)
    breaks = ~F.coalesce(F.expr(condition.safe_sql), F.lit(True))
    return breaks if condition.failed_sql is None else F.expr(condition.failed_sql) | breaks
