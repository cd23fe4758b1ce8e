"""The cube, and the sums of it that the four answers are made of, as pure transformations.

Money: `revenue` in the cube is exact (amount x rate, DECIMAL(38,18)). It is rounded half
up once, in the answers, to the minor unit of the base currency (P6).
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sales_pipeline.engines.statements import union_of
from sales_pipeline.lakehouse.declared_tables import SALES_CUBE

_FIGURES = ("units", "units_returned", "revenue", "revenue_returned")
_SUMMED = {column.name: column.type for column in SALES_CUBE.columns if column.name in _FIGURES}


def sales_cube(
    sales: DataFrame, rates: DataFrame, keys: Sequence[str] = ("currency",)
) -> DataFrame:
    """`gold.sales_cube`: month x store x product x currency.

    Args:
        sales: Rows of `silver.sales`.
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


def sums_of_answers(touched: DataFrame, every: DataFrame) -> DataFrame:
    """The sums that the four answers are made of, unrounded, in one frame.

    Args:
        touched: The rows of `gold.sales_cube` of the months to show, for the sums by month and by
            month and store.
        every: All rows of the cube, with the shown spelling of products, for the sums by product.

    Returns:
        `month, store, product, category, units, units_returned, revenue, revenue_returned`; what
        a sum is not divided by is null, and so is its category.
    """
    return union_of(
        [
            _sums(touched, "month"),
            _sums(touched, "month", "store"),
            _sums(every, "product"),
        ]
    )


def _sums(cube: DataFrame, *by: str) -> DataFrame:
    text = F.lit(None).cast("STRING")
    missing = {"month": F.lit(None).cast("DATE"), "store": text, "product": text}
    category = F.max("category") if "product" in by else text
    sums = [F.sum(name).cast(type_).alias(name) for name, type_ in _SUMMED.items()]
    added_up = cube.groupBy(*by).agg(category.alias("category"), *sums)
    places = [F.col(name) if name in by else null.alias(name) for name, null in missing.items()]
    return added_up.select(*places, "category", *_SUMMED)
