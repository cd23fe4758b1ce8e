"""The tables of gold, declared once: the sales cube, the rates that it took, the four answers."""

from __future__ import annotations

from sales_pipeline.engines.statements import Column
from sales_pipeline.lakehouse.tables import Table, required

SALES_CUBE = Table(
    "gold.sales_cube",
    "Month x store x product x currency, unrounded; the four answers are computed from it.",
    (
        required("month", "DATE", "first day of the month of the sales"),
        required("store", "STRING", "the id of the store"),
        required("product", "STRING", "the product; each spelling of one that passes by itself"),
        Column("category", "STRING", "the category of the product"),
        required("currency", "STRING", "the currency of the sales"),
        required("units", "DECIMAL(38,3)", "units sold, net of returns"),
        required("sales", "BIGINT", "number of sales"),
        required("amount", "DECIMAL(38,4)", "sum of the amounts, in `currency`"),
        required("revenue", "DECIMAL(38,18)", "sum of amount x rate, in the base currency"),
    ),
    ("month", "store", "product", "currency"),
)

_RATES_TAKEN = Table(
    "gold.rates_taken",
    "Which rate the sales of a currency and day took in gold.sales_cube.",
    (
        required("month", "DATE", "first day of the month of the sales"),
        required("currency", "STRING", "the currency of the sales"),
        Column("sold_on", "DATE", "the day; none where all days of the month take the same rate"),
        required("rate", "DECIMAL(19,14)", "units of base currency for one unit"),
    ),
    ("month", "currency", "sold_on"),
)


def gold_tables(minor_units: int) -> tuple[Table, ...]:
    """The tables of the gold layer.

    Args:
        minor_units: Decimals of the base currency; fixed when a lakehouse is made.
    """
    money = f"DECIMAL(38,{minor_units})"
    revenue = required("revenue", money, "in the base currency, rounded half up once")
    currency = required("currency", "STRING", "the base currency")
    months = (
        required("year", "INT", "year of the sales"),
        required("month", "INT", "month of the sales, 1 to 12"),
    )
    product = (
        required("product", "STRING", "the product"),
        Column("category", "STRING", "the category of the product"),
    )
    return (
        SALES_CUBE,
        _RATES_TAKEN,
        Table(
            "gold.revenue_per_month",
            "Global performance: consolidated revenue of each month.",
            (*months, revenue, currency),
            ("year", "month"),
        ),
        Table(
            "gold.revenue_per_month_and_shop",
            "Store performance: revenue of each store and month, compared.",
            (
                *months,
                required("store", "STRING", "the id of the store"),
                Column("shop", "STRING", "the shown name of the store"),
                Column("city", "STRING", "the city of the store"),
                Column("country", "STRING", "ISO 3166-1 code of the country"),
                revenue,
                currency,
                required("rank", "INT", "place of the store in the month, by shown revenue"),
            ),
            ("year", "month", "store"),
        ),
        Table(
            "gold.top_selling_products",
            "Best sellers by volume: units of each product over all months.",
            (
                required("rank", "INT", "place by units, then by name"),
                *product,
                required("units", "DECIMAL(38,3)", "units sold, net of returns"),
                revenue,
                currency,
            ),
            ("product",),
        ),
        Table(
            "gold.top_selling_products_by_revenue",
            "Best sellers by value: revenue of each product over all months.",
            (
                required("rank", "INT", "place by shown revenue, then by name"),
                *product,
                revenue,
                required("units", "DECIMAL(38,3)", "units sold, net of returns"),
                currency,
            ),
            ("product",),
        ),
    )
