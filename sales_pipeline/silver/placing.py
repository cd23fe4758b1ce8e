"""Puts judged records into the silver tables, so that any step may be killed and done again.

The fit records whose key meets no other come into force in one pass. What is left over, and
what it meets in silver, is decided in `silver.decisions` and then moved. A record that leaves
one table for another is first added there and then removed here; what a killed run leaves in
both is found and put right by the next.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import reduce
from operator import and_

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sales_pipeline.lakehouse.lakehouse import Lakehouse, among
from sales_pipeline.silver.batch import Batch
from sales_pipeline.silver.collisions import IN_FORCE, repeated_keys, verdicts, with_key_hash
from sales_pipeline.silver.judging import EXCLUDED, FIT, QUARANTINED, with_month

_ROW_ID = ["_file_id", "_row"]
_ASIDE = {
    "class": "STRING",
    "winner_file_id": "BIGINT",
    "winner_row": "BIGINT",
    "winner_sold_on": "DATE",
    "winner_amount": "DECIMAL(18,4)",
    "winner_currency": "STRING",
}
"""What `silver.set_aside` says of a record beside the record itself."""


@dataclass(frozen=True)
class Moves:
    """What was decided, as far as more than one table has to follow it.

    Attributes:
        won: Delivery of the batch -> months of its records that won their key.
        files: Earlier deliveries of which records change their place.
        months: Months of those records.
        return_files: Earlier deliveries of which records come back into force.
    """

    won: dict[int, set[date]] = field(default_factory=dict)
    files: frozenset[int] = frozenset()
    months: frozenset[date] = frozenset()
    return_files: frozenset[int] = frozenset()


@dataclass
class Placement:
    """Places one batch, and takes away what is no longer in force.

    Call `colliding_keys`, `write_fit`, `decide` and `write_decided`, in this order.

    Attributes:
        lakehouse: The tables.
        batch: The deliveries to place; none where some are only taken away.
        gone: File ids whose records leave silver.
        has_history: Whether silver may hold records of other deliveries.
        is_again: Whether silver may hold records of these deliveries already.
        run_id: The run that places.
    """

    lakehouse: Lakehouse
    batch: Batch
    gone: frozenset[int]
    has_history: bool
    is_again: bool
    run_id: str
    is_decided: bool = False
    moves: Moves = field(default_factory=Moves)

    @property
    def replaced(self) -> frozenset[int]:
        """File ids whose rows in silver are replaced as a whole."""
        return frozenset(self.batch.file_ids) | self.gone

    @property
    def _keys(self) -> list[str]:
        return ["sale_id", *self.lakehouse.further_keys]

    @property
    def _sale_columns(self) -> list[str]:
        return self.lakehouse.tables["silver.sales"].column_names

    def colliding_keys(self) -> pa.Table:
        """`key_hash` of the keys that more than one record has or had."""
        found = []
        if self.batch.deliveries:
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

    def leaving_months(self) -> set[date]:
        """Months of the rows in force that are replaced now."""
        if not self.is_again:
            return set()
        sales = self.lakehouse.table("silver.sales").where(among("_file_id", self.replaced))
        return set(sales.select("month").distinct().toArrow().column(0).to_pylist())

    def write_fit(self, keys: pa.Table) -> None:
        """Writes the fit records of the batch whose key is not among those that collide."""
        if not self.batch.deliveries:
            if self.is_again:
                self._clear("silver.sales", self.replaced)
            return
        colliding = self.lakehouse.frame(keys) if keys.num_rows else None
        fit = self.batch.judged(without_keys=colliding).where(F.col("verdict") == FIT)
        sales = with_month(fit).select(*self._sale_columns)
        self.lakehouse.replace("silver.sales", among("_file_id", self.replaced), sales)

    def decide(self, keys: pa.Table, rest: DataFrame | None) -> Moves:
        """Writes to `silver.decisions` what becomes of the records that are left over.

        Args:
            keys: `key_hash` of the keys that collide.
            rest: `_file_id, _row` of the records of the batch that are not in force; small.
                None where there are none.
        """
        frames = []
        if rest is not None:
            frames.append(self._own_candidates(rest))
        if self.has_history and keys.num_rows:
            frames.append(self._earlier_candidates(self.lakehouse.frame(keys)))
        if frames:
            decided = verdicts(reduce(DataFrame.unionByName, frames), self._keys)
            self.lakehouse.replace("silver.decisions", "true", _with_changes(decided))
            self.is_decided = True
            self.moves = self._read_moves()
        return self.moves

    def write_decided(self) -> None:
        """Brings every record to where the decisions put it."""
        self._write_set_aside(keep_returning=True)
        self._write_won()
        if self.moves.return_files:
            self._write_set_aside(keep_returning=False)
        self._write_quarantine()

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

    def _own_candidates(self, rest: DataFrame) -> DataFrame:
        return with_month(self.batch.judged(rest)).select(
            *self._sale_columns,
            "verdict",
            "reasons",
            "raw",
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
            was_aside=True,
        )
        from_aside = aside.join(in_both, _ROW_ID, "left").select(
            *self._sale_columns, verdict.alias("verdict"), *_unread(), *place
        )
        only_sales = sales.join(aside.select(*_ROW_ID), _ROW_ID, "left_anti").select(
            *self._sale_columns,
            F.lit(FIT).alias("verdict"),
            *_unread(),
            *_earlier_place(in_sales=F.lit(True), in_set_aside=F.lit(False)),
        )
        return only_sales.unionByName(from_aside)

    def _read_moves(self) -> Moves:
        in_force = F.col("class") == IN_FORCE
        own = among("_file_id", self.replaced)
        rows = (
            self._decided()
            .where(F.col("changes") | (F.expr(own) & in_force))
            .select(
                "_file_id",
                "month",
                "changes",
                (in_force & F.col("in_set_aside")).alias("returns"),
            )
            .distinct()
        )
        won: dict[int, set[date]] = {}
        earlier = []
        for row in rows.toArrow().to_pylist():
            if row["changes"]:
                earlier.append(row)
            else:
                won.setdefault(row["_file_id"], set()).add(row["month"])
        return Moves(
            won=won,
            files=frozenset(row["_file_id"] for row in earlier),
            months=frozenset(row["month"] for row in earlier if row["month"] is not None),
            return_files=frozenset(row["_file_id"] for row in earlier if row["returns"]),
        )

    def _decided(self) -> DataFrame:
        return self.lakehouse.table("silver.decisions")

    def _write_set_aside(self, *, keep_returning: bool) -> None:
        name = "silver.set_aside"
        files = self.replaced | self.moves.files
        if not self.is_decided:
            if self.is_again:
                self._clear(name, files)
            return
        decided = self._decided()
        kept = self.lakehouse.table(name).where(among("_file_id", self.moves.files))
        if keep_returning:
            returning = (F.col("class") == IN_FORCE) & F.col("in_set_aside")
            settled = decided.where(~returning)
        else:
            settled = decided
        rest = kept.join(settled.select(*_ROW_ID), _ROW_ID, "left_anti")
        columns = self.lakehouse.tables[name].column_names
        aside = decided.where(~F.col("class").isin(IN_FORCE, QUARANTINED))
        rows = rest.select(*columns).unionByName(self._of_files(aside, files).select(*columns))
        self.lakehouse.replace(name, among("_file_id", files), rows)

    def _write_won(self) -> None:
        """Adds what won to the sales in force, and takes out of them what lost."""
        name = "silver.sales"
        won = self._decided().where(F.col("class") == IN_FORCE)
        if self.moves.won:
            own = self._of_files(won, self.replaced)
            self.lakehouse.add(name, own.select(*self._sale_columns))
        if self.moves.files:
            files = self.moves.files
            earlier = self.lakehouse.table(name).where(among("_file_id", files))
            kept = earlier.join(self._decided().select(*_ROW_ID), _ROW_ID, "left_anti")
            rows = kept.unionByName(self._of_files(won, files).select(*self._sale_columns))
            self.lakehouse.replace(name, among("_file_id", files), rows)

    def _write_quarantine(self) -> None:
        name, ids = "silver.quarantine", among("_file_id", self.replaced)
        if not self.is_decided:
            if self.is_again:
                self._clear(name, self.replaced)
            return
        run = F.lit(self.run_id)
        rows = self._decided().where(F.col("class") == QUARANTINED)
        first_run = run
        if self.is_again:
            before = self.lakehouse.table(name).where(ids).select(*_ROW_ID, "first_run")
            rows = rows.join(before, _ROW_ID, "left")
            first_run = F.coalesce(F.col("first_run"), run)
        self.lakehouse.replace(
            name, ids, rows.withColumns({"first_run": first_run, "last_run": run})
        )

    def _of_files(self, rows: DataFrame, files: Iterable[int]) -> DataFrame:
        """Only rows of the files that are replaced: verdicts on others changed nothing."""
        return rows.where(among("_file_id", files))

    def _clear(self, name: str, files: Iterable[int]) -> None:
        nothing = self.lakehouse.local([], name)
        self.lakehouse.replace(name, among("_file_id", files), nothing)


def _null(type_: str) -> Column:
    return F.lit(None).cast(type_)


def _unread() -> list[Column]:
    """What only records of the batch have."""
    # No null: an engine may look for nulls before it has left out the rows of other classes.
    none = F.array().cast("ARRAY<STRING>")
    return [none.alias("reasons"), _null("STRING").alias("raw")]


def _earlier_place(
    *, in_sales: Column, in_set_aside: Column, was_aside: bool = False
) -> list[Column]:
    """Where a record was before; `old_*` is what was said of it where it was set aside."""
    return [
        in_sales.alias("in_sales"),
        in_set_aside.alias("in_set_aside"),
        *(
            (F.col(name) if was_aside else _null(type_)).alias(f"old_{name}")
            for name, type_ in _ASIDE.items()
        ),
    ]


def _with_changes(decided: DataFrame) -> DataFrame:
    """Marks the records of earlier deliveries whose place or class changes."""
    in_force = F.col("class") == IN_FORCE
    earlier = F.col("in_sales") | F.col("in_set_aside")
    moved = (F.col("in_sales") != in_force) | (F.col("in_set_aside") == in_force)
    same = reduce(and_, (F.col(name).eqNullSafe(F.col(f"old_{name}")) for name in _ASIDE))
    return decided.withColumn("changes", earlier & (moved | (~in_force & ~same)))
