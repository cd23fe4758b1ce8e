"""Which record of a key is in force (DESIGN "The state, as a function", 3).

Among fit and excluded records of one key the greatest (`_file_id`, `_row`) wins. Only records
whose key occurs more than once are compared, because they are few.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import and_

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from sales_pipeline.lakehouse.tables import DISPLACED, DUPLICATE, EXCLUDED, QUARANTINED, SALE
from sales_pipeline.silver.validation.validator import FIT

CONTENT = ("sold_on", "source_product", "unit_price", "quantity", "amount", "tax", "currency")
"""The columns that make two records of one key the same sale."""
SHOWN = ("sold_on", "amount", "currency")
"""The columns of a sale in force that are kept beside the record that it displaced."""
_ID = ("_file_id", "_row")


def repeated_keys(keys: DataFrame) -> DataFrame:
    """`key_hash` of the keys that occur more than once.

    Args:
        keys: `key_hash` of every record, one row a record; null for one without a key.
    """
    # Nulls are not counted instead of filtered: an optimiser moves a filter below the hash and
    # computes that once more for each time that it stands in the filter.
    counted = keys.groupBy("key_hash").agg(F.count("key_hash").alias("records"))
    return counted.where(F.col("records") > 1).select("key_hash")


def decided(candidates: DataFrame, key_columns: Sequence[str]) -> DataFrame:
    """Decides which record of each key is in force.

    Args:
        candidates: The columns of a sale and `verdict` (`fit`, `excluded` or `quarantined`):
            every record of the keys in question, once. A quarantined one competes with none.
        key_columns: `sale_id` and the further key columns.

    Returns:
        The candidates with `status` (as in `silver.records`) and `winner_file_id`, `winner_row`,
        null for the winner itself; and `winner_sold_on`, `winner_amount`, `winner_currency` of
        the sale that displaced one.
    """
    # All quarantined records are one partition: a partition for each would cost far more.
    competes = F.col("verdict") != QUARANTINED
    key = [F.when(competes, F.col(name)) for name in key_columns]
    by_key = Window.partitionBy(competes, "feed", "store", *key).orderBy(
        *(F.col(name).desc() for name in _ID)
    )
    # One struct, because every expression over a window costs as much as the window itself.
    best = F.first(F.struct("verdict", *_ID, *CONTENT)).over(by_key)
    ranked = candidates.select("*", best.alias("best"))
    won = (F.col("_file_id") == F.col("best._file_id")) & (F.col("_row") == F.col("best._row"))
    lost = ~won & (F.col("verdict") != QUARANTINED)
    with_status = ranked.select(
        "*",
        _status(won).alias("status"),
        F.when(lost, F.col("best._file_id")).alias("winner_file_id"),
        F.when(lost, F.col("best._row")).alias("winner_row"),
    )
    # Null where an excluded record won: then no sale is in force instead.
    by_sale = (F.col("status") == DISPLACED) & (F.col("best.verdict") == FIT)
    shown = {f"winner_{name}": F.when(by_sale, F.col(f"best.{name}")) for name in SHOWN}
    return with_status.withColumns(shown).drop("best")


def all_equal(pairs: Iterable[tuple[Column, Column]]) -> Column:
    """A condition: the columns of each pair are equal; two nulls are."""
    return reduce(and_, (one.eqNullSafe(other) for one, other in pairs))


def _status(won: Column) -> Column:
    is_equal = all_equal((F.col(name), F.col(f"best.{name}")) for name in CONTENT)
    same = (F.col("best.verdict") == FIT) & is_equal
    excluded = F.when(F.col("verdict") == EXCLUDED, F.lit(EXCLUDED))
    unfit = excluded.when(F.col("verdict") == QUARANTINED, F.lit(QUARANTINED))
    fit = unfit.when(won, F.lit(SALE)).when(same, F.lit(DUPLICATE))
    return fit.otherwise(F.lit(DISPLACED))
