"""The checks on a whole declaration: parts that do not fit each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path

from sales_pipeline.config.feed_checks import listed_currencies
from sales_pipeline.config.files import NOT_BUILTIN
from sales_pipeline.config.locations import (
    PLACEHOLDERS,
    USUAL_LAKEHOUSE,
    nested_folders,
    placeholders_in,
)
from sales_pipeline.config.problems import (
    KEY,
    Loc,
    Mismatch,
    Plain,
    dotted,
    entries,
    mapping,
    suggestion,
)
from sales_pipeline.config.rates import WITH_FILES, policy_of
from sales_pipeline.config.stores import SHOWN
from sales_pipeline.config.taxes import net_mismatches
from sales_pipeline.errors import closest, examples

RESERVED_FEEDS = ("catalogue", "exchange_rates")
"""Names that no feed can have, because bronze has tables of these names."""


def declaration_mismatches(declaration: Plain) -> Iterator[Mismatch]:
    """Yields parts of a declaration that do not fit each other."""
    feeds = {name: mapping(feed) for name, feed in mapping(declaration.get("feeds")).items()}
    for name in feeds:
        if name in RESERVED_FEEDS:
            yield Mismatch(("feeds", name, KEY), "a reserved name", "; write another for this feed")
    yield from _format_mismatches(mapping(declaration.get("formats")), feeds)
    yield from _rate_mismatches(declaration, feeds)
    yield from net_mismatches(declaration, feeds)
    yield from _language_mismatches(declaration, feeds)
    yield from _catalogue_mismatches(mapping(declaration.get("catalogue")), feeds)
    yield from _landing_mismatches(declaration, feeds)
    yield from _store_mismatches(feeds)
    yield from _folder_mismatches(declaration)
    yield from _order_mismatches(mapping(declaration.get("order")))
    yield from _reader_mismatches(declaration, feeds)


def _folder_mismatches(declaration: Plain) -> Iterator[Mismatch]:
    landing, lakehouse = declaration.get("landing"), declaration.get("lakehouse")
    has_catalog = declaration.get("catalog") is not None
    for place, folder in (("landing", landing), ("lakehouse", lakehouse)):
        names = placeholders_in(folder) if isinstance(folder, str) and has_catalog else []
        if not set(names) <= set(PLACEHOLDERS):
            known = " or ".join(f"{{{name}}}" for name in PLACEHOLDERS)
            yield Mismatch((place,), "an unknown placeholder", f"; write {known}")
    if not (isinstance(landing, str) and isinstance(lakehouse, str)):
        return
    if nested := nested_folders(Path(landing).absolute(), Path(lakehouse).absolute()):
        is_usual = lakehouse == USUAL_LAKEHOUSE
        place = "landing" if is_usual else "lakehouse"
        yield Mismatch((place,), nested, "; declare two folders of which none is in the other")


def _order_mismatches(order: Plain) -> Iterator[Mismatch]:
    """Yields an order of all files by a column, which only a feed has."""
    if order.get("by") == "column":
        yield Mismatch(("order", "by"), "only possible in a feed", "; declare it there")


def _reader_mismatches(declaration: Plain, feeds: Mapping[str, Plain]) -> Iterator[Mismatch]:
    """Yields encodings that Spark's own CSV reader does not know."""
    if declaration.get("reader") != "builtin":
        return
    for loc, part in _parts_with_files(declaration, feeds):
        if mapping(part.get("csv")).get("encoding") in NOT_BUILTIN:
            do = "; have the files written in another, or leave reader: builtin out"
            yield Mismatch((*loc, "csv", "encoding"), "not read with reader: builtin", do)


def _format_mismatches(formats: Plain, feeds: Mapping[str, Plain]) -> Iterator[Mismatch]:
    for name, feed in feeds.items():
        chosen = feed.get("format")
        if isinstance(chosen, str) and chosen not in formats:
            known = f"write one of {examples(list(formats))}" if formats else "add it to formats"
            do = suggestion(closest(chosen, formats), otherwise=known)
            yield Mismatch(("feeds", name, "format"), "no format of that name", do)


def _language_mismatches(declaration: Plain, feeds: Mapping[str, Plain]) -> Iterator[Mismatch]:
    # A catalogue with a row for each language declares none: only its files have them.
    translated = mapping(mapping(declaration.get("catalogue")).get("languages"))
    places: list[tuple[Loc, object]] = [(("language",), declaration.get("language"))]
    places += [(("feeds", name, "language"), feed.get("language")) for name, feed in feeds.items()]
    do = f"; write one of {examples(list(translated))}, or add it to catalogue.languages"
    for loc, language in places:
        if translated and isinstance(language, str) and language not in translated:
            yield Mismatch(loc, "a language that the catalogue does not have", do)


def _catalogue_mismatches(catalogue: Plain, feeds: Mapping[str, Plain]) -> Iterator[Mismatch]:
    for name, feed in feeds.items():
        for key, value, needed in (
            ("product_by", "code", "code"),
            ("price_from", "catalogue", "price"),
        ):
            if feed.get(key) == value and catalogue.get(needed) is None:
                what = f"nothing to look up without catalogue.{needed}"
                yield Mismatch(("feeds", name, key), what, f"; add {needed} to the catalogue")


def _landing_mismatches(declaration: Plain, feeds: Mapping[str, Plain]) -> Iterator[Mismatch]:
    first: dict[str, Loc] = {}
    for part_loc, part in _parts_with_files(declaration, feeds):
        loc, pattern = (*part_loc, "landing"), part.get("landing")
        if isinstance(pattern, str) and first.setdefault(pattern, loc) != loc:
            what = f"the same files as {dotted(first[pattern])}"
            yield Mismatch(loc, what, "; write a pattern of its own")


def _parts_with_files(
    declaration: Plain, feeds: Mapping[str, Plain]
) -> Iterator[tuple[Loc, Plain]]:
    for name in ("catalogue", "rates"):
        yield (name,), mapping(declaration.get(name))
    yield from ((("feeds", name), feed) for name, feed in feeds.items())


def _rate_mismatches(declaration: Plain, feeds: Mapping[str, Plain]) -> Iterator[Mismatch]:
    """Yields declared currencies without a fixed rate, and a rate of the base currency."""
    base, rates = declaration.get("base_currency"), mapping(declaration.get("rates"))
    fixed = mapping(rates.get("fixed"))
    if isinstance(base, str) and base in fixed and not all(map(_is_one, _rates_in(fixed[base]))):
        do = "; take it out"
        is_single = not isinstance(fixed[base], list | tuple)
        yield Mismatch(("rates", "fixed", base), "not 1, for the base currency", do, is_single)
    if policy_of(rates) in WITH_FILES:
        return
    for loc, currency in _declared_currencies(mapping(declaration.get("catalogue")), feeds):
        if isinstance(currency, str) and currency not in (base, *fixed):
            do = "; add it to rates.fixed, in units of the base currency"
            yield Mismatch(loc, "a currency without a rate", do)


def _declared_currencies(
    catalogue: Plain, feeds: Mapping[str, Plain]
) -> Iterator[tuple[Loc, object]]:
    """Yields every currency that a declaration gives to sales, with its place."""
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


def _store_mismatches(feeds: Mapping[str, Plain]) -> Iterator[Mismatch]:
    """Yields stores whose id is declared twice with another name, or open on other days."""
    first: dict[str, tuple[Loc, Plain]] = {}
    for loc, store in _stores(feeds):
        identity = store.get("id")
        if not isinstance(identity, str):
            continue
        first_loc, known = first.setdefault(identity, (loc, store))
        for key in SHOWN:
            if key in store and key in known and store[key] != known[key]:
                what = f"not as {dotted((*first_loc, key))}, which has the same store id"
                yield Mismatch((*loc, key), what, "; write the same in both")


def _stores(feeds: Mapping[str, Plain]) -> Iterator[tuple[Loc, Plain]]:
    for name, feed in feeds.items():
        yield ("feeds", name, "store"), mapping(feed.get("store"))
        for text, store in mapping(feed.get("stores")).items():
            yield ("feeds", name, "stores", text), mapping(store)
