"""Every table of the lakehouse, declared once.

The DDL, `docs/tables.md` and the schema tests are made from these declarations.
Types are Spark SQL types. Money columns say their currency in the comment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sales_pipeline.engines.statements import Column

FORMAT_VERSION = 2
CATALOGUE = "catalogue"
"""The feed of the product catalogue."""
EXCHANGE_RATES = "exchange_rates"
"""The feed of exchange rates."""
NOT_SALES = frozenset({CATALOGUE, EXCHANGE_RATES})
"""The feeds whose records are no sales."""

BRONZE_SALES = "bronze.sales"
RECORDS = "silver.records"
SALE, DUPLICATE, DISPLACED = "sale", "duplicate", "displaced"
EXCLUDED, QUARANTINED = "excluded", "quarantined"
"""The values of `status` in `silver.records`."""


@dataclass(frozen=True)
class Table:
    """One table: its name with schema, what a row is, its columns and its key."""

    name: str
    comment: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def column_names(self) -> list[str]:
        """The names of the columns, in the table's order."""
        return [column.name for column in self.columns]


def _required(name: str, type_: str, comment: str) -> Column:
    return Column(name, type_, comment, nullable=False)


FILE_ID = _required("_file_id", "BIGINT", "the delivery, as in ops.deliveries")
ROW = _required("_row", "BIGINT", "number of the record in its file, from 1")

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


def bronze_table(name: str, columns: Iterable[str]) -> Table:
    """A bronze table with one row for each delivered record.

    Args:
        name: The table, such as `bronze.sales`.
        columns: The declared columns, each once.
    """
    feed = (_required("feed", "STRING", "the feed that delivered the record"),)
    return Table(
        name,
        f"The delivered records of {name.partition('.')[2].replace('_', ' ')}, untouched.",
        (*(feed if name == BRONZE_SALES else ()), *bronze_columns(columns), *BRONZE_TECHNICAL),
        ("_file_id", "_row"),
    )


_SALE_HEAD = (
    _required("feed", "STRING", "the feed that delivered the record"),
    _required("store", "STRING", "the id of the store"),
    Column("sale_id", "STRING", "the sale as the store numbers it, trimmed"),
)

_SALE_BODY = (
    Column("sold_on", "DATE", "the day of the sale, as written in the file"),
    Column("month", "DATE", "first day of the month of the sale"),
    Column("product", "STRING", "the product in the language of the declaration"),
    Column("category", "STRING", "the category in the language of the declaration"),
    Column("unit_price", "DECIMAL(18,4)", "price of one unit, in the currency of the sale"),
    Column("quantity", "DECIMAL(18,3)", "units sold; negative for a return"),
    Column("amount", "DECIMAL(18,4)", "what was paid, in the currency of the sale"),
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
    _required("status", "STRING", "sale, duplicate, displaced, excluded or quarantined"),
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
    """Rows of a table under a name of their own.

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


def silver_views(further_keys: Sequence[str] = ()) -> tuple[View, ...]:
    """The views of `silver.records`: the sales in force, what is set aside, the quarantine.

    Args:
        further_keys: The declared key columns of all feeds other than `sale_id`.
    """
    sale = tuple(column.name for column in sale_columns(further_keys))
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
    """The tables of the silver layer.

    Args:
        further_keys: The declared key columns of all feeds other than `sale_id`.
    """
    return (
        Table(
            RECORDS,
            "Every validated record of every delivery in force, with its status.",
            (*sale_columns(further_keys), *_OF_RECORDS),
            ("_file_id", "_row"),
        ),
        Table(
            "silver.products",
            "What the catalogue has taught: names in every language, codes, and what they mean.",
            (
                _required("language", "STRING", "ISO 639-1 code of the source name; * for a code"),
                _required("source", "STRING", "the name or code, normalised as it is looked up"),
                _required("product", "STRING", "the product in the language of the declaration"),
                Column("category", "STRING", "the category in the language of the declaration"),
                FILE_ID,
                ROW,
            ),
            ("language", "source"),
        ),
        Table(
            "silver.list_prices",
            "What the catalogue says a unit costs: a price holds until the next one of its source.",
            (
                _required("language", "STRING", "as in silver.products"),
                _required("source", "STRING", "the name or code, as in silver.products"),
                _required("valid_from", "DATE", "first day of the price; 0001-01-01 for always"),
                _required("price", "DECIMAL(18,4)", "list price of one unit, in `currency`"),
                _required("currency", "STRING", "ISO 4217 code"),
                FILE_ID,
                ROW,
            ),
            ("language", "source", "valid_from"),
        ),
        Table(
            "silver.exchange_rates",
            "Rates to the base currency: those of the days they were published, or the declared.",
            (
                _required("date", "DATE", "the day of the rate; the first one of a declared rate"),
                _required("currency", "STRING", "ISO 4217 code"),
                _required("rate", "DECIMAL(19,14)", "units of base currency for one unit"),
                _required("source", "STRING", "the landing file, `fixed` or `base currency`"),
            ),
            ("date", "currency"),
        ),
    )


SALES_CUBE = Table(
    "gold.sales_cube",
    "Month x store x product x currency, unrounded; the four answers are computed from it.",
    (
        _required("month", "DATE", "first day of the month of the sales"),
        _required("store", "STRING", "the id of the store"),
        _required("product", "STRING", "the product"),
        Column("category", "STRING", "the category of the product"),
        _required("currency", "STRING", "the currency of the sales"),
        _required("units", "DECIMAL(38,3)", "units sold, net of returns"),
        _required("sales", "BIGINT", "number of sales"),
        _required("amount", "DECIMAL(38,4)", "sum of the amounts, in `currency`"),
        _required("revenue", "DECIMAL(38,18)", "sum of amount x rate, in the base currency"),
    ),
    ("month", "store", "product", "currency"),
)

_RATES_TAKEN = Table(
    "gold.rates_taken",
    "Which rate the sales of a currency and day took in gold.sales_cube.",
    (
        _required("month", "DATE", "first day of the month of the sales"),
        _required("currency", "STRING", "the currency of the sales"),
        Column("sold_on", "DATE", "the day; none where all days of the month take the same rate"),
        _required("rate", "DECIMAL(19,14)", "units of base currency for one unit"),
    ),
    ("month", "currency", "sold_on"),
)


def gold_tables(minor_units: int) -> tuple[Table, ...]:
    """The tables of the gold layer.

    Args:
        minor_units: Decimals of the base currency; fixed when a lakehouse is made.
    """
    money = f"DECIMAL(38,{minor_units})"
    revenue = _required("revenue", money, "in the base currency, rounded half up once")
    currency = _required("currency", "STRING", "the base currency")
    months = (
        _required("year", "INT", "year of the sales"),
        _required("month", "INT", "month of the sales, 1 to 12"),
    )
    product = (
        _required("product", "STRING", "the product"),
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
                _required("store", "STRING", "the id of the store"),
                Column("shop", "STRING", "the shown name of the store"),
                Column("city", "STRING", "the city of the store"),
                Column("country", "STRING", "ISO 3166-1 code of the country"),
                revenue,
                currency,
                _required("rank", "INT", "place of the store in the month, by shown revenue"),
            ),
            ("year", "month", "store"),
        ),
        Table(
            "gold.top_selling_products",
            "Best sellers by volume: units of each product over all months.",
            (
                _required("rank", "INT", "place by units, then by name"),
                *product,
                _required("units", "DECIMAL(38,3)", "units sold, net of returns"),
                revenue,
                currency,
            ),
            ("product",),
        ),
        Table(
            "gold.top_selling_products_by_revenue",
            "Best sellers by value: revenue of each product over all months.",
            (
                _required("rank", "INT", "place by shown revenue, then by name"),
                *product,
                revenue,
                _required("units", "DECIMAL(38,3)", "units sold, net of returns"),
                currency,
            ),
            ("product",),
        ),
    )


_ROW_COUNTS = ("accepted", "quarantined", "duplicate", "displaced", "excluded", "superseded")

DELIVERIES = Table(
    "ops.deliveries",
    "The ledger: every file that was ever claimed, repeated or rejected, and where it stands.",
    (
        FILE_ID,
        _required("feed", "STRING", "the feed"),
        _required("name", "STRING", "path of the file below the landing folder of its feed"),
        _required("path", "STRING", "path of the file below the landing folder"),
        _required("sha256", "STRING", "of the bytes of the file"),
        _required("bytes", "BIGINT", "size of the file"),
        _required("state", "STRING", "where the delivery stands, as in docs/deliveries.md"),
        Column("reason", "STRING", "why it was rejected, repeated, held or abandoned"),
        Column("supersedes", "BIGINT", "the delivery that this one corrects"),
        _required("months", "ARRAY<DATE>", "months of gold that its steps touch"),
        Column("rows", "BIGINT", "records in the file, once it is in bronze"),
        _required("fingerprint", "STRING", "of the declaration that judged its records"),
        _required("claimed_at", "TIMESTAMP", "when it was claimed, UTC"),
        _required("run_id", "STRING", "the run that wrote this row last"),
        Column("seen", "STRING", "size, time of change and inode of the file when it was hashed"),
        Column("mends", "STRING", "JSON: file, first, last row of the records that a replay mends"),
        Column("rolled_back_by", "STRING", "the rollback that holds it until it is released"),
        Column(
            "headers", "STRING", "JSON: header in the file -> column of bronze, or null: _extra"
        ),
    ),
    ("_file_id",),
)

RUNS = Table(
    "ops.runs",
    "Every run that changed something.",
    (
        _required("run_id", "STRING", "sorts by the second of its start"),
        _required("verb", "STRING", "what was asked for: run, rebuild, rollback, …"),
        _required("started_at", "TIMESTAMP", "UTC"),
        _required("finished_at", "TIMESTAMP", "UTC"),
        _required("outcome", "STRING", "done, failed where something was refused, or unfinished"),
        _required("engine", "STRING", "the engine"),
        _required("version", "STRING", "version of this package"),
        _required("files", "BIGINT", "deliveries that were taken in"),
        _required("rows", "BIGINT", "records that were taken in"),
        _required("seconds", "DOUBLE", "how long it took"),
        _required("versions", "STRING", "JSON: table -> Delta version at the end of the run"),
        Column("rules", "STRING", "JSON: feed -> rule -> sales checked, and sales that broke it"),
        Column("to_run", "STRING", "the run whose state a rollback brought back"),
    ),
    ("run_id",),
)

BALANCE = Table(
    "ops.balance",
    "Every delivery balanced, in rows and in money for each currency.",
    (
        FILE_ID,
        _required("feed", "STRING", "the feed"),
        _required("currency", "STRING", "currency of the amounts"),
        _required("delivered_rows", "BIGINT", "records in bronze"),
        *(_required(f"{each}_rows", "BIGINT", f"records {each}") for each in _ROW_COUNTS),
        _required("delivered_amount", "DECIMAL(38,4)", "readable amounts in bronze"),
        *(
            _required(f"{each}_amount", "DECIMAL(38,4)", f"readable amounts {each}")
            for each in _ROW_COUNTS
        ),
        _required("run_id", "STRING", "the run that counted"),
    ),
    ("_file_id", "currency"),
)

OPS_TABLES = (DELIVERIES, RUNS, BALANCE)

LOCK = Table(
    "ops.lock",
    "Who works on the lakehouse, where the engine asks for a lease: one row. No run, rollback or "
    "rebuild counts it among the tables; it is made when it is first needed.",
    (
        _required("name", "STRING", "what is held: `lakehouse`"),
        Column("token", "STRING", "of who holds it; null where nobody does"),
        Column("host", "STRING", "the machine of who holds it, or held it last"),
        Column("process", "BIGINT", "the process there"),
        Column("verb", "STRING", "what it does: run, rebuild, rollback, …"),
        Column("taken_at", "TIMESTAMP", "since when, UTC"),
        Column("renewed_at", "TIMESTAMP", "when it last said that it is at work, UTC"),
    ),
    ("name",),
)


def all_tables(
    bronze: Iterable[Table], *, further_keys: Sequence[str] = (), minor_units: int = 2
) -> dict[str, Table]:
    """All tables of a lakehouse by name: the bronze ones given, and all others."""
    tables = [*bronze, *silver_tables(further_keys), *gold_tables(minor_units), *OPS_TABLES]
    return {table.name: table for table in tables}
