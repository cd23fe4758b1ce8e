"""The checks on one feed: its stores, currency, columns, key and rules, and private columns."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sales_pipeline.config.files import dialect_mismatches
from sales_pipeline.config.problems import (
    KEY,
    Loc,
    Mismatch,
    Plain,
    below,
    day_of,
    dotted,
    entries,
    mapping,
    order_mismatches,
)
from sales_pipeline.config.taxes import tax_mismatches
from sales_pipeline.visible_text import caseless_form

SALE_COLUMNS = ("sale_id", "sold_on", "product", "unit_price", "quantity", "amount")
REQUIRED_SALE_COLUMNS = ("sold_on", "product", "quantity")

# The layers above declare these names; a test compares.
NO_KEYS = frozenset([
    "feed", "store", "sold_on", "month", "product", "category", "unit_price", "quantity",
    "amount", "tax", "currency", "source_product", "status", "winner_file_id", "winner_row",
    "winner_sold_on", "winner_amount", "winner_currency",
    "key_hash", "verdict", "reasons", "raw", "first_run", "last_run",
])  # fmt: skip
"""Columns that silver already has, so that no key column can have their names."""

REASON_CODES = frozenset([
    "too_few_columns", "too_many_columns", "unterminated_quote", "text_after_quote",
    "too_long", "undecodable", "header_unknown",
    "key_missing", "store_missing", "store_unknown", "date_missing", "date_unreadable",
    "date_out_of_range", "sold_after_delivery", "product_missing", "product_unknown",
    "code_missing",
    "language_unreadable", "translation_missing", "list_price_unreadable",
    "list_price_currency_unknown", "valid_from_unreadable", "quantity_missing",
    "quantity_unreadable", "unit_price_missing", "unit_price_unreadable", "amount_missing",
    "amount_unreadable", "amount_too_large", "return_refused", "price_unknown",
    "currency_missing", "currency_unknown", "rate_unreadable", "computed_failed",
    "exclude_failed", "tax_missing", "tax_unreadable", "tax_out_of_range",
])  # fmt: skip
"""Codes of reasons that exist without rules, so that no rule can have their names."""


def feed_mismatches(feed: Plain) -> Iterator[Mismatch]:
    """Yields parts of a feed that do not fit each other."""
    yield from below(("csv",), dialect_mismatches(mapping(feed.get("csv"))))
    yield from _store_mismatches(feed)
    yield from _currency_mismatches(feed)
    yield from tax_mismatches(feed, all_columns(feed))
    yield from _day_mismatches(feed)
    yield from _rule_mismatches(feed)
    yield from _computed_mismatches(feed)
    yield from _header_mismatches(feed)
    if any(feed.get(key) for key in ("computed", "exclude_when", "rules")):
        # What parses SQL takes a fiftieth of a second to import.
        from sales_pipeline.config.sql.expressions import sql_mismatches

        yield from sql_mismatches(feed)
    yield from _order_mismatches(feed)
    if mapping(feed.get("columns")):
        yield from _required_mismatches(feed)
        yield from _key_mismatches(feed)


def all_columns(feed: Plain) -> dict[str, object]:
    """Returns the columns in the file, then the computed ones."""
    return {**mapping(feed.get("columns")), **mapping(feed.get("computed"))}


def _store_mismatches(feed: Plain) -> Iterator[Mismatch]:
    """Yields a missing store, or stores that records cannot be assigned to."""
    one, listed = feed.get("store") is not None, bool(feed.get("stores"))
    column = next((key for key in ("columns", "computed") if "store" in mapping(feed.get(key))), "")
    if one and listed:
        do = "; keep store for one store, stores for a column that tells them apart"
        yield Mismatch(("stores",), "not together with store", do, shows=False)
    elif one and column:
        do = "; list the stores under stores in place of store, or give the column another name"
        yield Mismatch((column, "store"), "a column that tells stores apart, beside one store", do)
    elif column and not listed:
        do = "; list under stores each text of the column and the store that it means"
        yield Mismatch(("stores",), f"missing, and {column}.store needs it", do, shows=False)
    elif listed and not column:
        do = "; add the header of the column that tells the stores apart"
        yield Mismatch(("columns", "store"), "missing, and stores needs it", do, shows=False)
    elif not one and not listed:
        do = "; write the store whose sales these are, or stores and a column store"
        yield Mismatch(("store",), "missing, and so is stores", do, shows=False)


def _currency_mismatches(feed: Plain) -> Iterator[Mismatch]:
    """Yields a missing currency, and dated ones that are out of order."""
    yield from below(("currency",), order_mismatches(feed.get("currency")))
    is_declared = feed.get("currency") is not None or "currency" in all_columns(feed)
    if is_declared or feed.get("price_from") == "catalogue":
        return
    listed = list(listed_currencies(feed))
    without = [dotted(loc[:-1]) for loc, code in listed if code is None]
    if without or not listed:
        what = f"missing, and {without[0]} has none of its own" if without else "missing"
        do = "; write the currency of the amounts, or add a column currency"
        yield Mismatch(("currency",), what, do, shows=False)


def listed_currencies(feed: Plain) -> Iterator[tuple[Loc, object]]:
    """Yields the place and the currency of each listed store; None if it has none of its own."""
    for text, store in mapping(feed.get("stores")).items():
        yield ("stores", text, "currency"), mapping(store).get("currency")


def _order_mismatches(feed: Plain) -> Iterator[Mismatch]:
    """Yields a column that files are ordered by and that they do not have."""
    column, columns = mapping(feed.get("order")).get("column"), mapping(feed.get("columns"))
    if column is not None and columns and column not in columns:
        what = f"not one of the columns {', '.join(columns)}"
        yield Mismatch(("order", "column"), what, "; add it to columns, or write one of them")


def _day_mismatches(feed: Plain) -> Iterator[Mismatch]:
    earliest, latest = day_of(feed.get("earliest")), day_of(feed.get("latest"))
    if earliest and latest and earliest > latest:
        do = "; write an earlier day, or a later one there"
        yield Mismatch(("earliest",), "after latest", do)


def _rule_mismatches(feed: Plain) -> Iterator[Mismatch]:
    for name in mapping(feed.get("rules")):
        if name in REASON_CODES:
            what = "the name of a reason that records are quarantined for anyway"
            yield Mismatch(("rules", name, KEY), what, "; write another for this rule")


def _computed_mismatches(feed: Plain) -> Iterator[Mismatch]:
    for name, computed in mapping(feed.get("computed")).items():
        part = mapping(computed)
        given = [key for key in ("sql", "value") if part.get(key) is not None]
        if len(given) != 1 and isinstance(computed, dict):
            what = "both sql and value" if given else "neither sql nor value"
            yield Mismatch(("computed", name), what, "; write one of them", shows=False)
        if name in mapping(feed.get("columns")):
            do = "; keep the one in columns or this one"
            yield Mismatch(("computed", name), "a name that columns has, too", do, shows=False)


def _header_mismatches(feed: Plain) -> Iterator[Mismatch]:
    columns = mapping(feed.get("columns"))
    named: list[tuple[Loc, object]] = [
        (("columns", name), header) for name, header in columns.items()
    ]
    private: list[tuple[Loc, object]] = [
        (("never_store", at), header) for at, header in enumerate(entries(feed.get("never_store")))
    ]
    stored = {caseless_form(str(header)): dotted(loc) for loc, header in named}
    for loc, header in private:
        if place := stored.get(caseless_form(str(header))):
            what = f"a header that {place} stores"
            yield Mismatch(loc, what, "; take it out here or there")
    yield from _repeated_headers(columns)
    if "feed" in columns:
        what = "a column that every record has, its feed's name"
        yield Mismatch(("columns", "feed"), what, "; give it another name, such as feed_code")
    if not _is_true(mapping(feed.get("csv")).get("header", True)):
        yield from _number_mismatches([*named, *private])


def _is_true(value: object) -> bool:
    """Says whether pydantic takes a value for true."""
    return str(value).lower() not in {"false", "no", "off", "n", "f", "0"}


def _repeated_headers(columns: Plain) -> Iterator[Mismatch]:
    first: dict[object, str] = {}
    for name, header in columns.items():
        if isinstance(header, str) and first.setdefault(header, name) != name:
            what = f"the same header as columns.{first[header]}"
            yield Mismatch(("columns", name), what, "; write the header of another column")


def _number_mismatches(headers: list[tuple[Loc, object]]) -> Iterator[Mismatch]:
    for loc, header in headers:
        if not re.fullmatch("[1-9][0-9]*", str(header)):
            what = "not the number of a column, and with csv.header false there are no headers"
            yield Mismatch(loc, what, "; write its number in the file, from 1")


def _required_mismatches(feed: Plain) -> Iterator[Mismatch]:
    columns = all_columns(feed)
    for name in REQUIRED_SALE_COLUMNS:
        if name not in columns:
            yield Mismatch(("columns", name), "missing", "; write its header in the file")
    if not {"amount", "unit_price"} & set(columns) and feed.get("price_from") != "catalogue":
        do = "; write the header of one of them in the file"
        yield Mismatch(("columns", "amount"), "missing, and so is unit_price", do)


def _key_mismatches(feed: Plain) -> Iterator[Mismatch]:
    columns = all_columns(feed)
    alternative = "or write key: [] where every record is a sale of its own"
    for at, name in enumerate(entries(feed.get("key"))):
        if name == "sale_id" and name not in columns:
            do = f"; write its header in the file, {alternative}"
            yield Mismatch(("columns", "sale_id"), "missing, and the key needs it", do)
        elif isinstance(name, str) and name in columns and name in NO_KEYS:
            what = "a column of every sale, which the key needs as text under a name of its own"
            do = f"; add key_{name}: {{sql: {name}}} to computed and write key_{name} here"
            yield Mismatch(("key", at), what, do)
        elif isinstance(name, str) and name not in columns:
            what = f"not one of the columns {', '.join(columns)}"
            yield Mismatch(("key", at), what, f"; add it to columns, {alternative}")
