"""The checks on exchange rates: a policy, and what it takes its rates from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation

from sales_pipeline.config.dialect_checks import dialect_findings
from sales_pipeline.config.findings import Finding, Plain, dated_findings, entries, mapping
from sales_pipeline.config.places import Loc
from sales_pipeline.config.store_checks import listed_currencies

WITH_FILES = ("daily", "month_average", "month_end")
"""The policies that take their rates from files."""


def rates_findings(rates: Plain) -> Iterator[Finding]:
    """Finds keys of the rates that do not go together, and days that are out of order."""
    yield from (each.below("csv") for each in dialect_findings(mapping(rates.get("csv"))))
    fixed = mapping(rates.get("fixed"))
    for currency, dated in fixed.items():
        yield from (each.below("fixed", currency) for each in dated_findings(dated))
    yield from _policy_findings(rates, policy_of(rates), is_fixed=bool(fixed))
    is_wide, direction = rates.get("layout", "columns") == "columns", rates.get("direction")
    if is_wide and direction == "value_of_one":
        what = "only for layout rows: a file with a column for each currency has units for one"
        yield Finding(("direction",), what, "; take it out, or write layout: rows")


def policy_of(rates: Plain) -> object:
    """Returns the policy, with what it is where none is written."""
    return rates.get("policy") or ("daily" if rates.get("landing") is not None else "fixed")


def _policy_findings(rates: Plain, policy: object, *, is_fixed: bool) -> Iterator[Finding]:
    has_files = rates.get("landing") is not None
    if policy == "fixed" and has_files:
        do = "; take one of them out, or write policy: daily"
        yield Finding(("landing",), "files of rates, which policy fixed does not take", do)
    elif policy in WITH_FILES and not has_files:
        do = "; write the pattern of the files, such as rates/*.csv, or policy: fixed"
        yield Finding(("landing",), f"missing, and policy {policy} needs it", do, shows=False)
    if policy in WITH_FILES and is_fixed:
        what = f"rates that policy {policy} does not take"
        do = "; take them out, or take landing out and write policy: fixed"
        yield Finding(("fixed",), what, do, shows=False)


def known_rate_findings(declaration: Plain, feeds: Mapping[str, Plain]) -> Iterator[Finding]:
    """Finds declared currencies that no fixed rate makes base currency of."""
    base, rates = declaration.get("base_currency"), mapping(declaration.get("rates"))
    fixed = mapping(rates.get("fixed"))
    if isinstance(base, str) and base in fixed and not all(map(_is_one, _rates_in(fixed[base]))):
        do = "; take it out"
        is_single = not isinstance(fixed[base], list | tuple)
        yield Finding(("rates", "fixed", base), "not 1, for the base currency", do, is_single)
    if policy_of(rates) in WITH_FILES:
        return
    for loc, currency in _declared(mapping(declaration.get("catalogue")), feeds):
        if isinstance(currency, str) and currency not in (base, *fixed):
            do = "; add it to rates.fixed, in units of the base currency"
            yield Finding(loc, "a currency without a rate", do)


def _declared(catalogue: Plain, feeds: Mapping[str, Plain]) -> Iterator[tuple[Loc, object]]:
    """Yields every currency that sales can have by declaration, with its place."""
    for name, feed in feeds.items():
        if feed.get("price_from") == "catalogue":
            continue
        dated = feed.get("currency")
        yield ("feeds", name, "currency"), dated
        for at, entry in enumerate([] if isinstance(dated, str) else entries(dated)):
            place = ("feeds", name, "currency", at, "currency")
            yield place, mapping(entry).get("currency")
        yield from ((("feeds", name, *loc), code) for loc, code in listed_currencies(feed))
    if any(feed.get("price_from") == "catalogue" for feed in feeds.values()):
        price = mapping(catalogue.get("price"))
        yield ("catalogue", "price", "currency"), price.get("currency")


def _rates_in(rate: object) -> list[object]:
    if isinstance(rate, list | tuple):
        return [mapping(entry).get("rate") for entry in rate]
    return [rate]


def _is_one(rate: object) -> bool:
    try:
        return Decimal(str(rate)) == 1
    except InvalidOperation:
        return False
