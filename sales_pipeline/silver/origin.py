"""Whose sale a record is: its store, and the currency of its amounts.

A currency is the record's own, else its store's, else the feed's on the day of the sale
(DESIGN "The state, as a function", 5). Where none can be told, it is null.
"""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column
from pyspark.sql import functions as F

from sales_pipeline.config.currencies import MINOR_UNITS
from sales_pipeline.config.model import Feed
from sales_pipeline.silver.days import day_literal
from sales_pipeline.silver.numbers import filled, trimmed


def listed_store(feed: Feed, text: Column) -> Column:
    """The id of the store that the text of a column `store` means, or null."""
    return _looked_up(text, {shown: store.id for shown, store in feed.stores.items()})


def stated_currency(feed: Feed, *, store: Column, currency: Column) -> Column:
    """The currency that a record states, or that its store has; null where neither does.

    Args:
        feed: The feed.
        store: The text of the column `store`; empty where the feed has none.
        currency: The text of the column `currency`; empty where the feed has none. A text
            that is no ISO 4217 code is no currency, whatever the store has.
    """
    own = filled(currency)
    known = F.when(own.isin(sorted(MINOR_UNITS)), own)
    of_stores = {text: each.currency for text, each in feed.stores.items() if each.currency}
    return F.when(own.isNull(), _looked_up(store, of_stores)).otherwise(known)


def states_currency(feed: Feed) -> bool:
    """Says whether a record, or the store that it names, can say its currency."""
    return feed.has("currency") or any(each.currency for each in feed.stores.values())


def feed_currency(feed: Feed, day: Column) -> Column:
    """The feed's own currency on a day, or null."""
    if isinstance(feed.currency, str):
        return F.lit(feed.currency)
    currency = F.lit(None).cast("STRING")
    for since, code in feed.currencies:
        holds = day.isNotNull() if since is None else day >= day_literal(since)
        currency = F.when(holds, F.lit(code)).otherwise(currency)
    return currency


def _looked_up(text: Column, meanings: Mapping[str, str]) -> Column:
    """What a trimmed text means; made for few texts, not for each record."""
    found = F.lit(None).cast("STRING")
    for each in sorted(set(meanings.values())):
        texts = [shown for shown, meaning in meanings.items() if meaning == each]
        found = F.when(trimmed(text).isin(texts), F.lit(each)).otherwise(found)
    return found
