"""The cube and the four answers, as pure transformations named after their tables.

Money: `revenue` in the cube is exact (amount x rate, DECIMAL(38,18)). It is rounded half
up once, in the answers, to the minor unit of the base currency (P6).
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

_RETURNED = ("units_returned", "returns")


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


def revenue_per_month(cube: DataFrame, *, currency: str, minor_units: int) -> DataFrame:
    """`gold.revenue_per_month`: consolidated revenue of each month."""
    months = cube.groupBy("month").agg(*_shown_revenue(minor_units))
    return months.select(
        *_year_and_month(), "revenue", F.lit(currency).alias("currency"), *_RETURNED
    )


def revenue_per_month_and_shop(
    cube: DataFrame, stores: DataFrame, *, currency: str, minor_units: int
) -> DataFrame:
    """`gold.revenue_per_month_and_shop`: revenue of each store and month, compared.

    Args:
        cube: Rows of `gold.sales_cube`.
        stores: `store, shop, city, country` as declared, one row a store.
        currency: The base currency.
        minor_units: Its decimals.
    """
    revenue = cube.groupBy("month", "store").agg(*_shown_revenue(minor_units))
    in_month = Window.partitionBy("month").orderBy(F.col("revenue").desc(), F.col("store"))
    ranked = revenue.withColumn("rank", F.row_number().over(in_month))
    return ranked.join(stores, "store", "left").select(
        *_year_and_month(), "store", "shop", "city", "country", "revenue",
        F.lit(currency).alias("currency"), "rank", *_RETURNED,
    )  # fmt: skip


def top_selling_products(cube: DataFrame, *, currency: str, minor_units: int) -> DataFrame:
    """`gold.top_selling_products`: products by units, over all months."""
    return _ranked(_per_product(cube, minor_units), "units", currency)


def top_selling_products_by_revenue(
    cube: DataFrame, *, currency: str, minor_units: int
) -> DataFrame:
    """`gold.top_selling_products_by_revenue`: products by shown revenue, over all months."""
    return _ranked(_per_product(cube, minor_units), "revenue", currency)


def _per_product(cube: DataFrame, minor_units: int) -> DataFrame:
    return cube.groupBy("product").agg(
        F.max("category").alias("category"),
        F.sum("units").alias("units"),
        *_shown_revenue(minor_units),
    )


def _ranked(products: DataFrame, figure: str, currency: str) -> DataFrame:
    in_currency = products.withColumn("currency", F.lit(currency))
    best_first = Window.partitionBy("currency").orderBy(F.col(figure).desc(), F.col("product"))
    return in_currency.withColumn("rank", F.row_number().over(best_first))


def _shown_revenue(minor_units: int) -> list[Column]:
    """Revenue and its part that returns took back, each rounded once, and the units of these."""

    def shown(revenue: str) -> Column:
        return F.round(F.sum(revenue), minor_units).cast(f"DECIMAL(38,{minor_units})")

    return [
        shown("revenue").alias("revenue"),
        F.sum("units_returned").alias("units_returned"),
        shown("revenue_returned").alias("returns"),
    ]


def _year_and_month() -> list[Column]:
    return [F.year("month").alias("year"), F.month("month").alias("month")]
