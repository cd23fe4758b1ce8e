"""The checks on one feed: its columns, its key, its rules, and what it must not store."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sales_pipeline.config.dialect_checks import dialect_findings
from sales_pipeline.config.findings import Finding, Plain, day_of, entries, is_false, mapping
from sales_pipeline.config.places import KEY, Loc, dotted
from sales_pipeline.config.reserved import NO_KEYS, REASON_CODES
from sales_pipeline.config.store_checks import currency_findings, store_findings
from sales_pipeline.visible_text import header_form

SALE_COLUMNS = ("sale_id", "sold_on", "product", "unit_price", "quantity", "amount")
REQUIRED_SALE_COLUMNS = ("sold_on", "product", "quantity")


def feed_findings(feed: Plain) -> Iterator[Finding]:
    """Finds everything in a feed that does not fit the rest of it."""
    yield from (each.below("csv") for each in dialect_findings(mapping(feed.get("csv"))))
    yield from store_findings(feed)
    yield from currency_findings(feed)
    yield from _day_findings(feed)
    yield from _rule_findings(feed)
    yield from _computed_findings(feed)
    yield from _header_findings(feed)
    if mapping(feed.get("columns")):
        yield from _required_findings(feed)
        yield from _key_findings(feed)


def all_columns(feed: Plain) -> dict[str, object]:
    """Returns the columns of a feed, those in the file first."""
    return {**mapping(feed.get("columns")), **mapping(feed.get("computed"))}


def _day_findings(feed: Plain) -> Iterator[Finding]:
    earliest, latest = day_of(feed.get("earliest")), day_of(feed.get("latest"))
    if earliest and latest and earliest > latest:
        yield Finding(("earliest",), "after latest", "; write an earlier day, or a later one there")


def _rule_findings(feed: Plain) -> Iterator[Finding]:
    for name in mapping(feed.get("rules")):
        if name in REASON_CODES:
            what = "the name of a reason that records are quarantined for anyway"
            yield Finding(("rules", name, KEY), what, "; write another for this rule")


def _computed_findings(feed: Plain) -> Iterator[Finding]:
    for name, computed in mapping(feed.get("computed")).items():
        part = mapping(computed)
        given = [key for key in ("sql", "value") if part.get(key) is not None]
        if len(given) != 1 and isinstance(computed, dict):
            what = "both sql and value" if given else "neither sql nor value"
            yield Finding(("computed", name), what, "; write one of them", shows=False)
        if name in mapping(feed.get("columns")):
            do = "; keep the one in columns or this one"
            yield Finding(("computed", name), "a name that columns has, too", do, shows=False)


def _header_findings(feed: Plain) -> Iterator[Finding]:
    columns = mapping(feed.get("columns"))
    named: list[tuple[Loc, object]] = [(("columns", name), each) for name, each in columns.items()]
    private: list[tuple[Loc, object]] = [
        (("never_store", at), each) for at, each in enumerate(entries(feed.get("never_store")))
    ]
    stored = {_alike(header): dotted(loc) for loc, header in named}
    for loc, header in private:
        if _alike(header) in stored:
            what = f"a header that {stored[_alike(header)]} stores"
            yield Finding(loc, what, "; take it out here or there")
    yield from _twice(columns)
    if is_false(mapping(feed.get("csv")).get("header", True)):
        yield from _number_findings([*named, *private])


def _alike(header: object) -> str:
    """The form in which the landing reader compares a header."""
    return header_form(str(header))


def _twice(columns: Plain) -> Iterator[Finding]:
    first: dict[object, str] = {}
    for name, header in columns.items():
        if isinstance(header, str) and first.setdefault(header, name) != name:
            what = f"the same header as columns.{first[header]}"
            yield Finding(("columns", name), what, "; write the header of another column")


def _number_findings(headers: list[tuple[Loc, object]]) -> Iterator[Finding]:
    for loc, header in headers:
        if not re.fullmatch("[1-9][0-9]*", str(header)):
            what = "not the number of a column, and with csv.header false there are no headers"
            yield Finding(loc, what, "; write its number in the file, from 1")


def _required_findings(feed: Plain) -> Iterator[Finding]:
    columns = all_columns(feed)
    for name in REQUIRED_SALE_COLUMNS:
        if name not in columns:
            yield Finding(("columns", name), "missing", "; write its header in the file")
    if not {"amount", "unit_price"} & set(columns) and feed.get("price_from") != "catalogue":
        do = "; write the header of one of them in the file"
        yield Finding(("columns", "amount"), "missing, and so is unit_price", do)


def _key_findings(feed: Plain) -> Iterator[Finding]:
    columns = all_columns(feed)
    alternative = "or write key: [] where every record is a sale of its own"
    for at, name in enumerate(entries(feed.get("key"))):
        if name == "sale_id" and name not in columns:
            do = f"; write its header in the file, {alternative}"
            yield Finding(("columns", "sale_id"), "missing, and the key needs it", do)
        elif isinstance(name, str) and name in columns and name in NO_KEYS:
            what = "a column of every sale, which the key needs as text under a name of its own"
            do = f"; add key_{name}: {{sql: {name}}} to computed and write key_{name} here"
            yield Finding(("key", at), what, do)
        elif isinstance(name, str) and name not in columns:
            what = f"not one of the columns {', '.join(columns)}"
            yield Finding(("key", at), what, f"; add it to columns, {alternative}")
