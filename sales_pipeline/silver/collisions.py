"""Records whose keys meet: which one is in force (DESIGN "The state, as a function", 3).

Among fit and excluded records of one key the greatest (`_file_id`, `_row`) wins. Only
records whose key occurs more than once are looked at, for they are few.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from sales_pipeline.silver.judging import EXCLUDED, FIT, QUARANTINED
from sales_pipeline.silver.keys import key_hash

IN_FORCE = "in_force"
DUPLICATE = "duplicate"
DISPLACED = "displaced"
CONTENT = ("sold_on", "source_product", "unit_price", "quantity", "amount", "currency")
"""The columns that make two records of one key the same sale."""
SHOWN = ("sold_on", "amount", "currency")
"""What is kept of a sale in force beside the record that it displaced, to tell them apart."""
_ID = ("_file_id", "_row")


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
        candidates: The columns of `silver.sales` and `verdict` (`fit`, `excluded` or
            `quarantined`): every record of the keys in question, once. A quarantined record
            competes with none.
        key_columns: `sale_id` and the further key columns.

    Returns:
        The candidates with `class` (`in_force`, `excluded`, `duplicate`, `displaced`,
        `quarantined`) and `winner_file_id`, `winner_row`, null for the winner itself; and
        `winner_sold_on`, `winner_amount`, `winner_currency` of the sale that displaced one.
    """
    # All quarantined records are one partition: a partition for each would cost far more.
    competes = F.col("verdict") != QUARANTINED
    is_keyless = F.lit(True)
    for name in key_columns:
        is_keyless = is_keyless & F.col(name).isNull()
    alone = [F.when(competes & is_keyless, F.col(name)) for name in _ID]
    key = [F.when(competes, F.col(name)) for name in key_columns]
    by_key = Window.partitionBy(competes, "feed", "store", *key, *alone).orderBy(
        *(F.col(name).desc() for name in _ID)
    )
    # One struct, for every expression over a window costs as much as the window itself.
    best = F.first(F.struct("verdict", *_ID, *CONTENT)).over(by_key)
    ranked = candidates.select("*", best.alias("best"))
    won = F.lit(True)
    for name in _ID:
        won = won & (F.col(name) == F.col(f"best.{name}"))
    lost = ~won & (F.col("verdict") != QUARANTINED)
    decided = ranked.select(
        *candidates.columns,
        "best",
        _class(won).alias("class"),
        F.when(lost, F.col("best._file_id")).alias("winner_file_id"),
        F.when(lost, F.col("best._row")).alias("winner_row"),
    )
    # Nothing where an excluded record won: then no sale is in force instead.
    by_sale = (F.col("class") == DISPLACED) & (F.col("best.verdict") == FIT)
    shown = {f"winner_{name}": F.when(by_sale, F.col(f"best.{name}")) for name in SHOWN}
    return decided.withColumns(shown).drop("best")


def _class(won: Column) -> Column:
    same = F.col("best.verdict") == FIT
    for name in CONTENT:
        same = same & F.col(name).eqNullSafe(F.col(f"best.{name}"))
    excluded = F.when(F.col("verdict") == EXCLUDED, F.lit(EXCLUDED))
    unfit = excluded.when(F.col("verdict") == QUARANTINED, F.lit(QUARANTINED))
    fit = unfit.when(won, F.lit(IN_FORCE)).when(same, F.lit(DUPLICATE))
    return fit.otherwise(F.lit(DISPLACED))
