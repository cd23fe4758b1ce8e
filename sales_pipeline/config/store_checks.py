"""The checks on stores and on the currency of their sales."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sales_pipeline.config.findings import Finding, Plain, dated_findings, mapping
from sales_pipeline.config.places import Loc, dotted


def store_findings(feed: Plain) -> Iterator[Finding]:
    """Finds a feed whose sales are of no store, or of stores that cannot be told."""
    one, listed = feed.get("store") is not None, bool(feed.get("stores"))
    column = next((key for key in ("columns", "computed") if "store" in mapping(feed.get(key))), "")
    if one and listed:
        do = "; keep store for one store, stores for a column that tells them apart"
        yield Finding(("stores",), "not together with store", do, shows=False)
    elif one and column:
        do = "; list the stores under stores in place of store, or give the column another name"
        yield Finding((column, "store"), "a column that tells stores apart, beside one store", do)
    elif column and not listed:
        do = "; list under stores each text of the column and the store that it means"
        yield Finding(("stores",), f"missing, and {column}.store needs it", do, shows=False)
    elif listed and not column:
        do = "; add the header of the column that tells the stores apart"
        yield Finding(("columns", "store"), "missing, and stores needs it", do, shows=False)
    elif not one and not listed:
        do = "; write the store whose sales these are, or stores and a column store"
        yield Finding(("store",), "missing, and so is stores", do, shows=False)


def currency_findings(feed: Plain) -> Iterator[Finding]:
    """Finds a feed whose amounts are in no currency, and dated ones that are out of order."""
    yield from (each.below("currency") for each in dated_findings(feed.get("currency")))
    columns = {**mapping(feed.get("columns")), **mapping(feed.get("computed"))}
    if feed.get("currency") is not None or "currency" in columns:
        return
    if feed.get("price_from") == "catalogue":
        return
    listed = list(listed_currencies(feed))
    without = [dotted(loc[:-1]) for loc, code in listed if code is None]
    if without or not listed:
        what = f"missing, and {without[0]} has none of its own" if without else "missing"
        do = "; write the currency of the amounts, or add a column currency"
        yield Finding(("currency",), what, do, shows=False)


def listed_currencies(feed: Plain) -> Iterator[tuple[Loc, object]]:
    """Yields the currency of each listed store, None where it has none, and its place."""
    for text, store in mapping(feed.get("stores")).items():
        yield ("stores", text, "currency"), mapping(store).get("currency")


def same_store_findings(feeds: Mapping[str, Plain]) -> Iterator[Finding]:
    """Finds a store that is shown in two ways."""
    first: dict[str, tuple[Loc, Plain]] = {}
    for loc, store in _stores(feeds):
        identity = store.get("id")
        if not isinstance(identity, str):
            continue
        where, told = first.setdefault(identity, (loc, store))
        for key in ("name", "city", "country"):
            if key in store and key in told and store[key] != told[key]:
                what = f"not as {dotted((*where, key))}, which has the same store id"
                yield Finding((*loc, key), what, "; write the same in both")


def _stores(feeds: Mapping[str, Plain]) -> Iterator[tuple[Loc, Plain]]:
    for name, feed in feeds.items():
        yield ("feeds", name, "store"), mapping(feed.get("store"))
        for text, store in mapping(feed.get("stores")).items():
            yield ("feeds", name, "stores", text), mapping(store)
