"""Writes a batch to `silver.records`, with all that it moves in earlier deliveries, in one commit.

Call `find_meeting_keys`, `find_moves` and `write`, in this order. What a killed run left is
replaced by the next one: every row of the batch, and every earlier row that a key of it touches,
is decided again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sales_pipeline.engines.statements import union_of
from sales_pipeline.lakehouse.lakehouse import Lakehouse, among, any_of
from sales_pipeline.lakehouse.tables import (
    EXCLUDED,
    QUARANTINED,
    RECORDS,
    SALE,
    WINNER,
    sale_columns,
)
from sales_pipeline.profile import fetched
from sales_pipeline.silver.batch import Batch
from sales_pipeline.silver.collisions import all_equal, decided
from sales_pipeline.silver.meeting_keys import History, MeetingKeys, meeting_keys, rows_by_file
from sales_pipeline.silver.validation.validator import FIT

_ROW_ID = ["_file_id", "_row"]
_MANY_MOVES = 10_000
_OUTCOME = ("status", *(column.name for column in WINNER))
"""The columns of a record that another record of its key can change."""


@dataclass(frozen=True)
class Moves:
    """Records of earlier deliveries that a batch moves.

    Attributes:
        rows: Delivery -> its rows that change; of those in `whole_files`, none are listed.
        whole_files: Deliveries of which so many change that all of their rows are written.
        months: The months of the records that change.
    """

    rows: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    whole_files: frozenset[int] = frozenset()
    months: frozenset[date] = frozenset()

    @property
    def files(self) -> set[int]:
        """The earlier deliveries of which records change."""
        return {*self.rows, *self.whole_files}


@dataclass
class RecordsWriter:
    """Writes one batch, and takes records away that are no longer in force.

    Attributes:
        lakehouse: The tables.
        batch: The deliveries to write; none where some are only taken away.
        gone: File ids whose records leave.
        has_history: Whether `silver.records` may hold records of other deliveries.
        is_again: Whether it may hold records of these deliveries already.
        run_id: The run that writes.
    """

    lakehouse: Lakehouse
    batch: Batch
    gone: frozenset[int]
    has_history: bool
    is_again: bool
    run_id: str
    moves: Moves = field(default_factory=Moves)
    _meeting: MeetingKeys = field(default_factory=MeetingKeys)
    _outcome: pa.Table | None = None

    @property
    def _keys(self) -> DataFrame | None:
        return self._meeting.keys

    @property
    def replaced(self) -> frozenset[int]:
        """File ids whose rows are replaced as a whole."""
        return frozenset(self.batch.file_ids) | self.gone

    def leaving_months(self) -> set[date]:
        """The months of the sales in force that are replaced now."""
        if not self.is_again:
            return set()
        own = among("_file_id", self.replaced)
        sales = self.lakehouse.totals("silver.sales", by=["month"], of="amount", where=own)
        return set(sales["month"].to_pylist())

    def find_meeting_keys(self) -> None:
        """Finds the keys that more than one record has or had."""
        lost = None
        if self.is_again and self.has_history:
            # Records that lost to one that is replaced now.
            lost = self._history().where(among("winner_file_id", self.replaced))
        self._meeting = meeting_keys(
            self.lakehouse,
            self.batch.keys() if self.batch.deliveries else None,
            history=History(self._history(), self._history_batches) if self.has_history else None,
            lost=lost,
            are_held=self.batch.is_small,
        )

    def find_moves(self) -> Moves:
        """Finds the records of earlier deliveries whose status or winner changes."""
        if self._keys is None or not self._meeting.meet_history:
            return self.moves
        candidates = self._decided(self._keys)
        if self._meeting.are_few and self._meeting.earlier is not None:
            few = fetched("decide the records that meet", candidates.limit(_MANY_MOVES + 1))
            if few.num_rows <= _MANY_MOVES:
                self._outcome = few
                is_moved = pc.and_(few["_is_earlier"], few["_changes"])
                self.moves = _listed(few.filter(is_moved).select([*_ROW_ID, "month"]))
                return self.moves
        changed = candidates.where("_is_earlier AND _changes")
        some = changed.select(*_ROW_ID, "month").limit(_MANY_MOVES + 1)
        rows = fetched("find the earlier records that change", some)
        if rows.num_rows <= _MANY_MOVES:
            self.moves = _listed(rows)
        else:
            pairs = changed.select("_file_id", "month").distinct()
            rows = fetched("find the deliveries that change", pairs)
            files = frozenset(rows["_file_id"].to_pylist())
            self.moves = Moves(whole_files=files, months=_months(rows))
        return self.moves

    def write(self) -> None:
        """Commits the batch, without what is gone, and the earlier records that change."""
        frames = []
        if self.batch.deliveries:
            frames.append(self._alone(self.batch.validated(without_keys=self._keys)))
        if self._keys is not None:
            frames.append(self._competing(self._keys))
        if self.moves.whole_files:
            frames.append(self._others_of_whole_files())
        if not frames:
            if self.is_again:
                self._replace(self.lakehouse.local([], RECORDS))
            return
        self._replace(union_of(frames))

    def _replace(self, rows: DataFrame) -> None:
        conditions = [among("_file_id", self.replaced | self.moves.whole_files)]
        if self.moves.rows:
            conditions.append(_is_row_of(self.moves.rows))
        are_few = self.batch.is_small and not self.moves.whole_files
        self.lakehouse.replace(RECORDS, " OR ".join(conditions), rows, are_few=are_few)

    def _alone(self, validated: DataFrame) -> DataFrame:
        """Records whose key no other record has: they are what they are by themselves."""
        status = F.when(F.col("verdict") == FIT, F.lit(SALE)).otherwise(F.col("verdict"))
        none = {column.name: F.lit(None).cast(column.type) for column in WINNER}
        return self._with_runs(validated.withColumns({"status": status, **none}))

    def _competing(self, keys: DataFrame) -> DataFrame:
        """Records that share a key: records of the batch, and earlier records that change."""
        few = self._outcome
        rows = self._decided(keys) if few is None else self.lakehouse.shared("outcomes", few)
        whole = among("_file_id", self.moves.whole_files)
        kept = rows.where(f"NOT _is_earlier OR _changes OR {whole}")
        own = self._with_runs(kept.where("NOT _is_earlier"))
        if not self.moves.files:
            return own
        return own.unionByName(kept.where("_is_earlier").select(*self._columns))

    def _others_of_whole_files(self) -> DataFrame:
        """The rows of files that are written whole which share no key with others."""
        rows = self.lakehouse.table(RECORDS).where(among("_file_id", self.moves.whole_files))
        if self._keys is None:
            return rows
        apart = rows.where("key_hash IS NULL")
        keyed = rows.where("key_hash IS NOT NULL").join(self._keys, "key_hash", "left_anti")
        return apart.unionByName(keyed).select(*self._columns)

    @property
    def _columns(self) -> list[str]:
        return self.lakehouse.tables[RECORDS].column_names

    def _with_runs(self, rows: DataFrame) -> DataFrame:
        """The rows in the columns of the table, with the runs of what is quarantined."""
        is_quarantined = F.col("status") == QUARANTINED
        run = F.lit(self.run_id)
        first_run: Column = run
        if self.is_again:
            ids = among("_file_id", self.replaced)
            quarantine = self.lakehouse.table("silver.quarantine").where(ids)
            before = quarantine.select(*_ROW_ID, F.col("first_run").alias("first_run_before"))
            rows = rows.join(before, _ROW_ID, "left")
            first_run = F.coalesce(F.col("first_run_before"), run)
        runs = {"first_run": first_run, "last_run": run}
        runs = {name: F.when(is_quarantined, value) for name, value in runs.items()}
        return rows.withColumns(runs).select(*self._columns)

    def _history(self) -> DataFrame:
        """The rows of deliveries that stay, only rows that compete for a key."""
        return self.lakehouse.table(RECORDS).where(self._is_history)

    def _history_batches(
        self, columns: Sequence[str], keys: Sequence[int] | None
    ) -> Iterator[pa.RecordBatch]:
        where = self._is_history
        if keys is not None:
            where += f" AND key_hash IN ({', '.join(map(str, keys))})"
        return self.lakehouse.engine.batches(RECORDS, columns=columns, where=where)

    @property
    def _is_history(self) -> str:
        conditions = ["key_hash IS NOT NULL"]
        if self.is_again:  # The engine compares every record even if none can be one of these.
            conditions.append(f"NOT {among('_file_id', self.replaced)}")
        return " AND ".join(conditions)

    def _decided(self, keys: DataFrame) -> DataFrame:
        """All records of some keys with their outcome, and whether it changes for earlier ones.

        The columns of `silver.records` but the runs, which are null here for records of the
        batch; and `is_earlier`, `changes`.
        """
        frames = []
        if self.batch.deliveries:
            frames.append(self._own_candidates(keys))
        if self._meeting.meet_history:
            frames.append(self._earlier_candidates(keys))
        rows = decided(union_of(frames), ["sale_id", *self.lakehouse.further_keys])
        differs = ~all_equal((F.col(name), F.col(f"_old_{name}")) for name in _OUTCOME)
        return rows.withColumn("_changes", F.col("_is_earlier") & differs)

    def _own_candidates(self, keys: DataFrame) -> DataFrame:
        types = {"status": "STRING", **{column.name: column.type for column in WINNER}}
        none = {f"_old_{name}": F.lit(None).cast(type_) for name, type_ in types.items()}
        runs = {name: F.lit(None).cast("STRING") for name in ("first_run", "last_run")}
        own = self.batch.validated(with_keys=keys)
        return own.withColumns({**none, **runs, "_is_earlier": F.lit(False)})

    def _earlier_candidates(self, keys: DataFrame) -> DataFrame:
        if self._meeting.earlier is None:
            history = self._history().join(keys, "key_hash", "left_semi")
        else:
            history = self._history().where(_is_row_of(self._meeting.earlier))
        verdict = F.when(F.col("status") == EXCLUDED, F.lit(EXCLUDED)).otherwise(F.lit(FIT))
        old = [F.col(name).alias(f"_old_{name}") for name in _OUTCOME]
        sale = [column.name for column in sale_columns(self.lakehouse.further_keys)]
        return history.select(
            *sale,
            "key_hash",
            verdict.alias("verdict"),
            "reasons",
            "raw",
            *old,
            "first_run",
            "last_run",
            F.lit(True).alias("_is_earlier"),
        )


def _is_row_of(rows: Mapping[int, tuple[int, ...]]) -> str:
    """A SQL condition that holds for some rows of some deliveries.

    Only comparisons of columns with literals: of an alternative that a data source does not
    understand, such as arithmetic, Spark keeps nothing in the condition of an overwrite.
    """
    parts = [
        f"({among('_file_id', [file])} AND {among('_row', own)})" for file, own in rows.items()
    ]
    return f"({among('_file_id', rows)} AND {any_of(parts)})"


def _listed(rows: pa.Table) -> Moves:
    """The moves of few records, whose `_file_id`, `_row` and `month` are given."""
    return Moves(rows=rows_by_file([rows]), months=_months(rows))


def _months(rows: pa.Table) -> frozenset[date]:
    return frozenset(month for month in rows["month"].to_pylist() if month is not None)
