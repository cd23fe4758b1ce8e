"""Groups of feeds whose records are validated by the same expressions.

A thousand shops that write alike are one group: what they differ in (store, currency, language)
is data, in a small table that is joined by feed. A statement grows with the distinct ways of
writing files, and not with the number of shops.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
from pyspark.sql import Column
from pyspark.sql import functions as F

from sales_pipeline.config.feed import Feed
from sales_pipeline.silver.validation import included_tax

NUMBERS = ("quantity", "unit_price", "amount")
_DATA: Any = dict.fromkeys(
    ("landing", "format", "store", "stores", "currency", "tax", "language", "same_name",
     "max_removed", "max_quarantined", "max_repeated_keys", "archive", "never_store", "product_by",
     "ignore_case", "unknown_products"), True,
) | {"csv": {"delimiter", "quote", "encoding", "header", "skip_lines", "footer_lines"}}  # fmt: skip
"""What feeds of one group may differ in: none of it changes an expression."""
_CURRENCY = pa.struct([("since", pa.date32()), ("code", pa.string())])
_FEEDS = pa.schema(
    [
        ("feed", pa.string()),
        ("_feed_group", pa.int32()),
        ("_feed_lookup", pa.string()),
        ("_feed_store", pa.string()),
        ("_feed_currency", pa.string()),
        ("_feed_currencies", pa.list_(_CURRENCY)),
        *included_tax.FIELDS.items(),
    ]
)
FEED_VALUES = (*_FEEDS.names[2:],)
"""The columns of the table of feeds that validation uses."""


@dataclass(frozen=True)
class FeedGroup:
    """Feeds whose records are validated by the same expressions.

    Attributes:
        number: The number of the group, from 0.
        feed: One of the feeds; the others equal it in everything that an expression depends on.
        names: The names of all of them.
        is_net: Whether the tax that amounts include is taken off.
    """

    number: int
    feed: Feed
    names: tuple[str, ...]
    is_net: bool = False

    @property
    def takes_tax_off(self) -> bool:
        """True if tax is taken off the amounts of some of the records."""
        return self.is_net and self.feed.includes_tax

    @property
    def has_stores(self) -> bool:
        """True if a column of the records names the store."""
        return bool(self.feed.stores)

    @property
    def states_currency(self) -> bool:
        """True if a record, or the store that it names, can state its currency."""
        return states_currency(self.feed)

    @property
    def has_dated_currency(self) -> bool:
        """True if the currency of a feed depends on the day."""
        return len(self.feed.currencies) > 1

    @property
    def has_plain_currency(self) -> bool:
        """True if every feed has one currency, declared as its code."""
        return isinstance(self.feed.currency, str)

    @property
    def number_columns(self) -> list[str]:
        """The columns among quantity, unit_price and amount that the records have."""
        if self.feed.price_from == "catalogue":
            return ["quantity"]
        return [name for name in NUMBERS if self.feed.has(name)]

    @property
    def money_column(self) -> str | None:
        """The delivered column that says what was paid; None if it is computed or a list price."""
        delivered = [name for name in self.number_columns if name in self.feed.columns]
        return next((name for name in ("amount", "unit_price") if name in delivered), None)

    def values(self, feeds: Mapping[str, Feed]) -> dict[str, Column]:
        """The values of the table of feeds as columns.

        They are constants where the group has one feed; else they are joined to the records.
        """
        if len(self.names) > 1:
            return {name: F.col(name) for name in FEED_VALUES}
        row = _feed_row(self.names[0], feeds[self.names[0]], self.number)
        currencies = [
            F.struct(
                F.lit(currency["since"].isoformat()).cast("DATE").alias("since"),
                F.lit(currency["code"]).alias("code"),
            )
            for currency in row["_feed_currencies"]
        ]
        empty = F.lit(None).cast("ARRAY<STRUCT<since: DATE, code: STRING>>")
        return {
            "_feed_lookup": F.lit(row["_feed_lookup"]),
            "_feed_store": F.lit(row["_feed_store"]).cast("STRING"),
            "_feed_currency": F.lit(row["_feed_currency"]).cast("STRING"),
            "_feed_currencies": F.array(*currencies) if currencies else empty,
            **included_tax.tax_columns(feeds[self.names[0]].tax),
        }


def states_currency(feed: Feed) -> bool:
    """Says whether a record, or the store that it names, can state its currency."""
    return feed.has("currency") or any(store.currency for store in feed.stores.values())


def feed_groups(
    feeds: Mapping[str, Feed], names: Iterable[str], *, is_net: bool = False
) -> list[FeedGroup]:
    """The groups of some declared feeds, in the order of the declaration.

    Args:
        feeds: All declared feeds.
        names: The feeds in question.
        is_net: Whether the tax that amounts include is taken off.
    """
    wanted = set(names)
    members: dict[str, list[str]] = {}
    for name, feed in feeds.items():
        if name in wanted:
            members.setdefault(_expressions_of(feed, is_net=is_net), []).append(name)
    return [
        FeedGroup(number, feeds[group[0]], tuple(group), is_net)
        for number, group in enumerate(members.values())
    ]


def _expressions_of(feed: Feed, *, is_net: bool) -> str:
    """A text that is equal for feeds whose records are validated by the same expressions."""
    shared = feed.model_dump(mode="json", exclude=_DATA)
    kind_of_currency = "plain" if isinstance(feed.currency, str) else len(feed.currencies) > 1
    shared["kinds"] = [feed.store is not None, states_currency(feed), kind_of_currency]
    shared["taxes"] = included_tax.tax_kind(feed) if is_net else []
    # The columns have the order of the raw text of a quarantined record.
    return json.dumps(shared)


def feeds_table(feeds: Mapping[str, Feed], groups: Sequence[FeedGroup]) -> pa.Table:
    """`feed` and what is declared for it alone, one row for each feed of the groups.

    Returns:
        `_feed_group`: the number of its group; `_feed_lookup`: equal for feeds whose products are
        looked up alike; `_feed_store`: the id of its one store; `_feed_currency`: its only
        currency; `_feed_currencies`: an array of all of them, with the first day of each; and
        what `included_tax.tax_values` gives.
    """
    rows = [_feed_row(name, feeds[name], group.number) for group in groups for name in group.names]
    return pa.Table.from_pylist(rows, schema=_FEEDS)


def _feed_row(name: str, feed: Feed, group: int) -> dict[str, Any]:
    currencies = feed.currencies
    return {
        "feed": name,
        "_feed_group": group,
        "_feed_lookup": lookup_of(feed),
        "_feed_store": feed.store.id if feed.store else None,
        "_feed_currency": currencies[0][1] if len(currencies) == 1 else None,
        "_feed_currencies": [
            {"since": since or date.min, "code": code} for since, code in currencies
        ],
        **included_tax.tax_values(feed.tax),
    }


def lookup_of(feed: Feed) -> str:
    """A text that is equal for feeds whose product names are looked up alike."""
    parts = (feed.language, feed.product_by, feed.ignore_case, feed.unknown_products)
    return " ".join(map(str, parts))
