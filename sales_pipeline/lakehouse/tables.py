"""Declares the tables of bronze and silver, once.

`declared_tables` has the gold tables, `ops_tables` the ledger's. The DDL, `docs/tables.md` and
the schema tests are made from these declarations.
Types are Spark SQL types. Money columns say their currency in the comment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sales_pipeline.engines.statements import Column

FORMAT_VERSION = 4
CATALOGUE = "catalogue"
"""The feed of the product catalogue."""
EXCHANGE_RATES = "exchange_rates"
"""The feed of exchange rates."""
NOT_SALES = frozenset({CATALOGUE, EXCHANGE_RATES})
"""The feeds whose records are no sales."""

BRONZE_SALES = "bronze.sales"
BRONZE_TABLES = (BRONZE_SALES, f"bronze.{CATALOGUE}", f"bronze.{EXCHANGE_RATES}")
RECORDS = "silver.records"
SALE, DUPLICATE, DISPLACED = "sale", "duplicate", "displaced"
EXCLUDED, QUARANTINED = "excluded", "quarantined"
"""The values of `status` in `silver.records`."""


TAX = "tax"
"""The column of the tax that was taken off the amount of a record."""


@dataclass(frozen=True)
class Table:
    """One table: its name with schema, the meaning of a row, its columns and its key."""

    name: str
    comment: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def column_names(self) -> list[str]:
        """The names of the columns, in the table's order."""
        return [column.name for column in self.columns]


def required(name: str, type_: str, comment: str) -> Column:
    """Returns a column that is never null."""
    return Column(name, type_, comment, nullable=False)


FILE_ID = required("_file_id", "BIGINT", "the delivery, as in ops.deliveries")
ROW = required("_row", "BIGINT", "number of the record in its file, from 1")

BRONZE_TECHNICAL = (
    FILE_ID,
    ROW,
    Column("_extra", "STRING", "JSON of the columns that the feed does not declare"),
    Column("_raw", "STRING", "the text of a record that could not be split into columns"),
    Column("_problem", "STRING", "why it could not be split, as in docs/reasons.md"),
)


def bronze_columns(headers: Iterable[str]) -> tuple[Column, ...]:
    """The declared columns of a bronze table: the text of each as delivered."""
    return tuple(Column(name, "STRING", "as delivered, untouched") for name in headers)


def bronze_table_of(feed: str) -> str:
    """Returns the name of the bronze table that has the records of a feed.

    >>> bronze_table_of("paris"), bronze_table_of("catalogue")
    ('bronze.sales', 'bronze.catalogue')
    """
    return f"bronze.{feed}" if feed in NOT_SALES else BRONZE_SALES


def bronze_table(name: str, columns: Iterable[str]) -> Table:
    """A bronze table with one row for each delivered record, and each declared column once."""
    feed = (required("feed", "STRING", "the feed that delivered the record"),)
    return Table(
        name,
        f"The delivered records of {name.partition('.')[2].replace('_', ' ')}, untouched.",
        (*(feed if name == BRONZE_SALES else ()), *bronze_columns(columns), *BRONZE_TECHNICAL),
        ("_file_id", "_row"),
    )


_SALE_HEAD = (
    required("feed", "STRING", "the feed that delivered the record"),
    required("store", "STRING", "the id of the store"),
    Column("sale_id", "STRING", "the sale as the store numbers it, trimmed"),
)

_SALE_BODY = (
    Column("sold_on", "DATE", "the day of the sale, as written in the file"),
    Column("month", "DATE", "first day of the month of the sale"),
    Column("product", "STRING", "the product in the language of the declaration"),
    Column("category", "STRING", "the category in the language of the declaration"),
    Column(
        "unit_price", "DECIMAL(18,4)", "price of one unit as delivered, in the currency of the sale"
    ),
    Column("quantity", "DECIMAL(18,3)", "units sold; negative for a return"),
    Column("amount", "DECIMAL(18,4)", "what was paid, less `tax`, in the currency of the sale"),
    Column(TAX, "DECIMAL(18,4)", "what `revenue: net_of_tax` took off the amount, in its currency"),
    Column("currency", "STRING", "ISO 4217 code of the currency of the sale"),
    Column("source_product", "STRING", "the product as delivered"),
    FILE_ID,
    ROW,
)


def sale_columns(further_keys: Sequence[str] = ()) -> tuple[Column, ...]:
    """The columns of a sale, with the declared key columns beside `sale_id`."""
    keys = tuple(Column(name, "STRING", "a further key column, trimmed") for name in further_keys)
    return _SALE_HEAD + keys + _SALE_BODY


WINNER = (
    Column("winner_file_id", "BIGINT", "the delivery of the record that counts instead"),
    Column("winner_row", "BIGINT", "the row of the record that counts instead"),
    Column("winner_sold_on", "DATE", "the day of the sale that displaced this one"),
    Column("winner_amount", "DECIMAL(18,4)", "its amount, in `winner_currency`"),
    Column("winner_currency", "STRING", "ISO 4217 code of the currency of its amount"),
)
"""The columns of a record that lost its key: what counts instead."""

_OF_RECORDS = (
    Column("key_hash", "BIGINT", "equal for equal keys; null for a record that competes with none"),
    required("status", "STRING", "sale, duplicate, displaced, excluded or quarantined"),
    *WINNER,
    Column("raw", "STRING", "a quarantined record as delivered: its text, or JSON of its columns"),
    Column("reasons", "ARRAY<STRING>", "all reasons of a quarantined record, as in reasons.md"),
    Column("first_run", "STRING", "the run that quarantined the record first"),
    Column("last_run", "STRING", "the run that validated the quarantined record last"),
)

_QUARANTINE_COLUMNS = (
    "feed", "store", "sold_on", "month", "source_product", "amount", "currency", "_file_id", "_row",
    "raw", "reasons", "first_run", "last_run",
)  # fmt: skip


@dataclass(frozen=True)
class View:
    """A view: rows of a table under a name of their own.

    Attributes:
        name: The name, with its schema.
        table: The table.
        comment: What a row is.
        where: A SQL condition over the table's columns.
        column_names: The columns that it shows, in order.
    """

    name: str
    table: str
    comment: str
    where: str
    column_names: tuple[str, ...]


def silver_views(
    further_keys: Sequence[str] = (), *, is_net_of_tax: bool = False
) -> tuple[View, ...]:
    """The views of `silver.records`: the sales in force, what is set aside, the quarantine.

    Sales have the key columns of all feeds, and their tax if it is taken off amounts.
    """
    sale = tuple(
        column.name for column in sale_columns(further_keys) if is_net_of_tax or column.name != TAX
    )
    winner = tuple(column.name for column in WINNER)
    return (
        View(
            "silver.sales",
            RECORDS,
            "The sales in force: one row a key.",
            f"status = '{SALE}'",
            sale,
        ),
        View(
            "silver.set_aside",
            RECORDS,
            "Readable records that do not count: duplicates, displaced and excluded ones.",
            f"status IN ('{DUPLICATE}', '{DISPLACED}', '{EXCLUDED}')",
            (*sale, "status", *winner),
        ),
        View(
            "silver.quarantine",
            RECORDS,
            "Records kept aside with their reasons, until they are mended or a name is learnt.",
            f"status = '{QUARANTINED}'",
            _QUARANTINE_COLUMNS,
        ),
    )


def silver_tables(further_keys: Sequence[str] = ()) -> tuple[Table, ...]:
    """The tables of the silver layer, with the key columns of all feeds."""
    return (
        Table(
            RECORDS,
            "Every validated record of every delivery in force, with its status.",
            (*sale_columns(further_keys), *_OF_RECORDS),
            ("_file_id", "_row"),
        ),
        Table(
            "silver.products",
            "Names in every language and codes from the catalogue, and the products they mean.",
            (
                required("language", "STRING", "ISO 639-1 code of the source name; * for a code"),
                required("source", "STRING", "the name or code, normalised as it is looked up"),
                required("product", "STRING", "the product in the language of the declaration"),
                Column("category", "STRING", "the category in the language of the declaration"),
                FILE_ID,
                ROW,
            ),
            ("language", "source"),
        ),
        Table(
            "silver.list_prices",
            "List prices of one unit from the catalogue: each holds until the next of its source.",
            (
                required("language", "STRING", "as in silver.products"),
                required("source", "STRING", "the name or code, as in silver.products"),
                required("valid_from", "DATE", "first day of the price; 0001-01-01 for always"),
                required("price", "DECIMAL(18,4)", "list price of one unit, in `currency`"),
                required("currency", "STRING", "ISO 4217 code"),
                FILE_ID,
                ROW,
            ),
            ("language", "source", "valid_from"),
        ),
        Table(
            "silver.exchange_rates",
            "Rates to the base currency: published ones on their days, or the declared ones.",
            (
                required("date", "DATE", "the day of the rate; the first one of a declared rate"),
                required("currency", "STRING", "ISO 4217 code"),
                required("rate", "DECIMAL(19,14)", "units of base currency for one unit"),
                required("source", "STRING", "the landing file, `fixed` or `base currency`"),
            ),
            ("date", "currency"),
        ),
    )
