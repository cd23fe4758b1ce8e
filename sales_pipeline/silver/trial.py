"""Validates landing files and deliveries in bronze as a run would, and writes nothing.

The files of a landing folder are read in parts of bounded size. What a run decides about a whole
delivery (its share of unusable records, rules that reject, a key that stands for many sales) is
decided here by the same functions.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sales_pipeline.errors import FileChanged, FileRejected
from sales_pipeline.lakehouse.arrow_types import arrow_type
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Delivery
from sales_pipeline.lakehouse.mends import Name
from sales_pipeline.lakehouse.tables import BRONZE_SALES, QUARANTINED, SALE
from sales_pipeline.landing.dialect_guess import shapes_that_read_more
from sales_pipeline.landing.reader import first_records, read_batches
from sales_pipeline.landing.record_splitter import PROBLEMS
from sales_pipeline.landing.shape import FileShape
from sales_pipeline.profile import fetched
from sales_pipeline.silver import counting
from sales_pipeline.silver.batch import Batch
from sales_pipeline.silver.counting import InSilver
from sales_pipeline.silver.feed_warnings import FeedWarning
from sales_pipeline.silver.quarantine_limit import over_the_limit, own_reasons, refusal
from sales_pipeline.silver.reference.learning import Knowledge
from sales_pipeline.silver.repeated_keys import KeyCount, KeyCounter, repeated_keys_reason
from sales_pipeline.silver.suspicious_texts import warnings_of
from sales_pipeline.silver.unusable_records import (
    checked_rules,
    delivered_texts,
    explanations,
    first_of_each_reason,
)
from sales_pipeline.silver.validation import rule_results
from sales_pipeline.silver.validation.reasons import STORE_UNKNOWN, Unusable
from sales_pipeline.silver.validation.rule_results import RuleResult
from sales_pipeline.silver.validation.validator import FIT

_PART_ROWS = 500_000
"""The records that are validated together; it bounds memory."""


@dataclass(frozen=True)
class LandedSales:
    """A file of sales in the landing folder.

    Attributes:
        delivery: The delivery that it would be.
        path: Where its bytes lie.
        shape: How it is read.
    """

    delivery: Delivery
    path: Path
    shape: FileShape


@dataclass
class Outcome:
    """The outcome that a run would have for one file of sales.

    Attributes:
        rows: The number of its records that were read.
        unread: Why it cannot be read to its end, if so.
        rejected: Why it would be rejected, if so.
        held: Why it would wait for a person's decision, if so.
        months: The months of its fit records.
        unusable: Its quarantined records by reason, the commonest first.
        records: Its first records, as `Validator.validated` gives them.
        key: The counts of its keys; None without a key.
    """

    rows: int = 0
    unread: FileChanged | FileRejected | None = None
    rejected: str | None = None
    held: str | None = None
    months: set[date] = field(default_factory=set)
    unusable: list[Unusable] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    key: KeyCount | None = None


@dataclass
class Trial:
    """The outcomes that a run would have for some files, and its warnings.

    Attributes:
        outcomes: File id -> its outcome.
        warnings: Warnings about values that look suspicious.
    """

    outcomes: dict[int, Outcome] = field(default_factory=lambda: defaultdict(Outcome))
    warnings: list[FeedWarning] = field(default_factory=list)


@dataclass
class SalesTrial:
    """Tries files of sales.

    Attributes:
        lakehouse: The declaration and the engine.
        knowledge: What the catalogue knows.
        shown: How many of the first records of each file are returned.
        most: How many of the first records of each file are read; None for all.
    """

    lakehouse: Lakehouse
    knowledge: Knowledge
    shown: int = 0
    most: int | None = None
    trial: Trial = field(default_factory=Trial)
    _written: InSilver = field(default_factory=InSilver)
    _samples: dict[int, dict[str, tuple[int, str | None]]] = field(default_factory=dict)
    _texts: dict[int, dict[str, Counter[str]]] = field(default_factory=dict)
    _keys: KeyCounter = field(default_factory=KeyCounter)
    _rules: list[RuleResult] = field(default_factory=list)

    def of_landed(self, files: Sequence[LandedSales]) -> Trial:
        """Tries files of the landing folder."""
        deliveries = {file.delivery.file_id: file.delivery for file in files}
        for table in self._parts(files):
            ids = pc.unique(table["_file_id"]).to_pylist()
            bronze = self.lakehouse.shared("records_of_trial", table)
            of_part = tuple(deliveries[file_id] for file_id in sorted(ids))
            batch = Batch(self.lakehouse, of_part, self.knowledge, bronze=bronze)
            self._try(batch, table)
        trial = self._judged(tuple(deliveries.values()))
        for file in files:
            outcome = trial.outcomes[file.delivery.file_id]
            outcome.unusable = [_with_shapes(file, unusable) for unusable in outcome.unusable]
        return trial

    def of_bronze(self, batches: Iterable[Sequence[Delivery]], mended: frozenset[Name]) -> Trial:
        """Tries deliveries whose records are in bronze.

        Args:
            batches: The deliveries, in the batches in which they are validated.
            mended: Records for which a mended one counts.
        """
        tried: list[Delivery] = []
        for deliveries in batches:
            ids = {delivery.file_id for delivery in deliveries}
            own = frozenset(name for name in mended if name[0] in ids)
            self._try(Batch(self.lakehouse, tuple(deliveries), self.knowledge, own))
            tried += deliveries
        return self._judged(tuple(tried))

    def _parts(self, files: Iterable[LandedSales]) -> Iterator[pa.Table]:
        """The records of the files, in tables of a bounded size."""
        part: list[pa.Table] = []
        rows = 0
        for file in files:
            try:
                for batch in self._batches(file):
                    part.append(self._numbered(batch, file.delivery))
                    rows += batch.num_rows
                    if rows >= _PART_ROWS:
                        yield pa.concat_tables(part)
                        part, rows = [], 0
            except (FileChanged, FileRejected) as error:
                self.trial.outcomes[file.delivery.file_id].unread = error
        if part:
            yield pa.concat_tables(part)

    def _batches(self, file: LandedSales) -> Iterator[pa.RecordBatch]:
        """The records of a file, or the first of them."""
        if self.most is None:
            return read_batches(str(file.path), file.shape, 0, sha256=file.delivery.sha256)
        return iter(first_records(file.path, file.shape, self.most).to_batches())

    def _numbered(self, batch: pa.RecordBatch, delivery: Delivery) -> pa.Table:
        """Records of a file in the columns of `bronze.sales`."""
        rows, known = batch.num_rows, set(batch.schema.names)
        constants = {
            "feed": pa.repeat(delivery.feed, rows),
            "_file_id": pa.repeat(pa.scalar(delivery.file_id, pa.int64()), rows),
        }
        none = pa.nulls(rows, pa.string())
        columns = self.lakehouse.columns(BRONZE_SALES)
        return pa.table(
            [
                constants[name] if name in constants else batch[name] if name in known else none
                for name in (column.name for column in columns)
            ],
            schema=pa.schema([(column.name, arrow_type(column.type)) for column in columns]),
        )

    def _try(self, batch: Batch, bronze: pa.Table | None = None) -> None:
        """Validates the records of a part, and adds up the results."""
        validated = batch.validated()
        reasons: dict[int, Counter[str]] = defaultdict(Counter)
        for row in _totals(validated):
            self._written.add(row)
            self.trial.outcomes[row["_file_id"]].rows += row["records"]
            for reason in row["reasons"] or ():
                reasons[row["_file_id"]][reason] += row["records"]
        if reasons:
            self._explain(batch, validated.where(F.col("verdict") == QUARANTINED), reasons)
        if self.shown:
            first = fetched("read the first records", validated.where(F.col("_row") <= self.shown))
            for row in sorted(first.to_pylist(), key=lambda row: (row["_file_id"], row["_row"])):
                self.trial.outcomes[row["_file_id"]].records.append(row)
        self._keys.add(batch, validated, bronze)
        self._rules += checked_rules(batch)
        has_unknown = any(STORE_UNKNOWN in of_file for of_file in reasons.values())
        sales = validated.where(F.col("verdict") == FIT)
        counted = counting.in_bronze(batch)
        self.trial.warnings += warnings_of(batch, counted, sales, with_stores=has_unknown)

    def _explain(
        self, batch: Batch, quarantined: DataFrame, reasons: dict[int, Counter[str]]
    ) -> None:
        for file_id, samples in first_of_each_reason(quarantined).items():
            known = self._samples.setdefault(file_id, {})
            for reason, sample in samples.items():
                known[reason] = min(known.get(reason, sample), sample)
        for file_id, columns in delivered_texts(batch, reasons).items():
            for column, texts in columns.items():
                of_file = self._texts.setdefault(file_id, {})
                of_file.setdefault(column, Counter()).update(texts)

    def _judged(self, deliveries: tuple[Delivery, ...]) -> Trial:
        """Decides for each delivery as a whole whether it would be rejected or held."""
        batch = Batch(self.lakehouse, deliveries, self.knowledge)
        feeds, outcomes = self.lakehouse.declaration.feeds, self.trial.outcomes
        rows = {delivery.file_id: outcomes[delivery.file_id].rows for delivery in deliveries}
        rejected = over_the_limit(deliveries, rows, self._written, feeds)
        rules = rule_results.added_up(self._rules)
        broken = rule_results.refusals(rules, feeds)
        self.trial.warnings += rule_results.complaints(rules, feeds, batch.paths)
        unusable = explanations(batch, self._written.reasons, self._samples, self._texts)
        keys = self._keys.counts()
        for delivery in deliveries:
            file_id, outcome = delivery.file_id, outcomes[delivery.file_id]
            outcome.unusable = unusable.get(file_id, [])
            outcome.months = self._written.months.get(file_id, set())
            outcome.key = keys.get(file_id)
            if file_id in rejected:
                own = own_reasons(self._written.reasons[file_id])
                counted = [reason for reason in outcome.unusable if reason.reason in own]
                counts = self._written.unusable[file_id], outcome.rows
                outcome.rejected = refusal(batch, delivery, counts, counted)
            outcome.rejected = broken.get(file_id, outcome.rejected)
            if not delivery.is_settled:
                differing = outcome.key.differing if outcome.key else 0
                outcome.held = repeated_keys_reason(
                    delivery, feeds[delivery.feed], differing, outcome.rows
                )
        return self.trial


def _with_shapes(file: LandedSales, unusable: Unusable) -> Unusable:
    """Adds the ways of writing in which malformed records could be read."""
    if unusable.reason not in PROBLEMS:
        return unusable
    return replace(unusable, options=tuple(shapes_that_read_more(file.path, file.shape)))


def _totals(validated: DataFrame) -> list[dict[str, Any]]:
    """The records counted by file, verdict, reasons and month, as `InSilver.add` takes them."""
    none = F.lit(None)
    status = F.when(F.col("verdict") == FIT, F.lit(SALE)).otherwise(F.col("verdict"))
    month = F.when(F.col("verdict") == FIT, F.col("month"))
    rows = validated.select("_file_id", status.alias("status"), month.alias("month"), "reasons")
    counted = rows.groupBy(*rows.columns).agg(F.count(F.lit(1)).alias("records"))
    full = counted.withColumns(
        {"currency": none.cast("STRING"), "amount": none.cast("DECIMAL(18,4)")}
    )
    totals: list[dict[str, Any]] = fetched("count the records", full).to_pylist()
    return totals
