"""Puts judged records into the silver tables, so that any step may be killed and done again.

A record that leaves one table for another is first added there and then removed here;
what a killed run leaves in both is found and put right by the next.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sales_pipeline.lakehouse.lakehouse import Lakehouse, among
from sales_pipeline.silver.batch import Batch
from sales_pipeline.silver.collisions import IN_FORCE, repeated_keys, verdicts, with_key_hash
from sales_pipeline.silver.judging import EXCLUDED, FIT, QUARANTINED, with_month

_ROW_ID = ["_file_id", "_row"]


@dataclass(frozen=True)
class Moves:
    """What placing a batch does to the records of earlier deliveries.

    Attributes:
        collided: Whether the keys of any records met.
        files: Earlier deliveries of which records change their place.
        months: Months of those records.
        return_files: Earlier deliveries of which records come back into force.
    """

    collided: bool = False
    files: frozenset[int] = frozenset()
    months: frozenset[date] = frozenset()
    return_files: frozenset[int] = frozenset()


@dataclass
class Placement:
    """Places one batch, and takes away what is no longer in force.

    Call `decide`, `write_sales` and `write_rest`, in this order.

    Attributes:
        lakehouse: The tables.
        batch: The deliveries to place, or None where some are only taken away.
        gone: File ids whose records leave silver.
        has_history: Whether silver may hold records of other deliveries.
        is_again: Whether silver may hold records of these deliveries already.
        run_id: The run that places.
    """

    lakehouse: Lakehouse
    batch: Batch | None
    gone: frozenset[int]
    has_history: bool
    is_again: bool
    run_id: str
    moves: Moves = field(default_factory=Moves)

    @property
    def replaced(self) -> frozenset[int]:
        """File ids whose rows in silver are replaced as a whole."""
        return frozenset(self.batch.file_ids if self.batch else ()) | self.gone

    @property
    def _keys(self) -> list[str]:
        return ["sale_id", *self.lakehouse.further_keys]

    def decide(self) -> Moves:
        """Decides between colliding records; writes the verdicts to `silver.collisions`."""
        keys = self._colliding_keys()
        if keys.num_rows:
            decided = verdicts(self._candidates(keys), self._keys)
            self.lakehouse.replace("silver.collisions", "true", _with_changes(decided))
            self.moves = self._read_moves()
        return self.moves

    def leaving_months(self) -> set[date]:
        """Months of the rows in force that are replaced now."""
        if not self.is_again:
            return set()
        sales = self.lakehouse.table("silver.sales").where(among("_file_id", self.replaced))
        return set(sales.select("month").distinct().toArrow().column(0).to_pylist())

    def write_sales(self) -> None:
        """Writes what the verdicts set aside, then the sales in force."""
        self._write_set_aside(keep_returning=True)
        self._write_sales()
        if self.moves.return_files:
            self._write_set_aside(keep_returning=False)

    def write_rest(self, rest: DataFrame | None) -> None:
        """Writes the records that are neither in force nor decided: quarantined, excluded.

        Args:
            rest: Their `_file_id, _row`; small. None where there are none.
        """
        judged = None
        if rest is not None and self.batch is not None:
            judged = with_month(self.batch.judged(rest))
            if any(judge.feed.exclude_when for judge in self.batch.judges):
                self._add_excluded(judged.where(F.col("verdict") == EXCLUDED))
        self._write_quarantine(judged)

    def _colliding_keys(self) -> pa.Table:
        found = []
        if self.batch is not None:
            found.append(repeated_keys(self.batch.keys()).toArrow())
            if self.has_history:
                keys = self.batch.keys()
                for history in self._history():
                    hashed = with_key_hash(history, self._keys)
                    met = hashed.join(keys, "key_hash", "left_semi").select("key_hash")
                    found.append(met.distinct().toArrow())
        if self.is_again:
            found.append(self._keys_waiting().toArrow())
        columns = [table.column("key_hash").combine_chunks().cast(pa.int64()) for table in found]
        hashes = pc.unique(pa.concat_arrays(columns)) if columns else pa.array([], pa.int64())
        return pa.table({"key_hash": hashes.drop_null()})

    def _keys_waiting(self) -> DataFrame:
        """`key_hash` of records that were set aside for one that is replaced now."""
        waiting = self.lakehouse.table("silver.set_aside")
        waiting = waiting.where(among("winner_file_id", self.replaced))
        waiting = waiting.where(f"NOT {among('_file_id', self.replaced)}")
        return with_key_hash(waiting, self._keys).select("key_hash").distinct()

    def _history(self) -> list[DataFrame]:
        """The rows of silver that stay, in both tables that can hold them."""
        stays = f"NOT {among('_file_id', self.replaced)}"
        tables = ("silver.sales", "silver.set_aside")
        return [self.lakehouse.table(name).where(stays) for name in tables]

    def _candidates(self, keys: pa.Table) -> DataFrame:
        hashes = self.lakehouse.frame(keys)
        frames = []
        if self.batch is not None:
            frames.append(self._own_candidates(self.batch, hashes))
        if self.has_history:
            frames.append(self._earlier_candidates(hashes))
        return reduce(DataFrame.unionByName, frames)

    def _own_candidates(self, batch: Batch, hashes: DataFrame) -> DataFrame:
        judged = with_month(batch.judged_with_keys(hashes))
        return judged.where(F.col("verdict").isin(FIT, EXCLUDED)).select(
            *self._sale_columns,
            "verdict",
            *_earlier_place(in_sales=F.lit(False), in_set_aside=F.lit(False)),
        )

    def _earlier_candidates(self, hashes: DataFrame) -> DataFrame:
        sales, aside = (
            with_key_hash(each, self._keys).join(hashes, "key_hash", "left_semi")
            for each in self._history()
        )
        in_both = sales.select(*_ROW_ID, F.lit(True).alias("in_both"))
        verdict = F.when(F.col("class") == EXCLUDED, F.lit(EXCLUDED)).otherwise(F.lit(FIT))
        place = _earlier_place(
            in_sales=F.coalesce(F.col("in_both"), F.lit(False)),
            in_set_aside=F.lit(True),
            class_=F.col("class"),
            winner=(F.col("winner_file_id"), F.col("winner_row")),
        )
        from_aside = aside.join(in_both, _ROW_ID, "left").select(
            *self._sale_columns, verdict.alias("verdict"), *place
        )
        only_sales = sales.join(aside.select(*_ROW_ID), _ROW_ID, "left_anti").select(
            *self._sale_columns,
            F.lit(FIT).alias("verdict"),
            *_earlier_place(in_sales=F.lit(True), in_set_aside=F.lit(False)),
        )
        return only_sales.unionByName(from_aside)

    @property
    def _sale_columns(self) -> list[str]:
        return self.lakehouse.tables["silver.sales"].column_names

    def _read_moves(self) -> Moves:
        changed = self.lakehouse.table("silver.collisions").where("changes")
        comes_back = (F.col("class") == IN_FORCE) & F.col("in_set_aside")
        rows = changed.select("_file_id", "month", comes_back.alias("returns")).distinct()
        found = rows.toArrow().to_pylist()
        return Moves(
            collided=True,
            files=frozenset(row["_file_id"] for row in found),
            months=frozenset(row["month"] for row in found if row["month"] is not None),
            return_files=frozenset(row["_file_id"] for row in found if row["returns"]),
        )

    def _decided(self) -> DataFrame:
        return self.lakehouse.table("silver.collisions")

    def _write_quarantine(self, judged: DataFrame | None) -> None:
        name, ids = "silver.quarantine", among("_file_id", self.replaced)
        if judged is None:
            if self.is_again:
                self._clear(name, self.replaced)
            return
        before = self.lakehouse.table(name).where(ids).select(*_ROW_ID, "first_run")
        rows = judged.where(F.col("verdict") == QUARANTINED).join(before, _ROW_ID, "left")
        run = F.lit(self.run_id)
        first_run = F.coalesce(F.col("first_run"), run)
        rows = rows.withColumns({"first_run": first_run, "last_run": run})
        self.lakehouse.replace(name, ids, rows)

    def _add_excluded(self, excluded: DataFrame) -> None:
        """Adds excluded records to what `write_sales` set aside of the batch."""
        name, ids = "silver.set_aside", among("_file_id", self.replaced)
        columns = self.lakehouse.tables[name].column_names
        none = F.lit(None).cast("BIGINT")
        marked = excluded.withColumns(
            {"class": F.lit(EXCLUDED), "winner_file_id": none, "winner_row": none}
        )
        added = marked.select(*columns)
        held = (
            self.lakehouse.table(name).where(ids).join(added.select(*_ROW_ID), _ROW_ID, "left_anti")
        )
        self.lakehouse.replace(name, ids, held.unionByName(added))

    def _write_set_aside(self, *, keep_returning: bool) -> None:
        name = "silver.set_aside"
        files = self.replaced | self.moves.files
        if not self.moves.collided:
            if self.is_again:
                self._clear(name, files)
            return
        stays = F.col("class") != IN_FORCE
        decided = self._decided()
        kept = self.lakehouse.table(name).where(among("_file_id", self.moves.files))
        settled = decided.where(stays)
        if keep_returning:
            returning = decided.where(~stays & F.col("in_set_aside")).select(*_ROW_ID)
            decided_ids = decided.select(*_ROW_ID).join(returning, _ROW_ID, "left_anti")
        else:
            decided_ids = decided.select(*_ROW_ID)
        rest = kept.join(decided_ids, _ROW_ID, "left_anti")
        columns = self.lakehouse.tables[name].column_names
        rows = rest.select(*columns).unionByName(self._of_files(settled, files).select(*columns))
        self.lakehouse.replace(name, among("_file_id", files), rows)

    def _write_sales(self) -> None:
        name = "silver.sales"
        files = self.replaced | self.moves.files
        frames = []
        if self.batch is not None:
            fit = with_month(self.batch.judged()).where(F.col("verdict") == FIT)
            frames.append(self._undecided(fit).select(*self._sale_columns))
        if self.moves.collided:
            won = self._decided().where(F.col("class") == IN_FORCE)
            frames.append(self._of_files(won, files).select(*self._sale_columns))
        if self.moves.files:
            kept = self.lakehouse.table(name).where(among("_file_id", self.moves.files))
            frames.append(self._undecided(kept))
        if frames:
            rows = reduce(DataFrame.unionByName, frames)
            self.lakehouse.replace(name, among("_file_id", files), rows)
        elif self.is_again:
            self._clear(name, files)

    def _undecided(self, rows: DataFrame) -> DataFrame:
        if not self.moves.collided:
            return rows
        return rows.join(self._decided().select(*_ROW_ID), _ROW_ID, "left_anti")

    def _of_files(self, rows: DataFrame, files: Iterable[int]) -> DataFrame:
        """Only rows of the files that are replaced: verdicts on others changed nothing."""
        return rows.where(among("_file_id", files))

    def _clear(self, name: str, files: Iterable[int]) -> None:
        nothing = self.lakehouse.local([], name)
        self.lakehouse.replace(name, among("_file_id", files), nothing)


def _earlier_place(
    *,
    in_sales: Column,
    in_set_aside: Column,
    class_: Column | None = None,
    winner: tuple[Column, Column] | None = None,
) -> list[Column]:
    none = F.lit(None).cast("BIGINT")
    file_id, row = winner or (none, none)
    return [
        in_sales.alias("in_sales"),
        in_set_aside.alias("in_set_aside"),
        (class_ if class_ is not None else F.lit(None).cast("STRING")).alias("old_class"),
        file_id.alias("old_winner_file_id"),
        row.alias("old_winner_row"),
    ]


def _with_changes(decided: DataFrame) -> DataFrame:
    """Marks the records of earlier deliveries whose place or class changes."""
    in_force = F.col("class") == IN_FORCE
    earlier = F.col("in_sales") | F.col("in_set_aside")
    moved = (F.col("in_sales") != in_force) | (F.col("in_set_aside") == in_force)
    other = ~in_force & ~(
        F.col("class").eqNullSafe(F.col("old_class"))
        & F.col("winner_file_id").eqNullSafe(F.col("old_winner_file_id"))
        & F.col("winner_row").eqNullSafe(F.col("old_winner_row"))
    )
    return decided.withColumn("changes", earlier & (moved | other))
