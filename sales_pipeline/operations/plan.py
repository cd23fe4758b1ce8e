"""`plan`: predicts the next run, without doing it.

`plan` reads the same as a run (the ledger, the landing folder, the small tables) and judges
files by the run's own functions. It takes no lock and writes nothing, so a run at the same
time may make it wrong. A session starts only if there are files or records to judge.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sales_pipeline.bronze.archived_files import check_archive
from sales_pipeline.bronze.claiming import CORRECTION, HELD, NEW, REJECTED, REPEAT, Claimant, Claims
from sales_pipeline.bronze.feed_files import find_files, folders_of
from sales_pipeline.bronze.file_moves import Folders, changed_since_kept, check_landing
from sales_pipeline.bronze.fingerprints import check_meaning
from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import LakehouseMismatch
from sales_pipeline.gold.answer_rows import is_declared_otherwise
from sales_pipeline.gold.pricing import mispriced_months, months_in_gold
from sales_pipeline.gold.rate_book import book_of
from sales_pipeline.lakehouse.closings import closings_now
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Delivery, Ledger, State
from sales_pipeline.lakehouse.opening import opened_lakehouse
from sales_pipeline.lakehouse.runs import is_recorded, unfinished_rollback, utc_now
from sales_pipeline.lakehouse.tables import CATALOGUE, EXCHANGE_RATES
from sales_pipeline.operations.foresight import Foresight
from sales_pipeline.operations.planned_files import (
    ABANDONED,
    CHANGED,
    UNFINISHED,
    UNREADABLE,
    PlannedFile,
    changed_file,
    left_files,
)
from sales_pipeline.recomputation import rejudged_deliveries
from sales_pipeline.run_report import FileNote, notes
from sales_pipeline.silver.reference.exchange_rates import declared_rates, rates_changed

TAKEN = (NEW, CORRECTION, REPEAT, REJECTED, HELD, CHANGED)
"""The outcomes of files that a run takes."""
_TROUBLE = (REJECTED, HELD, ABANDONED, UNREADABLE, CHANGED)


_ROLLING_BACK = (
    "A rollback to run {run} was interrupted: a run finishes it first, so the states of files may "
    "differ from those shown here."
)
_MAY_RELEASE = (
    "The catalogue changes: records that wait for a name may be released, and months with changed "
    "products or list prices may be made again."
)
_MAY_REPRICE = (
    "Exchange rates change: months may be made again at other rates, or no longer wait for a rate."
)
_LEARNT_AGAIN = (
    "The catalogue is learnt again with them: if names or prices change by it, other feeds' sales "
    "are judged again, too."
)
_NO_RECORD = "The record of the last run is missing, and a run makes it."


@dataclass(frozen=True)
class Remade:
    """Months of gold that are computed again although no file touches them, and why.

    The months are None if they are not known before the run.
    """

    reason: str
    months: tuple[date, ...] | None


@dataclass(frozen=True)
class Plan:
    """A prediction of the next run.

    Attributes:
        stop: The message with which it would stop before it does anything, or None. Then
            records and months are unknown.
        unfinished: Deliveries that an interrupted run left, which come first.
        files: All other files in the landing folder: first the ones that it takes, in its order,
            then the ones that it leaves.
        held: Deliveries that wait until somebody accepts, releases or withdraws them.
        waiting_months: Months that still wait to be made: for a rate, or as a run left them.
        remade: Months that are computed again for another reason than a file.
        notes: Further possible effects, in sentences.
        rejudged: Deliveries whose records are judged again on request: those in force, and those
            that an earlier declaration refused; repeats among the latter are not judged.
        closed: The closed months.
    """

    stop: str | None
    unfinished: tuple[PlannedFile, ...]
    files: tuple[PlannedFile, ...]
    held: tuple[FileNote, ...]
    waiting_months: tuple[date, ...]
    remade: tuple[Remade, ...]
    notes: tuple[str, ...]
    rejudged: tuple[PlannedFile, ...] = ()
    closed: frozenset[date] = frozenset()

    @property
    def closed_months(self) -> list[date]:
        """The closed months among them, whose figures the run may restate."""
        return [month for month in self.months if month in self.closed]

    @property
    def months(self) -> list[date]:
        """All known months of gold that the run would touch."""
        of_files = [file.months or () for file in self._all]
        of_remade = [remade.months or () for remade in self.remade]
        month_lists = [*of_files, *of_remade, self.waiting_months]
        return sorted({month for months in month_lists for month in months})

    @property
    def months_unknown(self) -> list[str]:
        """The feeds and reasons whose months are not known before the run."""
        if self.stop is not None:
            return []
        files = (file.feed or "" for file in self._all if file.months is None)
        reasons = (remade.reason for remade in self.remade if remade.months is None)
        return list(dict.fromkeys([*files, *reasons]))

    @property
    def is_nothing_to_do(self) -> bool:
        """True if a run would find nothing new."""
        is_taken = any(file.becomes in TAKEN for file in self.files)
        further_work = (
            self.unfinished or self.rejudged or self.waiting_months or self.remade or self.notes
        )
        return not (self.stop or is_taken or further_work)

    @property
    def exit_code(self) -> int:
        """0; 1 if a file is rejected, held, not readable or changed; 2 if the run would stop."""
        if self.stop is not None:
            return 2
        return int(any(file.becomes in _TROUBLE for file in self._all))

    @property
    def _all(self) -> list[PlannedFile]:
        return [*self.unfinished, *self.rejudged, *self.files]


def plan(
    declaration: Declaration, *, rejudge: Collection[str] = (), rows: int | None = None
) -> Plan:
    """Predicts the next run; changes nothing.

    Args:
        declaration: What the retailer declares.
        rejudge: Feeds whose records the run would judge again.
        rows: How many records of each file of sales are judged, from its first; None for all.

    Raises:
        UsageError: There is no landing folder, there is no such feed, the lakehouse was
            made by something that this declaration cannot continue, or declared SQL is invalid.
    """
    folders = folders_of(declaration)
    check_landing(folders)
    with opened_lakehouse(declaration) as lakehouse:
        check_archive(lakehouse, folders)
        return _Planner(lakehouse, Ledger(lakehouse), folders, frozenset(rejudge), rows).plan()


@dataclass(frozen=True)
class _Planner:
    """Makes one plan."""

    lakehouse: Lakehouse
    ledger: Ledger
    folders: Folders
    rejudge: frozenset[str]
    rows: int | None

    def plan(self) -> Plan:
        declaration, stop = self.lakehouse.declaration, self._stop()
        changed = changed_since_kept(self.ledger, self.folders, now=utc_now())
        discovery = find_files(declaration, self.ledger, self.folders, changed=())
        claims = Claimant(declaration, self.ledger, self.folders, "", utc_now()).claim(discovery)
        rejudged = self._rejudged(claims)
        if stop is None and (
            claims.in_state(State.CLAIMED) or rejudged or self.ledger.unfinished()
        ):
            # Spark comes with this import, and a plan without files to judge needs none.
            from sales_pipeline.silver.validation.conditions import check_conditions

            check_conditions(self.lakehouse)
        foresight = Foresight(
            self.lakehouse,
            self.ledger,
            self.folders,
            claims,
            is_stopped=stop is not None,
            sent_back=tuple(rejudged.values()),
            most=self.rows,
        )
        interrupted = self.ledger.unfinished()
        unfinished = tuple(
            foresight.unfinished(rejudged.pop(delivery.file_id, delivery))
            for delivery in interrupted
        )
        files = (
            *map(changed_file, changed),
            *map(foresight.claimed, claims.deliveries),
            *left_files(discovery, claims, self.ledger, self.folders),
        )
        if stop is not None:
            return Plan(stop, unfinished, files, self._held(claims), (), (), ())
        return Plan(
            stop=None,
            unfinished=unfinished,
            files=files,
            held=self._held(claims),
            waiting_months=self._waiting_months(),
            remade=tuple(self._remade()),
            notes=tuple(self._notes([*unfinished, *files])),
            rejudged=tuple(foresight.rejudged(delivery) for delivery in rejudged.values()),
            closed=frozenset(closings_now(self.lakehouse)),
        )

    def _rejudged(self, claims: Claims) -> dict[int, Delivery]:
        """Deliveries to validate again on request, except deliveries that a file corrects now."""
        ledger = self.ledger.with_further([*claims.changed, *claims.deliveries])
        requested = rejudged_deliveries(self.lakehouse.declaration, ledger, self.rejudge, run_id="")
        return {delivery.file_id: delivery for delivery in requested}

    def _stop(self) -> str | None:
        try:
            check_meaning(self.lakehouse, self.ledger, rejudged=self.rejudge)
        except LakehouseMismatch as mismatch:
            return str(mismatch)
        return None

    def _held(self, claims: Claims) -> tuple[FileNote, ...]:
        """The held deliveries, except any that a file in the landing folder replaces."""
        pointless = {
            delivery.file_id for delivery in claims.changed if delivery.state is State.SUPERSEDED
        }
        held = self.ledger.in_state(State.HELD)
        return tuple(notes(delivery for delivery in held if delivery.file_id not in pointless))

    def _waiting_months(self) -> tuple[date, ...]:
        on_the_way = {delivery.file_id for delivery in self.ledger.unfinished()}
        settled = (delivery for delivery in self.ledger if delivery.file_id not in on_the_way)
        return tuple(sorted({month for delivery in settled for month in delivery.months}))

    def _remade(self) -> Iterator[Remade]:
        """Months of gold to compute again, because the declaration or the rates changed."""
        months = months_in_gold(self.lakehouse) if self.lakehouse.exists() else set()
        if not months:
            return
        if is_declared_otherwise(self.lakehouse):
            yield Remade("stores or classes are declared otherwise", tuple(sorted(months)))
        declaration = self.lakehouse.declaration
        if not rates_changed(self.lakehouse, self.ledger):
            mispriced = mispriced_months(self.lakehouse)
        elif declaration.rates.chosen_policy == "fixed":
            book = book_of(declaration, declared_rates(declaration))
            mispriced = mispriced_months(self.lakehouse, book)
        else:
            yield Remade("other exchange rates are in force", None)
            return
        if mispriced:
            yield Remade("sales would take other exchange rates", tuple(sorted(mispriced)))

    def _notes(self, files: Sequence[PlannedFile]) -> Iterator[str]:
        """Yields possible effects on earlier deliveries; nothing if there are none."""
        if not len(self.ledger):
            return
        if begun := unfinished_rollback(self.lakehouse):
            yield _ROLLING_BACK.format(run=begun.to_run)
        if self.rejudge:
            yield _LEARNT_AGAIN
        feeds = {file.feed for file in files if file.becomes in (NEW, CORRECTION, UNFINISHED)}
        if CATALOGUE in feeds:
            yield _MAY_RELEASE
        if EXCHANGE_RATES in feeds | self.rejudge:
            yield _MAY_REPRICE
        if self.lakehouse.exists() and not is_recorded(self.lakehouse):
            yield _NO_RECORD
