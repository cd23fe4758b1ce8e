"""The checks that look at more than one value of a declaration.

They work on plain data, so that they can also be made on a declaration that has
other mistakes: then all of them are in one report. A finding names its place and
never a value: the report shows that itself, unless it is a secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from pydantic import ValidationError
from pydantic_core import InitErrorDetails

from sales_pipeline.config.places import KEY, Loc, value_at
from sales_pipeline.config.refusal import Refusal

REQUIRED_SALE_COLUMNS = ("sold_on", "product", "quantity")
RESERVED_FEEDS = ("catalogue", "exchange_rates")

Plain = Mapping[str, object]


@dataclass(frozen=True)
class Finding:
    """Something that does not fit: its place, what is wrong, and what to do."""

    loc: Loc
    what: str
    do: str

    def below(self, *loc: str) -> Finding:
        """Returns the same finding, seen from further up in the declaration."""
        return Finding((*loc, *self.loc), self.what, self.do)


def raise_findings(title: str, plain: Plain, findings: Iterable[Finding]) -> None:
    """Raises all findings as one pydantic error, each at its own place, if there are any."""
    details: list[InitErrorDetails] = []
    for finding in findings:
        got = value_at(plain, finding.loc)
        refusal = Refusal(finding.what, got, finding.do)
        details.append(
            {"type": "value_error", "loc": finding.loc, "input": got, "ctx": {"error": refusal}}
        )
    if details:
        raise ValidationError.from_exception_data(title, details)


def dialect_findings(dialect: Plain) -> Iterator[Finding]:
    """Finds marks of a CSV dialect that cannot be told apart."""
    if "quote" in dialect and dialect["quote"] == dialect.get("delimiter"):
        yield Finding(("quote",), "the same as the delimiter", "; write another for one of them")


def feed_findings(feed: Plain) -> Iterator[Finding]:
    """Finds columns that a feed lacks, names twice, or uses in its key without having them."""
    columns = mapping(feed.get("columns"))
    if not columns:
        return
    for name in REQUIRED_SALE_COLUMNS:
        if name not in columns:
            yield Finding(("columns", name), "missing", "; write its header in the file")
    if not {"amount", "unit_price"} & set(columns):
        do = "; write the header of one of them in the file"
        yield Finding(("columns", "amount"), "missing, and so is unit_price", do)
    yield from _twice(columns)
    yield from _key_findings(feed.get("key"), columns)


def _twice(columns: Plain) -> Iterator[Finding]:
    first: dict[object, str] = {}
    for name, header in columns.items():
        if isinstance(header, str) and first.setdefault(header, name) != name:
            what = f"the same header as columns.{first[header]}"
            yield Finding(("columns", name), what, "; write the header of another column")


def _key_findings(key: object, columns: Plain) -> Iterator[Finding]:
    alternative = "or write key: [] where every record is a sale of its own"
    for at, name in enumerate(key if isinstance(key, list | tuple) else ()):
        if name == "sale_id" and name not in columns:
            do = f"; write its header in the file, {alternative}"
            yield Finding(("columns", "sale_id"), "missing, and the key needs it", do)
        elif isinstance(name, str) and name not in columns:
            what = f"not one of the columns {', '.join(columns)}"
            yield Finding(("key", at), what, f"; add it to columns, {alternative}")


def declaration_findings(declaration: Plain) -> Iterator[Finding]:
    """Finds parts of a declaration that do not fit each other."""
    feeds = {name: mapping(feed) for name, feed in mapping(declaration.get("feeds")).items()}
    catalogue = mapping(declaration.get("catalogue"))
    for name in feeds:
        if name in RESERVED_FEEDS:
            yield Finding(("feeds", name, KEY), "a reserved name", "; write another for this feed")
    yield from _rate_findings(declaration, feeds)
    yield from _language_findings(declaration, feeds, mapping(catalogue.get("languages")))
    yield from _landing_findings(feeds, catalogue.get("landing"))
    yield from _store_findings(feeds)


def _rate_findings(declaration: Plain, feeds: Mapping[str, Plain]) -> Iterator[Finding]:
    base = declaration.get("base_currency")
    rates = mapping(mapping(declaration.get("rates")).get("fixed"))
    if isinstance(base, str) and base in rates and not _is_one(rates[base]):
        yield Finding(("rates", "fixed", base), "not 1, for the base currency", "; take it out")
    for name, feed in feeds.items():
        currency = feed.get("currency")
        if isinstance(currency, str) and currency not in {base, *rates}:
            do = "; add it to rates.fixed, in units of the base currency"
            yield Finding(("feeds", name, "currency"), "a currency without a rate", do)


def _is_one(rate: object) -> bool:
    try:
        return Decimal(str(rate)) == 1
    except InvalidOperation:
        return False


def _language_findings(
    declaration: Plain, feeds: Mapping[str, Plain], spoken: Plain
) -> Iterator[Finding]:
    places: list[tuple[Loc, object]] = [(("language",), declaration.get("language"))]
    places += [(("feeds", name, "language"), feed.get("language")) for name, feed in feeds.items()]
    do = f"; write one of {', '.join(spoken)}, or add it to catalogue.languages"
    for loc, language in places:
        if spoken and isinstance(language, str) and language not in spoken:
            yield Finding(loc, "a language that the catalogue does not have", do)


def _landing_findings(feeds: Mapping[str, Plain], catalogue: object) -> Iterator[Finding]:
    first = {catalogue: "catalogue"} if isinstance(catalogue, str) else {}
    for name, feed in feeds.items():
        pattern = feed.get("landing")
        if (
            isinstance(pattern, str)
            and first.setdefault(pattern, f"feeds.{name}") != f"feeds.{name}"
        ):
            what = f"the same files as {first[pattern]}.landing"
            yield Finding(("feeds", name, "landing"), what, "; write a pattern of its own")


def _store_findings(feeds: Mapping[str, Plain]) -> Iterator[Finding]:
    first: dict[str, tuple[str, Plain]] = {}
    for name, feed in feeds.items():
        store = mapping(feed.get("store"))
        identity = store.get("id")
        if not isinstance(identity, str):
            continue
        where, told = first.setdefault(identity, (name, store))
        for key in ("name", "city", "country"):
            if key in store and key in told and store[key] != told[key]:
                what = f"not as feeds.{where}.store.{key}, which has the same store id"
                yield Finding(("feeds", name, "store", key), what, "; write the same in both")


def mapping(value: object) -> Plain:
    """Returns the value if it is a mapping, and an empty one if it is anything else."""
    return value if isinstance(value, Mapping) else {}
