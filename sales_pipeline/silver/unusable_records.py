"""Explains quarantined records of a file: the counts, a text as delivered, options to declare.

`run` explains the deliveries that it rejects, `check` and `plan` every file; it takes statements
only if something is quarantined.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sales_pipeline.config.feed import Feed
from sales_pipeline.config.sql.expressions import computed_expression, exclusion, rule_condition
from sales_pipeline.engines.statements import union_of
from sales_pipeline.errors import shown_text
from sales_pipeline.lakehouse.lakehouse import among
from sales_pipeline.landing.record_splitter import PROBLEMS
from sales_pipeline.profile import fetched
from sales_pipeline.silver.batch import Batch, Branch
from sales_pipeline.silver.parsing.spark_expressions import GIVEN
from sales_pipeline.silver.tried_options import MANY_TEXTS, ColumnTexts, Texts, tried_options
from sales_pipeline.silver.validation.feed_groups import NUMBERS
from sales_pipeline.silver.validation.included_tax import (
    TAX_MISSING,
    TAX_OUT_OF_RANGE,
    TAX_UNREADABLE,
)
from sales_pipeline.silver.validation.reasons import (
    COMPUTED_FAILED,
    EXCLUDE_FAILED,
    RULE,
    Unusable,
    shown_cell,
)
from sales_pipeline.silver.validation.rule_results import RuleResult, results

_SHOWN_RECORD = 120
_UNREADABLE = {
    "date_unreadable": "sold_on",
    **{f"{name}_unreadable": name for name in NUMBERS},
}
"""Reason -> the column for which options are tried."""
_COLUMN_OF = {"date": "sold_on", "return": "quantity", "price": "product", "unit": "unit_price"}
"""How some reasons begin -> the column that they are about; others begin with its name."""
_OF_TAX = (TAX_MISSING, TAX_UNREADABLE, TAX_OUT_OF_RANGE)
_OF_PRODUCT = ("source_product", "category")
"""Columns that a rule may name and that follow from the text of the product."""

Reasons = Mapping[int, Counter[str]]
"""File id -> how many of its records have each reason."""
Samples = Mapping[int, Mapping[str, tuple[int, str | None]]]
"""File id -> reason -> the number and the text of the first record that has it."""
FileTexts = Mapping[int, Mapping[str, Texts]]
"""File id -> column -> its texts as delivered."""


def first_of_each_reason(quarantined: DataFrame) -> dict[int, dict[str, tuple[int, str | None]]]:
    """Returns the first record of each file and reason: its number and its text.

    Args:
        quarantined: `_file_id, _row, reasons, raw` of quarantined records.
    """
    rows = quarantined.groupBy("_file_id", "reasons").agg(
        F.min("_row").alias("_row"), F.min_by("raw", "_row").alias("raw")
    )
    samples: dict[int, dict[str, tuple[int, str | None]]] = {}
    first = fetched("find the first record of each reason", rows)
    for row in sorted(first.to_pylist(), key=lambda row: int(row["_row"])):
        of_file = samples.setdefault(row["_file_id"], {})
        for reason in row["reasons"]:
            of_file.setdefault(reason, (row["_row"], row["raw"]))
    return samples


def delivered_texts(batch: Batch, reasons: Reasons) -> dict[int, dict[str, dict[str, int]]]:
    """Returns the distinct texts of some files, in columns with unreadable texts.

    Returns:
        File id -> column -> text -> its records; not all of them if there are very many.
    """
    present = {reason for counts in reasons.values() for reason in counts}
    columns = [column for reason, column in _UNREADABLE.items() if reason in present]
    texts: dict[int, dict[str, dict[str, int]]] = {}
    frames = [
        _texts(batch, branch, columns, set(reasons))
        for branch in batch.branches
        if set(reasons) & {*branch.file_ids} and any(map(branch.delivered.feed.has, columns))
    ]
    if not frames:
        return texts
    counted = (
        union_of(frames)
        .groupBy("_file_id", "column", "text")
        .agg(F.count(F.lit(1)).alias("records"))
    )
    most = MANY_TEXTS * len(columns) * len(reasons)
    for row in fetched("count unreadable texts", counted.limit(most)).to_pylist():
        of_file = texts.setdefault(row["_file_id"], {})
        of_file.setdefault(row["column"], {})[row["text"]] = row["records"]
    return texts


def _texts(
    batch: Batch, branch: Branch, columns: Collection[str], file_ids: Collection[int]
) -> DataFrame:
    """`_file_id, column, text` of each record that was split."""
    pairs = F.array(
        *(
            F.struct(
                F.lit(name).alias("column"),
                F.coalesce(F.col(f"{GIVEN}{name}"), F.lit("")).alias("text"),
            )
            for name in columns
            if branch.delivered.feed.has(name)
        )
    )
    rows = batch.delivered_rows(branch).where(among("_file_id", file_ids))
    split = rows.where(F.col("_problem").isNull())
    exploded = split.select("_file_id", F.explode(pairs).alias("pair"))
    return exploded.select("_file_id", "pair.column", "pair.text")


def explanations(
    batch: Batch, reasons: Reasons, samples: Samples, texts: FileTexts
) -> dict[int, list[Unusable]]:
    """Explains the quarantined records of some files, the commonest reason of each first.

    Args:
        batch: The deliveries, among others.
        reasons: File id -> how many of its records have each reason.
        samples: File id -> the first record of each reason.
        texts: File id -> column -> its texts as delivered, if some of them cannot be read.
    """
    feeds = batch.lakehouse.declaration.feeds
    feed_of = {file_id: feeds[name] for file_id, name in batch.feed_of.items()}
    columns = {
        (file_id, reason): ColumnTexts(feed_of[file_id], column, texts[file_id][column])
        for file_id, counts in reasons.items()
        for reason, column in _UNREADABLE.items()
        if reason in counts and column in texts.get(file_id, {})
    }
    tried = tried_options(batch.lakehouse, list(columns.values()))
    options = {place: tuple(map(str, best)) for place, best in zip(columns, tried, strict=True)}
    return {
        file_id: [
            Unusable(
                reason,
                count,
                _example(feed_of[file_id], reason, *samples[file_id][reason]),
                options.get((file_id, reason), ()),
            )
            for reason, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        ]
        for file_id, counts in reasons.items()
    }


def checked_rules(batch: Batch) -> list[RuleResult]:
    """Returns the results of all rules; a rule that warns or rejects has its first record."""
    counts = batch.rule_counts()
    if counts is None:
        return []
    feeds = batch.lakehouse.declaration.feeds
    rule_results = results(counts, batch.feed_of, feeds)
    shown = {
        (result.file_id, result.first)
        for result in rule_results
        if result.first is not None
        and feeds[result.feed].rules[result.rule].severity != "quarantine"
    }
    texts = batch.raw_of(shown) if shown else {}
    return [
        replace(
            result,
            example=_example(
                feeds[result.feed],
                f"{RULE}{result.rule}",
                result.first,
                texts[result.file_id, result.first],
            ),
        )
        if result.first is not None and (result.file_id, result.first) in texts
        else result
        for result in rule_results
    ]


def _example(feed: Feed, reason: str, row: int, raw: str | None) -> str:
    return f"record {row}: {_shown(feed, reason, raw)}"


def _shown(feed: Feed, reason: str, raw: str | None) -> str:
    """The texts of a record in the columns of a reason, under the headers of its file."""
    fields = {} if reason in PROBLEMS else _fields(raw)
    headers = dict.fromkeys(
        header for name in _columns(feed, reason) for header in _headers(feed, name)
    )
    if not fields or not headers:
        return "not kept" if raw is None else shown_text(raw, _SHOWN_RECORD)
    return ", ".join(shown_cell(header, fields.get(header) or "") for header in headers)


def _fields(raw: str | None) -> dict[str, str]:
    try:
        fields = json.loads(raw or "{}")
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}


def _columns(feed: Feed, reason: str) -> Iterator[str]:
    """The columns that a reason is about."""
    if reason == "key_missing":
        yield from feed.key
    elif reason.startswith(COMPUTED_FAILED):
        yield reason.removeprefix(COMPUTED_FAILED)
    elif reason == EXCLUDE_FAILED and (condition := exclusion(feed)):
        yield from condition.columns
    elif reason.startswith(RULE):
        columns = rule_condition(feed, reason.removeprefix(RULE)).columns
        yield from ("product" if name in _OF_PRODUCT else name for name in columns)
    elif reason in _OF_TAX:
        tax = feed.tax
        yield from filter(None, [tax.column, tax.rate_column] if tax is not None else [])
        yield "amount"
    else:
        begin = reason.partition("_")[0]
        yield _COLUMN_OF.get(begin, begin)


def _headers(feed: Feed, name: str) -> list[str]:
    """The headers from which a column is read, or computed."""
    expression = computed_expression(feed, name) if name in feed.computed else None
    names = [name] if expression is None else expression.columns
    return [feed.columns[column] for column in names if column in feed.columns]
