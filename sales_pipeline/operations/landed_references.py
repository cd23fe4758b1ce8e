"""Validates catalogue and rate files of the landing folder as a run would; writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from sales_pipeline.bronze.feed_files import shape_of
from sales_pipeline.bronze.file_moves import Folders
from sales_pipeline.config.files import Dialect
from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import FileChanged, FileRejected
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Delivery, Ledger
from sales_pipeline.lakehouse.tables import CATALOGUE, EXCHANGE_RATES
from sales_pipeline.landing.reader import read_batches
from sales_pipeline.silver.feed_warnings import FeedWarning
from sales_pipeline.silver.fine_amounts import fine_prices
from sales_pipeline.silver.parsing.days import date_patterns
from sales_pipeline.silver.reference.catalogue_entries import CatalogueReader
from sales_pipeline.silver.reference.catalogue_records import (
    CatalogueRecords,
    catalogue_records,
    records_of_rows,
)
from sales_pipeline.silver.reference.catalogue_verdict import judge_catalogue, teaching
from sales_pipeline.silver.reference.exchange_rates import (
    LEARNT,
    RateRecords,
    read_records,
)
from sales_pipeline.silver.reference.learning import Knowledge, learn
from sales_pipeline.silver.reference.products import known_prices, known_products
from sales_pipeline.silver.reference.rate_deliveries import judge_rates
from sales_pipeline.silver.reference.rate_quotes import QuoteReader
from sales_pipeline.silver.reference.reference_balance import Fault, ReferenceVerdict
from sales_pipeline.silver.validation.reasons import Unusable

_LOOKED_AT = 50
_THOUSANDS = ("", ",", ".", " ", "'")

_Option = tuple[str, Declaration]
"""An option to declare, and the declaration with it."""


@dataclass(frozen=True)
class LandedReferences:
    """The files of the catalogue and of rates that a run would take.

    Attributes:
        lakehouse: The tables.
        ledger: The deliveries, including the ones that the files would become.
        folders: Where files lie.
        deliveries: The deliveries of the catalogue and of rates that the files would be.
    """

    lakehouse: Lakehouse
    ledger: Ledger
    folders: Folders
    deliveries: Sequence[Delivery]

    @cached_property
    def verdict(self) -> ReferenceVerdict:
        """The files that would be rejected or held, and why."""
        catalogue = self._read(CATALOGUE)
        verdicts = []
        if catalogue:
            of_catalogue = self._known_catalogue
            verdicts.append(judge_catalogue(self.lakehouse, self.ledger, of_catalogue, catalogue))
        if rates := self._read(EXCHANGE_RATES):
            declaration = self.lakehouse.declaration
            verdicts.append(judge_rates(declaration, self.ledger, self._rates, rates))
        refused = {file: why for verdict in verdicts for file, why in verdict.refused.items()}
        held = {file: why for verdict in verdicts for file, why in verdict.held.items()}
        return ReferenceVerdict(refused, held)

    @cached_property
    def knowledge(self) -> Knowledge:
        """The knowledge of the catalogue after the files that would be taken."""
        kept_out = {file.file_id for file in (*self.verdict.refused, *self.verdict.held)}
        accepted = self._catalogue.of_file.keys() - kept_out
        entries = self._catalogue.entries(accepted)
        taught = learn(entries, before=known_products(self.lakehouse)).knowledge
        return Knowledge(taught.products, {**known_prices(self.lakehouse), **taught.prices})

    @property
    def warnings(self) -> list[FeedWarning]:
        """Warnings about prices in the catalogue files that look suspicious."""
        paths = {file.file_id: file.path for file in self._read(CATALOGUE)}
        entries = self._catalogue.entries(paths)
        return list(fine_prices(entries, self.lakehouse.declaration.catalogue.csv, paths))

    def error_of(self, delivery: Delivery) -> FileChanged | FileRejected | None:
        """Returns why a file cannot be read, or None."""
        rows = self._rows[delivery.file_id]
        return None if isinstance(rows, list) else rows

    def records_of(self, delivery: Delivery) -> int:
        """Returns how many records a file has that can be read."""
        rows = self._rows[delivery.file_id]
        return len(rows) if isinstance(rows, list) else 0

    def unusable_of(self, delivery: Delivery) -> list[Unusable]:
        """Returns the unusable records of a file by reason, the commonest first."""
        file_id = delivery.file_id
        if delivery.feed == CATALOGUE:
            faults = [fault for record in self._catalogue[file_id] for fault in record.faults]
        else:
            # The verdict adds the faults of rates that the table cannot hold.
            records = self._rates.get(file_id, []) if self.verdict else []
            faults = [fault for record in records for fault in record.faults]
        rows = self._rows_of(delivery.feed).get(file_id, [])
        return _unusable(faults, self._options(delivery.feed, rows, faults) if faults else {})

    @cached_property
    def _rows(self) -> dict[int, list[dict[str, Any]] | FileChanged | FileRejected]:
        """File id -> its records as in bronze, or why it cannot be read."""
        rows: dict[int, list[dict[str, Any]] | FileChanged | FileRejected] = {}
        for file in self.deliveries:
            path, shape = self.folders.source(file), shape_of(self.lakehouse.declaration, file)
            try:
                batches = list(read_batches(str(path), shape, file.file_id, sha256=file.sha256))
            except (FileChanged, FileRejected) as error:
                rows[file.file_id] = error
            else:
                of_file = [row for batch in batches for row in batch.to_pylist()]
                rows[file.file_id] = sorted(of_file, key=lambda row: int(row["_row"]))
        return rows

    def _options(
        self, feed: str, rows: list[dict[str, Any]], faults: Sequence[Fault]
    ) -> dict[str, list[str]]:
        """Reason -> the options under which the fewest records of a file have it, as tried."""
        counts = Counter(fault.reason for fault in faults)
        tried: dict[str, list[tuple[int, str]]] = {}
        for option, changed in _reference_options(self.lakehouse.declaration, feed, rows):
            remaining = Counter(fault.reason for fault in _faults(changed, feed, rows))
            if remaining.total() < counts.total():
                for reason in (reason for reason in counts if remaining[reason] < counts[reason]):
                    tried.setdefault(reason, []).append((remaining[reason], option))
        return {reason: _best(counts[reason], options) for reason, options in tried.items()}

    def _read(self, feed: str) -> list[Delivery]:
        """The deliveries of one feed whose files can be read."""
        of_feed = [file for file in self.deliveries if file.feed == feed]
        return [file for file in of_feed if self.error_of(file) is None]

    def _rows_of(self, feed: str) -> dict[int, list[dict[str, Any]]]:
        ids = [file.file_id for file in self._read(feed)]
        return {file_id: rows for file_id in ids if isinstance(rows := self._rows[file_id], list)}

    @cached_property
    def _catalogue(self) -> CatalogueRecords:
        rows = [row for of_file in self._rows_of(CATALOGUE).values() for row in of_file]
        return records_of_rows(self.lakehouse.declaration, rows)

    @property
    def _known_catalogue(self) -> CatalogueRecords:
        """The records of the files, and of deliveries that teach already."""
        known = teaching(self.ledger)
        taught = catalogue_records(self.lakehouse, known).of_file if known else {}
        return replace(self._catalogue, of_file={**taught, **self._catalogue.of_file})

    @cached_property
    def _rates(self) -> RateRecords:
        """The records of the files, and of deliveries that were learnt before."""
        learnt = [
            delivery
            for delivery in self.ledger.in_state(*LEARNT)
            if delivery.feed == EXCHANGE_RATES
        ]
        reader = QuoteReader(self.lakehouse.declaration.rates)
        landed = {
            file_id: [reader.read(row) for row in rows]
            for file_id, rows in self._rows_of(EXCHANGE_RATES).items()
        }
        return read_records(self.lakehouse, learnt) | landed


def _unusable(faults: Sequence[Fault], options: Mapping[str, list[str]]) -> list[Unusable]:
    first: dict[str, Fault] = {}
    for fault in faults:
        first.setdefault(fault.reason, fault)
    counts = Counter(fault.reason for fault in faults)
    return [
        Unusable(
            reason,
            count,
            f"record {first[reason].row}: {first[reason].what}",
            tuple(options.get(reason, ())),
        )
        for reason, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    ]


def _best(count: int, options: Sequence[tuple[int, str]]) -> list[str]:
    """The options that leave the fewest of some records; of two date patterns the stricter one."""
    fewest = min(count_left for count_left, _ in options)
    strictest: dict[str, str] = {}
    for count_left, option in options:
        if count_left == fewest:
            strictest.setdefault(option.replace("dd", "d").replace("MM", "M"), option)
    return [f"{option} reads {count - fewest:,} of {count:,}" for option in strictest.values()]


def _faults(declaration: Declaration, feed: str, rows: Iterable[dict[str, Any]]) -> Iterator[Fault]:
    """The faults of records under a declaration."""
    if feed == CATALOGUE:
        reader = CatalogueReader(declaration)
        for row in rows:
            yield from reader.faults(row)
    else:
        quotes = QuoteReader(declaration.rates)
        for row in rows:
            yield from quotes.read(row).faults


def _reference_options(
    declaration: Declaration, feed: str, rows: Iterable[Mapping[str, Any]]
) -> Iterator[_Option]:
    """Yields other marks of numbers for the catalogue or rates, and patterns of the rows' dates."""
    column = "valid_from" if feed == CATALOGUE else "date"
    texts = [row[column] for row in rows if row.get(column)][:_LOOKED_AT]
    patterns = dict.fromkeys(pattern for text in texts for pattern in date_patterns(text))
    part = declaration.catalogue if feed == CATALOGUE else declaration.rates
    key = "catalogue" if feed == CATALOGUE else "rates"
    for option, dialect in _dialects(part.csv):
        changed = part.model_copy(update={"csv": dialect})
        yield f"{key}.{option}", declaration.model_copy(update={key: changed})
    yield from _with_patterns(declaration, feed, list(patterns))


def _dialects(declared: Dialect) -> Iterator[tuple[str, Dialect]]:
    """The dialect with another decimal mark, or with another mark between thousands."""
    decimal = "," if declared.decimal == "." else "."
    if decimal != declared.thousands:
        yield f"csv.decimal: {decimal!r}", declared.model_copy(update={"decimal": decimal})
    for thousands in _THOUSANDS:
        if thousands not in (declared.decimal, declared.thousands):
            yield (
                f"csv.thousands: {thousands!r}",
                declared.model_copy(update={"thousands": thousands}),
            )


def _with_patterns(
    declaration: Declaration, feed: str, patterns: Iterable[str]
) -> Iterator[_Option]:
    for pattern in patterns:
        if feed != CATALOGUE:
            formats = (*declaration.rates.date_formats, pattern)
            rates = declaration.rates.model_copy(update={"date_formats": formats})
            option = f"rates.date_formats: [{', '.join(formats)}]"
            yield option, declaration.model_copy(update={"rates": rates})
        elif declaration.catalogue.price is not None:
            formats = (*declaration.catalogue.price.date_formats, pattern)
            price = declaration.catalogue.price.model_copy(update={"date_formats": formats})
            catalogue = declaration.catalogue.model_copy(update={"price": price})
            option = f"catalogue.price.date_formats: [{', '.join(formats)}]"
            yield option, declaration.model_copy(update={"catalogue": catalogue})
