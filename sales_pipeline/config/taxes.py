"""The tax that the amounts of a feed, or of one of its stores, include.

`revenue: net_of_tax` takes it off, so that sales of countries with other taxes can be compared.
Without that, reports only say so if figures of several bases are added.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from sales_pipeline.config.problems import (
    ABSENT,
    InvalidValue,
    Loc,
    Mismatch,
    Plain,
    below,
    mapping,
    order_mismatches,
    suggestion,
)
from sales_pipeline.config.values import (
    SHARE_SCHEMA,
    Day,
    Declared,
    Identifier,
    OneOrDated,
    share_of,
)

RevenueBasis = Literal["as_delivered", "net_of_tax"]
NET_OF_TAX: RevenueBasis = "net_of_tax"
RATE_DECIMALS = 6
"""Decimals of a rate of tax: 8.875 % is 0.08875."""
_WAYS = ("rate", "column", "rate_column")
_HOW = "included: false, or included: true with a rate, a column or a rate_column"


def _rate(value: Any) -> Any:
    share = share_of(value)
    if isinstance(share, int | Decimal) and not isinstance(share, bool) and 1 < share <= 100:
        guess = f"{value}%"
        raise InvalidValue("more than 100 %", value, suggestion(guess, otherwise=""))
    return share


TaxRate = Annotated[
    Decimal,
    BeforeValidator(_rate),
    Field(ge=0, le=1, decimal_places=RATE_DECIMALS),
    SHARE_SCHEMA,
]


class DatedTaxRate(Declared):
    """A rate of tax from some day on."""

    rate: TaxRate
    """The tax as a share of the amount without it, such as 20 %."""
    since: Day | None = None
    """The first day of sales to which it applies; left out for the first of several."""


class StoreTax(Declared):
    """The tax of a store: included in its amounts or not, and at which rate."""

    included: bool
    """Whether the amounts include tax."""
    rate: OneOrDated[TaxRate, DatedTaxRate] | None = None
    """The tax as a share of the amount without it, such as 20 %; or several rates, each since a
    day. Only with `included: true`, and only `revenue: net_of_tax` needs it."""

    @property
    def rates(self) -> tuple[tuple[date | None, Decimal], ...]:
        """The rates in order, each with its first day; None for one that always applied."""
        if self.rate is None:
            return ()
        if isinstance(self.rate, Decimal):
            return ((None, self.rate),)
        return tuple((dated.since, dated.rate) for dated in self.rate)

    @property
    def meaning(self) -> str:
        """A text that changes when another tax is taken off; empty if none is."""
        if not self.included:
            return ""
        return " ".join(f"{since or 'always'}={rate.normalize():f}" for since, rate in self.rates)


class Tax(StoreTax):
    """The tax of a feed: included in its amounts or not, and what tells how much."""

    column: Identifier | None = None
    """Instead of a rate: one of the columns, which holds the tax in the amount of each record, in
    the currency of the amount."""
    rate_column: Identifier | None = None
    """Instead of a rate: one of the columns, which holds the rate of each record in percent, such
    as 5.5, with or without a percent sign."""

    @property
    def meaning(self) -> str:
        """As `StoreTax.meaning`."""
        columns = {"column": self.column, "rate_column": self.rate_column}
        named = (f"{key}:{name}" for key, name in columns.items() if name and self.included)
        return " ".join(filter(None, [super().meaning, *named]))


def tax_mismatches(feed: Plain, columns: Mapping[str, object]) -> Iterator[Mismatch]:
    """Yields parts of the taxes of a feed and its stores that do not fit each other.

    The columns are those in the file and the computed ones.
    """
    for loc, tax in _taxes(feed):
        yield from below(loc, _way_mismatches(tax))
        yield from below((*loc, "rate"), order_mismatches(tax.get("rate")))
    tax = mapping(feed.get("tax"))
    for key in ("column", "rate_column"):
        name = tax.get(key)
        if isinstance(name, str) and columns and name not in columns:
            what = f"not one of the columns {', '.join(columns)}"
            yield Mismatch(("tax", key), what, "; add it to columns, or write one of them")


def net_mismatches(declaration: Plain, feeds: Mapping[str, Plain]) -> Iterator[Mismatch]:
    """Yields feeds and stores that do not declare how to come to amounts without tax."""
    if declaration.get("revenue") != NET_OF_TAX:
        return
    for name, feed in feeds.items():
        stores = mapping(feed.get("stores")).values()
        all_have_own = bool(stores) and all(mapping(store).get("tax") for store in stores)
        if feed.get("tax") is None and not all_have_own:
            what = f"missing, and revenue: {NET_OF_TAX} needs it"
            yield Mismatch(("feeds", name, "tax"), what, f"; write {_HOW}", shows=False)
        for loc, tax in _taxes(feed):
            if _is_true(tax.get("included")) and not _ways(tax):
                what = f"tax is included, and revenue: {NET_OF_TAX} needs to know how much"
                do = "; add a rate" + (", a column or a rate_column" if len(loc) == 1 else "")
                yield Mismatch(("feeds", name, *loc), what, do, shows=False)


def _taxes(feed: Plain) -> Iterator[tuple[Loc, Plain]]:
    """Yields the declared taxes of a feed and of its listed stores, with their places."""
    places: dict[Loc, object] = {("tax",): feed.get("tax")}
    for text, store in mapping(feed.get("stores")).items():
        places["stores", text, "tax"] = mapping(store).get("tax")
    yield from ((loc, tax) for loc, tax in places.items() if isinstance(tax, Mapping))


def _way_mismatches(tax: Plain) -> Iterator[Mismatch]:
    ways = _ways(tax)
    if len(ways) > 1:
        what = f"{' and '.join(ways)}, which say the same"
        yield Mismatch((ways[1],), what, "; keep one of them", shows=False)
    if ways and tax.get("included", ABSENT) is not ABSENT and not _is_true(tax["included"]):
        do = "; take it out, or write included: true"
        yield Mismatch((ways[0],), "only with included: true, else nothing is taken off", do)


def _ways(tax: Plain) -> list[str]:
    return [key for key in _WAYS if tax.get(key) is not None]


def _is_true(value: object) -> bool:
    """Says whether pydantic takes a value for true."""
    return str(value).lower() in {"true", "yes", "on", "y", "t", "1"}
