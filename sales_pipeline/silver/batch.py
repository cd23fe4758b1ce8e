"""The deliveries that are validated together, and their records as DataFrames."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sales_pipeline.engines.statements import union_of
from sales_pipeline.lakehouse.column_sources import Source, sources_of
from sales_pipeline.lakehouse.lakehouse import HELD_BYTES, Lakehouse, among
from sales_pipeline.lakehouse.ledger import Delivery
from sales_pipeline.lakehouse.mends import Name
from sales_pipeline.lakehouse.tables import BRONZE_SALES
from sales_pipeline.profile import fetched
from sales_pipeline.silver.parsing.parsed_texts import BranchRecords, ParsedTexts, TextParser
from sales_pipeline.silver.reference.learning import Knowledge
from sales_pipeline.silver.validation.delivered_records import (
    LAST_DAY,
    DeliveredRecords,
    stores_table,
)
from sales_pipeline.silver.validation.feed_groups import FeedGroup, feed_groups, feeds_table
from sales_pipeline.silver.validation.included_tax import percents_of
from sales_pipeline.silver.validation.validator import Validator

_ROW_ID = ["_file_id", "_row"]


@dataclass(frozen=True)
class Branch:
    """Deliveries of one group of feeds whose columns bronze has in the same places.

    Attributes:
        delivered: How their records are delivered.
        sources: Column -> where bronze has it, if that is not where it is declared.
        file_ids: The deliveries.
    """

    delivered: DeliveredRecords
    sources: tuple[tuple[str, Source], ...]
    file_ids: tuple[int, ...]

    def restored(self, bronze: DataFrame) -> DataFrame:
        """The rows of bronze with each column under its declared name."""
        if not self.sources:
            return bronze
        extra = F.from_json("_extra", "MAP<STRING,STRING>")
        return bronze.withColumns({name: _value(source, extra) for name, source in self.sources})


def _value(source: Source, extra: Column) -> Column:
    if source is None:
        return F.lit(None).cast("STRING")
    kind, name = source
    return F.col(name) if kind == "column" else F.element_at(extra, F.lit(name))


@dataclass(frozen=True)
class Batch:
    """Some deliveries of sales, to be validated together.

    Attributes:
        lakehouse: Where their records are.
        deliveries: The deliveries; none if records are only removed from silver.
        knowledge: What the catalogue knows.
        mended: Records of these deliveries that are not validated, because a mended one counts.
        bronze: Their records, if they are not in `bronze.sales` yet.
    """

    lakehouse: Lakehouse
    deliveries: tuple[Delivery, ...]
    knowledge: Knowledge
    mended: frozenset[Name] = frozenset()
    bronze: DataFrame | None = None

    @property
    def file_ids(self) -> list[int]:
        """The `_file_id` of every delivery."""
        return [delivery.file_id for delivery in self.deliveries]

    @cached_property
    def paths(self) -> dict[int, str]:
        """File id -> path of the file below the landing folder."""
        return {delivery.file_id: delivery.path for delivery in self.deliveries}

    @cached_property
    def feed_of(self) -> dict[int, str]:
        """File id -> feed."""
        return {delivery.file_id: delivery.feed for delivery in self.deliveries}

    def group_of(self, feed: str) -> FeedGroup:
        """The group of a feed that has a delivery here."""
        return next(group for group in self.groups if feed in group.names)

    @cached_property
    def groups(self) -> list[FeedGroup]:
        """The groups of the feeds that have a delivery here."""
        present = {delivery.feed for delivery in self.deliveries}
        declaration = self.lakehouse.declaration
        return feed_groups(declaration.feeds, present, is_net=declaration.is_net_of_tax)

    @cached_property
    def branches(self) -> list[Branch]:
        """The deliveries by group, and by where bronze has their columns."""
        feeds = self.lakehouse.declaration.feeds
        group_of = {name: group for group in self.groups for name in group.names}
        files: dict[tuple[int, tuple[tuple[str, Source], ...]], list[int]] = {}
        for delivery in self.deliveries:
            sources = sources_of(feeds[delivery.feed].columns, delivery)
            place = (group_of[delivery.feed].number, sources)
            files.setdefault(place, []).append(delivery.file_id)
        branches = [
            Branch(self._delivered(self.groups[number]), sources, tuple(ids))
            for (number, sources), ids in files.items()
        ]
        return self._with_percents(branches)

    def _with_percents(self, branches: list[Branch]) -> list[Branch]:
        """The branches with the factors of the rates of tax that their records have in percent."""
        with_rates = [
            (self.delivered_rows(branch), taxes)
            for branch in branches
            if (taxes := branch.delivered.taxes) and taxes.rate_column
        ]
        if not with_rates:
            return branches
        percents = self.lakehouse.shared("tax_percents", percents_of(with_rates))
        return [
            replace(branch, delivered=replace(branch.delivered, percents=percents))
            for branch in branches
        ]

    def _delivered(self, group: FeedGroup) -> DeliveredRecords:
        feeds = self.lakehouse.declaration.feeds
        return DeliveredRecords(
            group,
            feeds,
            tuple(self.lakehouse.further_keys),
            self._feeds_frame if len(group.names) > 1 else None,
            self._stores_frame if group.has_stores else None,
            self._last_days if group.feed.latest == "delivery" else None,
        )

    @cached_property
    def _last_days(self) -> DataFrame:
        """The last day that a sale can have, by file, if it depends on the delivery."""
        feeds = self.lakehouse.declaration.feeds
        days = [feeds[file.feed].last_day(file.delivered_on) for file in self.deliveries]
        columns = [pa.array(self.file_ids, pa.int64()), pa.array(days, pa.date32())]
        return self.lakehouse.shared("last_days", pa.table(columns, names=["_file_id", LAST_DAY]))

    @cached_property
    def _feeds_frame(self) -> DataFrame:
        feeds = self.lakehouse.declaration.feeds
        return self.lakehouse.shared("feeds_of_batch", feeds_table(feeds, self.groups))

    @cached_property
    def _stores_frame(self) -> DataFrame:
        names = [name for group in self.groups for name in group.names]
        table = stores_table(self.lakehouse.declaration.feeds, names)
        return self.lakehouse.shared("stores_of_batch", table)

    @cached_property
    def _mended_rows(self) -> DataFrame:
        return names_frame(self.lakehouse, sorted(self.mended))

    @cached_property
    def _held(self) -> pa.Table | None:
        """The records of a small batch, read by this process; None if they are many."""
        size = sum(delivery.bytes for delivery in self.deliveries)
        if self.bronze is not None or not self.deliveries or size > HELD_BYTES:
            return None
        return self.lakehouse.few_rows(BRONZE_SALES, among("_file_id", self.file_ids))

    @property
    def is_small(self) -> bool:
        """Whether this process holds the records, if there are any, and what becomes of them."""
        if not self.deliveries:
            return bool(self.lakehouse.engine.capabilities.rows_held_here)
        return self._held is not None

    @cached_property
    def _records(self) -> DataFrame:
        if self.bronze is not None:
            return self.bronze
        if self._held is not None:
            return self.lakehouse.shared("records_of_batch", self._held)
        return self.lakehouse.table(BRONZE_SALES)

    def _bronze(self, branch: Branch) -> DataFrame:
        return branch.restored(self._records.where(among("_file_id", branch.file_ids)))

    def delivered_rows(self, branch: Branch) -> DataFrame:
        """All records of a branch, also those for which a mended one counts."""
        return branch.delivered.rows(self._bronze(branch))

    def _keyed(self, branch: Branch) -> DataFrame:
        """The records of a branch that are validated, with their keys."""
        bronze = self._bronze(branch)
        if self.mended:
            bronze = bronze.join(self._mended_rows, _ROW_ID, "left_anti")
        return branch.delivered.keyed(branch.delivered.rows(bronze), self.texts.composed)

    @cached_property
    def texts(self) -> ParsedTexts:
        """The distinct texts of the records, parsed."""
        branches = [
            BranchRecords(branch.delivered, self.delivered_rows(branch)) for branch in self.branches
        ]
        return TextParser(self.lakehouse, branches, self.knowledge).parse()

    def _validators(self) -> Iterator[tuple[Branch, Validator]]:
        for branch in self.branches:
            yield branch, Validator(branch.delivered, self.texts)

    def keys(self) -> DataFrame:
        """`key_hash` of every record, null for one without a key."""
        return union_of(self._keyed(branch).select("key_hash") for branch in self.branches)

    def validated(
        self, *, with_keys: DataFrame | None = None, without_keys: DataFrame | None = None
    ) -> DataFrame:
        """The validated records, or some of them; see `Validator.validated`.

        Args:
            with_keys: `key_hash` of the only keys whose records are returned.
            without_keys: `key_hash` of the keys whose records are left out.
        """

        def rows(branch: Branch) -> DataFrame:
            keyed = self._keyed(branch)
            if with_keys is not None:
                keyed = keyed.join(with_keys, "key_hash", "left_semi")
            if without_keys is not None:
                keyed = keyed.join(without_keys, "key_hash", "left_anti")
            return keyed

        return union_of(
            validator.validated(rows(branch)) for branch, validator in self._validators()
        )

    def amounts(
        self, *, file_ids: Collection[int] | None = None, of_mended: bool = False
    ) -> DataFrame | None:
        """The money of the delivered records that parsed texts do not tell.

        Args:
            file_ids: All records of these deliveries instead.
            of_mended: Only the records for which a mended one counts, and all of these.

        Returns:
            The columns of `Validator.amounts`; None if `texts.counted` tells it of all records.
        """
        frames = []
        for branch, validator in self._validators():
            if of_mended:
                bronze = self._bronze(branch).join(self._mended_rows, _ROW_ID, "left_semi")
                rows = branch.delivered.rows(bronze)
            elif file_ids is not None:
                rows = self.delivered_rows(branch).where(among("_file_id", file_ids))
            elif self.texts.counted is None or validator.needs_records_for_amounts:
                rows = self.delivered_rows(branch)
            else:
                continue
            frames.append(validator.amounts(branch.delivered.keyed(rows, self.texts.composed)))
        return union_of(frames) if frames else None

    @property
    def counted_groups(self) -> list[FeedGroup]:
        """The groups whose delivered records `texts.counted` counts, with their amounts."""
        if self.texts.counted is None:
            return []
        groups = {
            branch.delivered.group.number: branch.delivered.group
            for branch, validator in self._validators()
            if not validator.needs_records_for_amounts
        }
        return list(groups.values())

    def rule_counts(self) -> DataFrame | None:
        """Counts the sales that break each rule, by delivery; None if there are no rules."""
        frames = [
            validator.rule_counts(self._keyed(branch))
            for branch, validator in self._validators()
            if validator.feed.rules
        ]
        return union_of(frames) if frames else None

    def raw_of(self, names: Collection[Name]) -> dict[Name, str]:
        """The texts of some records, as quarantine keeps them."""
        files, chosen = {file_id for file_id, _ in names}, names_frame(self.lakehouse, [*names])
        frames = [
            self.delivered_rows(branch)
            .where(among("_file_id", files))
            .join(chosen, _ROW_ID, "left_semi")
            .select(*_ROW_ID, validator.raw().alias("raw"))
            for branch, validator in self._validators()
            if files & {*branch.file_ids}
        ]
        rows = fetched("read the texts of records", union_of(frames)).to_pylist()
        return {(row["_file_id"], row["_row"]): row["raw"] for row in rows}

    def unknown_stores(self) -> DataFrame | None:
        """`feed, text, records`: texts in the column of the store that name no declared store."""
        frames = [
            branch.delivered.unknown_stores(self._bronze(branch), self.texts.composed)
            for branch in self.branches
            if branch.delivered.group.has_stores
        ]
        return union_of(frames) if frames else None


def names_frame(lakehouse: Lakehouse, names: Sequence[Name]) -> DataFrame:
    """`_file_id, _row` of some records as a DataFrame, to join by."""
    columns = zip(*names, strict=True) if names else ((), ())
    arrays = [pa.array(column, pa.int64()) for column in columns]
    return lakehouse.frame(pa.table(arrays, names=_ROW_ID))
