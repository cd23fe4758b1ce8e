"""The cube, from which the four answers are added up, as a pure transformation.

Money: `revenue` in the cube is exact (amount x rate, DECIMAL(38,18)). It is rounded half
up once, in the answers, to the minor unit of the base currency (P6).
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

CUBED = ("month", "sold_on", "store", "product", "category", "currency", "quantity", "amount")
"""The columns of a sale that the cube is made of."""


def sales_cube(
    sales: DataFrame, rates: DataFrame, keys: Sequence[str] = ("currency",)
) -> DataFrame:
    """`gold.sales_cube`: month x store x product x currency.

    Args:
        sales: Rows of `silver.sales`, with the columns `CUBED`.
        rates: `rate` (base currency for one unit) and the keys; small.
        keys: The columns that tell the rate of a sale: `currency`, and with it `month` or
            `sold_on` where rates change.
    """
    priced = sales.join(rates, list(keys), "left")
    revenue = F.col("amount") * F.col("rate")
    return priced.groupBy("month", "store", "product", "currency").agg(
        F.max("category").alias("category"),
        F.count(F.lit(1)).alias("sales"),
        F.sum("quantity").alias("units"),
        F.sum("amount").alias("amount"),
        F.sum(revenue).alias("revenue"),
        _returned(F.col("quantity")).alias("units_returned"),
        _returned(F.col("amount")).alias("amount_returned"),
        _returned(revenue).alias("revenue_returned"),
    )


def _returned(figure: Column) -> Column:
    """The part of a sum that comes from returns, the records with a negative quantity."""
    return F.coalesce(F.sum(F.when(F.col("quantity") < 0, figure)), F.lit(0))
