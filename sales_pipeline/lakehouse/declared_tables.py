"""The tables of gold, and all tables and views of a declaration: bronze has its columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sales_pipeline.config.feed import Feed
from sales_pipeline.config.model import Declaration
from sales_pipeline.engines.statements import Column
from sales_pipeline.errors import UsageError, did_you_mean
from sales_pipeline.exact import RATIO_DECIMALS
from sales_pipeline.lakehouse.ops_tables import (
    CLOSED_DELIVERIES,
    CLOSED_RATES,
    CLOSED_RECORDS,
    CLOSINGS,
    OPS_TABLES,
)
from sales_pipeline.lakehouse.tables import (
    BRONZE_SALES,
    BRONZE_TECHNICAL,
    CATALOGUE,
    EXCHANGE_RATES,
    Table,
    View,
    bronze_table,
    required,
    silver_tables,
    silver_views,
)

_MEASURES = (
    required("units", "DECIMAL(38,3)", "units sold, net of returns"),
    required("sales", "BIGINT", "number of sales, returns among them"),
    required("amount", "DECIMAL(38,4)", "sum of the amounts, in `currency`, net of returns"),
    required("revenue", "DECIMAL(38,18)", "sum of amount x rate, in the base currency"),
    required("units_returned", "DECIMAL(38,3)", "sum of the negative quantities, the returns"),
    required("amount_returned", "DECIMAL(38,4)", "sum of the amounts of returns, in `currency`"),
    required("revenue_returned", "DECIMAL(38,18)", "sum of amount x rate of returns"),
)
"""The figures of the cube and the days; gross is one of them less its returned part."""
MEASURES = tuple(column.name for column in _MEASURES)

SALES_CUBE = Table(
    "gold.sales_cube",
    "Month x store x product x currency, unrounded; the four answers are computed from it.",
    (
        required("month", "DATE", "first day of the month of the sales"),
        required("store", "STRING", "the id of the store"),
        required("product", "STRING", "the product; each spelling of one that passes by itself"),
        Column("category", "STRING", "the category of the product"),
        required("currency", "STRING", "the currency of the sales"),
        *_MEASURES,
    ),
    ("month", "store", "product", "currency"),
)

DAILY_SALES = Table(
    "gold.daily_sales",
    "Day x store x currency, unrounded; weeks, quarters and any other range are sums of it.",
    (
        required("month", "DATE", "first day of the month of the day"),
        required("sold_on", "DATE", "the day of the sales"),
        required("store", "STRING", "the id of the store"),
        required("currency", "STRING", "the currency of the sales"),
        *_MEASURES,
    ),
    ("sold_on", "store", "currency"),
)

CLOSED_PRODUCTS = Table(
    "ops.closed_products",
    "The rows of gold.sales_cube of each closed month, as they were when it was closed.",
    SALES_CUBE.columns,
    SALES_CUBE.key,
)

CLOSED_DAYS = Table(
    "ops.closed_days",
    "The rows of gold.daily_sales of each closed month, as they were when it was closed.",
    DAILY_SALES.columns,
    DAILY_SALES.key,
)

CLOSED_TABLES = (CLOSED_PRODUCTS, CLOSED_DAYS, CLOSED_RATES, CLOSED_RECORDS, CLOSED_DELIVERIES)
"""What is kept of closed months; rows of months without a row in `ops.closings` do not count."""
MADE_WHEN_NEEDED = frozenset(table.name for table in (*CLOSED_TABLES, CLOSINGS))
"""The tables that `close` makes; a run neither makes nor misses them."""

_RATES_TAKEN = Table(
    "gold.rates_taken",
    "Which rate the sales of a currency and day took in gold.sales_cube and gold.daily_sales.",
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
    returned = (
        required("units_returned", "DECIMAL(38,3)", "units that came back, negative"),
        required(
            "returns",
            money,
            "their part of the revenue, rounded half up once, negative",
        ),
        required("gross", money, "revenue less returns, so before anything came back"),
    )
    ratio = f"DECIMAL(38,{RATIO_DECIMALS})"
    ranked = (
        Column("share", ratio, "of the ranked figure of all; none if that is not positive"),
        Column("cumulative_share", ratio, "its share and those of all before it"),
        required("abc", "STRING", "its class: A, B or C by the cumulative share, as declared"),
    )
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
        DAILY_SALES,
        _RATES_TAKEN,
        Table(
            "gold.revenue_per_month",
            "Global performance: consolidated revenue of each month.",
            (*months, revenue, currency, *returned),
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
                *returned,
                Column(
                    "share",
                    ratio,
                    "of the revenue of the month; none if a store has less than nothing",
                ),
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
                *returned,
                *ranked,
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
                *returned,
                *ranked,
            ),
            ("product",),
        ),
    )


_TECHNICAL_NAMES = tuple(column.name for column in BRONZE_TECHNICAL)


def further_keys(declaration: Declaration) -> list[str]:
    """The key columns of all feeds other than `sale_id`, in the order of the declaration."""
    keys = [key for feed in declaration.feeds.values() for key in feed.key]
    return list(dict.fromkeys(key for key in keys if key != "sale_id"))


def catalogue_columns(declaration: Declaration) -> dict[str, str]:
    """Bronze column of the catalogue -> header in its files.

    A wide catalogue has `product_<language>` and `category_<language>`, a long one
    `language`, `product` and `category`; both may have `code`, `price`, `price_currency`
    and `valid_from`.
    """
    catalogue, price = declaration.catalogue, declaration.catalogue.price
    columns: dict[str, str | None] = {
        f"{part}_{language}": getattr(headers, part)
        for language, headers in catalogue.languages.items()
        for part in ("product", "category")
    }
    if catalogue.rows is not None:
        columns |= dict(catalogue.rows)
    columns["code"] = catalogue.code
    if price is not None:
        columns["price"] = price.amount
        columns["price_currency"] = price.currency_column
        columns["valid_from"] = price.valid_from
    return {name: header for name, header in columns.items() if header is not None}


def rate_columns(declaration: Declaration) -> dict[str, str]:
    """Bronze column of the exchange rates -> header in their files.

    In a file with a column for each currency, all of these are undeclared: `_extra` has them.
    """
    is_by_row = declaration.rates.layout == "rows"
    names = ("date", "currency", "rate", "units") if is_by_row else ("date",)
    headers = {name: getattr(declaration.rates.columns, name) for name in names}
    return {name: header for name, header in headers.items() if header is not None}


def full_name(table: str, known: Sequence[str], *, schema: str) -> str:
    """Returns the name of a table or view with its schema.

    Args:
        table: Its name, with or without the schema.
        known: The tables and views of the schema, by their names with it.
        schema: The schema, such as `gold`.

    Raises:
        UsageError: There is no such table; the message names the one that was probably meant.
    """
    name = table if table.startswith(f"{schema}.") else f"{schema}.{table}"
    if name in known:
        return name
    meant = did_you_mean(name, known)
    do = f".{meant}" if meant else f"; the tables are {', '.join(known)}"
    raise UsageError(f"{schema}: no such table, got {table!r}{do}")


def all_tables(
    bronze: Iterable[Table], *, further_keys: Sequence[str] = (), minor_units: int = 2
) -> dict[str, Table]:
    """All tables of a lakehouse by name: the bronze ones given, and all others."""
    layers = [*bronze, *silver_tables(further_keys), *gold_tables(minor_units)]
    tables = [*layers, *OPS_TABLES, *CLOSED_TABLES, CLOSINGS]
    return {table.name: table for table in tables}


def declared_tables(declaration: Declaration) -> dict[str, Table]:
    """Returns all tables of a lakehouse by name."""
    sales = (name for feed in declaration.feeds.values() for name in feed.columns)
    bronze = {
        BRONZE_SALES: [*dict.fromkeys(sales)],
        f"bronze.{CATALOGUE}": [*catalogue_columns(declaration)],
        f"bronze.{EXCHANGE_RATES}": [*rate_columns(declaration)],
    }
    return all_tables(
        [bronze_table(name, columns) for name, columns in bronze.items()],
        further_keys=further_keys(declaration),
        minor_units=declaration.minor_units,
    )


def declared_views(declaration: Declaration) -> dict[str, View]:
    """Returns the views of silver and of each feed's records in bronze, by name."""
    silver = silver_views(further_keys(declaration), is_net_of_tax=declaration.is_net_of_tax)
    views = [*silver, *map(_feed_view, declaration.feeds.items())]
    return {view.name: view for view in views}


def _feed_view(feed: tuple[str, Feed]) -> View:
    """The view of the delivered records of one feed."""
    name, declared = feed
    return View(
        f"bronze.{name}",
        BRONZE_SALES,
        f"The delivered records of {name}, untouched.",
        f"feed = '{name}'",
        (*declared.columns, *_TECHNICAL_NAMES),
    )
