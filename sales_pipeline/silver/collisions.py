"""Records whose keys meet: which one is in force (DESIGN "The state, as a function", 3).

Among fit and excluded records of one key the greatest (`_file_id`, `_row`) wins. Only
records whose key occurs more than once are looked at, for they are few.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from sales_pipeline.silver.judging import EXCLUDED, FIT, key_hash

IN_FORCE = "in_force"
DUPLICATE = "duplicate"
DISPLACED = "displaced"
CONTENT = ("sold_on", "source_product", "unit_price", "quantity", "amount", "currency")
"""The columns that make two records of one key the same sale."""


def repeated_keys(keys: DataFrame) -> DataFrame:
    """`key_hash` of the keys that occur more than once.

    Args:
        keys: `key_hash` of every record, one row a record.
    """
    counted = keys.groupBy("key_hash").agg(F.count(F.lit(1)).alias("records"))
    return counted.where(F.col("records") > 1).select("key_hash")


def with_key_hash(sales: DataFrame, key_columns: Sequence[str]) -> DataFrame:
    """Sales with the `key_hash` of their key; null for a sale without one."""
    key = [F.col(name) for name in key_columns]
    present = key[0].isNotNull()
    for column in key[1:]:
        present = present | column.isNotNull()
    hashed = key_hash(F.col("feed"), F.col("store"), *key)
    return sales.withColumn("key_hash", F.when(present, hashed))


def verdicts(candidates: DataFrame, key_columns: Sequence[str]) -> DataFrame:
    """Decides between the records of each key.

    Args:
        candidates: The columns of `silver.sales`, `verdict` (`fit` or `excluded`),
            `in_sales` and `in_set_aside`: every record of the keys in question, once.
        key_columns: `sale_id` and the further key columns.

    Returns:
        The candidates with `class` (`in_force`, `excluded`, `duplicate`, `displaced`) and
        `winner_file_id`, `winner_row`, null for the winner itself.
    """
    keyless = F.lit(True)
    for name in key_columns:
        keyless = keyless & F.col(name).isNull()
    alone = [F.when(keyless, F.col(name)) for name in ("_file_id", "_row")]
    by_key = Window.partitionBy("feed", "store", *key_columns, *alone).orderBy(
        F.col("_file_id").desc(), F.col("_row").desc()
    )
    ranked = candidates.select(
        "*",
        F.row_number().over(by_key).alias("place"),
        F.first("verdict").over(by_key).alias("winner_verdict"),
        F.first("_file_id").over(by_key).alias("first_file_id"),
        F.first("_row").over(by_key).alias("first_row"),
        *(F.first(name).over(by_key).alias(f"winner_{name}") for name in CONTENT),
    )
    won = F.col("place") == 1
    return ranked.select(
        *candidates.columns,
        _class(won).alias("class"),
        F.when(~won, F.col("first_file_id")).alias("winner_file_id"),
        F.when(~won, F.col("first_row")).alias("winner_row"),
    )


def _class(won: Column) -> Column:
    same = F.col("winner_verdict") == FIT
    for name in CONTENT:
        same = same & F.col(name).eqNullSafe(F.col(f"winner_{name}"))
    excluded = F.when(F.col("verdict") == EXCLUDED, F.lit(EXCLUDED))
    fit = excluded.when(won, F.lit(IN_FORCE)).when(same, F.lit(DUPLICATE))
    return fit.otherwise(F.lit(DISPLACED))
