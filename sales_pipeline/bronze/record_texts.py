"""Texts by which the records of a correction and of the replaced delivery are compared.

They come from bronze, or from a batch of the landing reader, in the same form: trimmed, in NFC and
without invisible characters. No session starts, unless a compared column is a SQL expression.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from sales_pipeline.config.dates import parse_date_pattern
from sales_pipeline.config.feed import Feed
from sales_pipeline.config.files import WHITE_SPACE
from sales_pipeline.config.sql.expressions import computed_expression
from sales_pipeline.lakehouse.column_sources import Source, sources_of
from sales_pipeline.lakehouse.lakehouse import Lakehouse, among
from sales_pipeline.lakehouse.ledger import Delivery
from sales_pipeline.lakehouse.tables import BRONZE_SALES, EXCHANGE_RATES, NOT_SALES
from sales_pipeline.profile import fetched
from sales_pipeline.visible_text import INVISIBLE

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

_BETWEEN = "\x1f"


def compared_columns(feed: Feed) -> list[str]:
    """The columns that identify a record: the key, and the store if the records name it."""
    return [*feed.key, *(["store"] if feed.key and feed.has("store") else [])]


def has_sql(feed: Feed, columns: Iterable[str]) -> bool:
    """Returns whether one of some columns is a SQL expression."""
    return any(feed.computed[name].sql is not None for name in columns if name in feed.computed)


def bronze_texts(
    lakehouse: Lakehouse, deliveries: Iterable[Delivery], columns_of: Callable[[Feed], list[str]]
) -> dict[int, pa.Array]:
    """Returns file id -> the texts of some columns of each record in bronze, joined to one.

    Args:
        lakehouse: The tables; `bronze.*` are read.
        deliveries: Their records are in bronze.
        columns_of: Gives the columns of a feed. The text is empty if there are
            none, or if the feed is the catalogue, the rates, or not declared.
    """
    texts: dict[int, pa.Array] = {}
    plain: list[Delivery] = []
    for delivery in deliveries:
        feed = lakehouse.declaration.feeds.get(delivery.feed)
        if feed is None or delivery.feed in NOT_SALES:
            table = lakehouse.read(
                f"bronze.{delivery.feed}", columns=["_row"], file_ids=[delivery.file_id]
            )
            texts[delivery.file_id] = pa.repeat("", table.num_rows)
        elif has_sql(feed, columns_of(feed)):
            rows = lakehouse.table(BRONZE_SALES).where(among("_file_id", [delivery.file_id]))
            texts[delivery.file_id] = _sql_texts(rows, feed, columns_of(feed))
        else:
            plain.append(delivery)
    return texts | _plain_texts(lakehouse, plain, columns_of)


def bronze_days(lakehouse: Lakehouse, deliveries: Sequence[Delivery]) -> dict[int, set[str]]:
    """Returns the days of each delivery of sales or rates in bronze, as `2025-01-31`."""
    feeds, rates = lakehouse.declaration.feeds, lakehouse.declaration.rates
    sales = [delivery for delivery in deliveries if delivery.feed in feeds]
    texts = bronze_texts(lakehouse, sales, lambda _: ["sold_on"])
    days = {
        delivery.file_id: days_in(
            texts[delivery.file_id].unique().to_pylist(), feeds[delivery.feed].date_formats
        )
        for delivery in sales
    }
    of_rates = {delivery.file_id for delivery in deliveries if delivery.feed == EXCHANGE_RATES}
    if of_rates:
        columns = ["_file_id", "date"]
        rows = lakehouse.read(f"bronze.{EXCHANGE_RATES}", columns=columns, file_ids=of_rates)
        for file_id in of_rates:
            dates = rows.filter(pc.equal(rows["_file_id"], file_id))["date"].unique().drop_null()
            days[file_id] = days_in(dates.to_pylist(), rates.date_formats)
    return days


def _plain_texts(
    lakehouse: Lakehouse, deliveries: Sequence[Delivery], columns_of: Callable[[Feed], list[str]]
) -> dict[int, pa.Array]:
    """Texts of feeds whose columns are constants or come from their files, in one read."""
    if not deliveries:
        return {}
    feeds = lakehouse.declaration.feeds
    existing = set(lakehouse.engine.column_names(BRONZE_SALES))
    names = {name for delivery in deliveries for name in columns_of(feeds[delivery.feed])}
    sources = {
        delivery.file_id: dict(sources_of(feeds[delivery.feed].columns, delivery))
        for delivery in deliveries
    }
    moved = [source for of_file in sources.values() for source in of_file.values() if source]
    names |= {name for kind, name in moved if kind == "column"}
    extra = ["_extra"] if any(kind == "extra" for kind, _ in moved) else []
    columns = ["_file_id", *sorted(names & existing), *extra]
    rows = lakehouse.read(BRONZE_SALES, columns=columns, file_ids={d.file_id for d in deliveries})
    return {
        delivery.file_id: _plain(
            feeds[delivery.feed],
            rows.filter(pc.equal(rows["_file_id"], delivery.file_id)),
            columns_of(feeds[delivery.feed]),
            sources[delivery.file_id],
        )
        for delivery in deliveries
    }


def landed_texts(
    lakehouse: Lakehouse, feed: Feed, records: pa.Table, columns: Sequence[str]
) -> pa.Array:
    """The texts of some columns of each record of a landing file, joined to one.

    Args:
        lakehouse: Its engine computes SQL.
        feed: The feed of the file.
        records: The records, with the columns of the file that are needed.
        columns: The columns.
    """
    if has_sql(feed, columns):
        return _sql_texts(lakehouse.frame(records), feed, columns)
    return _plain(feed, records, columns, {})


def _sql_texts(rows: DataFrame, feed: Feed, columns: Sequence[str]) -> pa.Array:
    from pyspark.sql import functions as F

    texts: list[Column] = []
    for name in columns:
        expression = computed_expression(feed, name) if name in feed.computed else None
        if expression is not None:
            text = F.expr(expression.safe_sql)
        elif name in feed.computed:
            text = F.lit(feed.computed[name].value)
        else:
            text = F.col(name)
        texts.append(text.cast("STRING").alias(f"text_{len(texts)}"))
    table = fetched("read the keys of records", rows.select(*texts))
    return _joined([table[name] for name in table.column_names], table.num_rows)


def _plain(
    feed: Feed, rows: pa.Table, names: Sequence[str], sources: Mapping[str, Source]
) -> pa.Array:
    """The texts of some records, from the columns of their names or from other sources."""
    columns = []
    for name in names:
        source = sources.get(name, ("column", name))
        if name in feed.computed:
            columns.append(pa.repeat(pa.scalar(feed.computed[name].value, pa.string()), len(rows)))
        elif source is None:
            columns.append(pa.nulls(len(rows), pa.string()))
        elif source[0] == "column":
            columns.append(rows[source[1]])
        else:
            texts = (json.loads(text or "{}").get(source[1]) for text in rows["_extra"].to_pylist())
            columns.append(pa.array(texts, pa.string()))
    return _joined(columns, rows.num_rows)


def _joined(columns: Sequence[pa.Array | pa.ChunkedArray], rows: int) -> pa.Array:
    """One text for each record, of its trimmed texts without invisible characters."""
    if not columns:
        return pa.repeat("", rows)
    invisible = f"[{INVISIBLE}]"
    texts = []
    for column in columns:
        whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        visible = pc.replace_substring_regex(pc.fill_null(whole, ""), invisible, "")
        texts.append(pc.utf8_trim(pc.utf8_normalize(visible, form="NFC"), WHITE_SPACE))
    return pc.binary_join_element_wise(*texts, _BETWEEN)


def days_in(texts: Iterable[str], patterns: Sequence[str]) -> set[str]:
    """The days that some texts name, as `2025-01-31`; a text that names none is left out.

    >>> days_in(["31/01/2025 10:00", "n/a"], ["dd/MM/yyyy HH:mm"])
    {'2025-01-31'}
    """
    layouts = [parse_date_pattern(pattern) for pattern in patterns]
    days = set()
    for text in texts:
        fitting = (layout.parts(text.strip(WHITE_SPACE)) for layout in layouts)
        if parts := next(filter(None, fitting), None):
            year, month, day = parts
            days.add(f"{year}-{month:0>2}-{day:0>2}")
    return days
