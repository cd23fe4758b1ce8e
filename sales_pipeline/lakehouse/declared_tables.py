"""The tables and views of a declaration: bronze has a column for each declared one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sales_pipeline.config.model import Declaration, Feed
from sales_pipeline.errors import UsageError, did_you_mean
from sales_pipeline.lakehouse.gold_tables import gold_tables
from sales_pipeline.lakehouse.ops_tables import OPS_TABLES
from sales_pipeline.lakehouse.tables import (
    BRONZE_SALES,
    BRONZE_TECHNICAL,
    CATALOGUE,
    EXCHANGE_RATES,
    Table,
    View,
    bronze_table,
    silver_tables,
    silver_views,
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
    tables = [*bronze, *silver_tables(further_keys), *gold_tables(minor_units), *OPS_TABLES]
    return {table.name: table for table in tables}


def declared_headers(declaration: Declaration) -> dict[str, dict[str, str]]:
    """Returns table of the catalogue or rates -> its column -> the header in the files."""
    return {
        f"bronze.{CATALOGUE}": catalogue_columns(declaration),
        f"bronze.{EXCHANGE_RATES}": rate_columns(declaration),
    }


def declared_tables(declaration: Declaration) -> dict[str, Table]:
    """Returns all tables of a lakehouse by name."""
    sales = (name for feed in declaration.feeds.values() for name in feed.columns)
    bronze = {BRONZE_SALES: list(dict.fromkeys(sales)), **declared_headers(declaration)}
    return all_tables(
        [bronze_table(name, columns) for name, columns in bronze.items()],
        further_keys=further_keys(declaration),
        minor_units=declaration.minor_units,
    )


def declared_views(declaration: Declaration) -> dict[str, View]:
    """Returns the views of silver and of each feed's records in bronze, by name."""
    silver = silver_views(further_keys(declaration))
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
