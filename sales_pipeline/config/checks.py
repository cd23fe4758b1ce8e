"""The checks on the parts of a declaration against each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from sales_pipeline.config.dialect import NOT_BUILTIN
from sales_pipeline.config.findings import Finding, Plain, mapping
from sales_pipeline.config.folders import (
    PLACEHOLDERS,
    USUAL_LAKEHOUSE,
    nested_folders,
    placeholders_in,
)
from sales_pipeline.config.places import KEY, Loc
from sales_pipeline.config.rates_checks import known_rate_findings
from sales_pipeline.config.refusal import did_you_mean
from sales_pipeline.config.reserved import RESERVED_FEEDS
from sales_pipeline.config.store_checks import same_store_findings


def declaration_findings(declaration: Plain) -> Iterator[Finding]:
    """Finds parts of a declaration that do not fit each other."""
    feeds = {name: mapping(feed) for name, feed in mapping(declaration.get("feeds")).items()}
    for name in feeds:
        if name in RESERVED_FEEDS:
            yield Finding(("feeds", name, KEY), "a reserved name", "; write another for this feed")
    yield from _format_findings(mapping(declaration.get("formats")), feeds)
    yield from known_rate_findings(declaration, feeds)
    yield from _language_findings(declaration, feeds)
    yield from _catalogue_findings(mapping(declaration.get("catalogue")), feeds)
    yield from _landing_findings(declaration, feeds)
    yield from same_store_findings(feeds)
    yield from _folder_findings(declaration)
    yield from _reader_findings(declaration, feeds)


def _folder_findings(declaration: Plain) -> Iterator[Finding]:
    landing, lakehouse = declaration.get("landing"), declaration.get("lakehouse")
    has_catalog = declaration.get("catalog") is not None
    for place, folder in (("landing", landing), ("lakehouse", lakehouse)):
        names = placeholders_in(folder) if isinstance(folder, str) and has_catalog else []
        if not set(names) <= set(PLACEHOLDERS):
            known = " or ".join(f"{{{name}}}" for name in PLACEHOLDERS)
            yield Finding((place,), "an unknown placeholder", f"; write {known}")
    if not (isinstance(landing, str) and isinstance(lakehouse, str)):
        return
    if nested := nested_folders(Path(landing).absolute(), Path(lakehouse).absolute()):
        is_usual = lakehouse == USUAL_LAKEHOUSE
        place = "landing" if is_usual else "lakehouse"
        yield Finding((place,), nested, "; declare two folders of which none is in the other")


def _reader_findings(declaration: Plain, feeds: Mapping[str, Plain]) -> Iterator[Finding]:
    """Finds encodings that Spark's own CSV reader does not know."""
    if declaration.get("reader") != "builtin":
        return
    places: dict[Loc, Plain] = {
        (part,): mapping(declaration.get(part)) for part in ("catalogue", "rates")
    }
    places |= {("feeds", name): feed for name, feed in feeds.items()}
    for loc, part in places.items():
        if mapping(part.get("csv")).get("encoding") in NOT_BUILTIN:
            do = "; have the files written in another, or leave reader: builtin out"
            yield Finding((*loc, "csv", "encoding"), "not read with reader: builtin", do)


def _format_findings(formats: Plain, feeds: Mapping[str, Plain]) -> Iterator[Finding]:
    for name, feed in feeds.items():
        chosen = feed.get("format")
        if isinstance(chosen, str) and chosen not in formats:
            close = get_close_matches(chosen, formats, n=1)
            otherwise = f"write one of {', '.join(formats)}" if formats else "add it to formats"
            do = did_you_mean(close[0] if close else None, otherwise=otherwise)
            yield Finding(("feeds", name, "format"), "no format of that name", do)


def _language_findings(declaration: Plain, feeds: Mapping[str, Plain]) -> Iterator[Finding]:
    # Which languages a catalogue with a row for each has, only its files tell.
    spoken = mapping(mapping(declaration.get("catalogue")).get("languages"))
    places: list[tuple[Loc, object]] = [(("language",), declaration.get("language"))]
    places += [(("feeds", name, "language"), feed.get("language")) for name, feed in feeds.items()]
    do = f"; write one of {', '.join(spoken)}, or add it to catalogue.languages"
    for loc, language in places:
        if spoken and isinstance(language, str) and language not in spoken:
            yield Finding(loc, "a language that the catalogue does not have", do)


def _catalogue_findings(catalogue: Plain, feeds: Mapping[str, Plain]) -> Iterator[Finding]:
    for name, feed in feeds.items():
        for key, value, needed in (
            ("product_by", "code", "code"),
            ("price_from", "catalogue", "price"),
        ):
            if feed.get(key) == value and catalogue.get(needed) is None:
                what = f"nothing to look up without catalogue.{needed}"
                yield Finding(("feeds", name, key), what, f"; add {needed} to the catalogue")


def _landing_findings(declaration: Plain, feeds: Mapping[str, Plain]) -> Iterator[Finding]:
    places: list[tuple[Loc, object]] = [
        ((part, "landing"), mapping(declaration.get(part)).get("landing"))
        for part in ("catalogue", "rates")
    ]
    places += [(("feeds", name, "landing"), feed.get("landing")) for name, feed in feeds.items()]
    first: dict[str, Loc] = {}
    for loc, pattern in places:
        if isinstance(pattern, str) and first.setdefault(pattern, loc) != loc:
            what = f"the same files as {'.'.join(map(str, first[pattern]))}"
            yield Finding(loc, what, "; write a pattern of its own")
