"""What a run would do, without doing it.

`plan` looks where a run looks (the ledger, the landing folder, the small tables) and judges
files by the run's own judgement. It takes no lock and writes nothing, so a run at the same time
may change what it says. It starts no Spark session where the engine reads tables without one;
what only a session can tell (the verdict on a record, a SQL expression) is said to be unknown, and
declared SQL not to be tried.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sales_pipeline.bronze.claiming import Claimant
from sales_pipeline.bronze.claims import Claims
from sales_pipeline.bronze.feed_files import find_files, folders_of
from sales_pipeline.bronze.file_moves import Folders
from sales_pipeline.bronze.fingerprints import check_meaning
from sales_pipeline.bronze.landed import CORRECTION, NEW
from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import LakehouseMismatch
from sales_pipeline.gold.freshness import mispriced_months, months_in_gold, stores_changed
from sales_pipeline.gold.rate_book import book_of
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Delivery, Ledger, State
from sales_pipeline.lakehouse.opening import opened_lakehouse
from sales_pipeline.lakehouse.runs import is_recorded, unfinished_rollback, utc_now
from sales_pipeline.lakehouse.tables import CATALOGUE, EXCHANGE_RATES
from sales_pipeline.landing.discovery import Discovery
from sales_pipeline.operations.foresight import Foresight
from sales_pipeline.operations.plan import (
    KNOWN,
    LINK,
    NOT_READY,
    UNCLAIMED,
    UNFINISHED,
    UNREADABLE,
    Plan,
    PlannedFile,
    Remade,
)
from sales_pipeline.pipeline import check_landing, sent_back
from sales_pipeline.run_report import FileNote, notes, unreadable
from sales_pipeline.silver.reference.exchange_rates import declared_rates, rates_changed

_ROLLING_BACK = (
    "A rollback to run {run} was interrupted: a run finishes it first, so that files may become "
    "something else than is said here."
)
_MAY_RELEASE = (
    "The catalogue changes: records that wait for a name may be released, and months made again "
    "whose products or list prices it changes."
)
_MAY_REPRICE = (
    "Exchange rates change: months may be made again at other rates, and those that wait for one."
)
_LEARNT_AGAIN = (
    "The catalogue is learnt again with them: where it says otherwise now, sales of other feeds "
    "are judged again, too."
)
_NO_RECORD = "The record of the last run is missing, and a run makes it."


def plan(declaration: Declaration, *, rejudge: Collection[str] = ()) -> Plan:
    """Says what a run would do now; changes nothing.

    Args:
        declaration: What the retailer declares.
        rejudge: Feeds whose records the run would judge again.

    Raises:
        UsageError: The landing folder is not there, there is no such feed, or the lakehouse was
            made by something that this declaration cannot continue.
    """
    folders = folders_of(declaration)
    check_landing(folders)
    with opened_lakehouse(declaration) as lakehouse:
        return _Planner(lakehouse, Ledger(lakehouse), folders, frozenset(rejudge)).plan()


@dataclass(frozen=True)
class _Planner:
    """Makes one plan."""

    lakehouse: Lakehouse
    ledger: Ledger
    folders: Folders
    rejudge: frozenset[str]

    def plan(self) -> Plan:
        declaration, stop = self.lakehouse.declaration, self._stop()
        found = find_files(declaration, self.ledger, self.folders)
        claims = Claimant(declaration, self.ledger, self.folders, "", utc_now()).claim(found)
        again = self._again(claims)
        look = Foresight(
            self.lakehouse,
            self.ledger,
            self.folders,
            claims,
            is_stopped=stop is not None,
            again=tuple(again.values()),
        )
        left = self.ledger.unfinished()
        unfinished = tuple(look.unfinished(again.pop(each.file_id, each)) for each in left)
        files = (*map(look.claimed, claims.deliveries), *self._left(found, claims))
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
            rejudged=tuple(look.rejudged(each) for each in again.values()),
            untried=tuple(self._untried()),
        )

    def _again(self, claims: Claims) -> dict[int, Delivery]:
        """What is judged again because that is asked for; not what a file found now corrects."""
        corrected = {each.supersedes for each in claims.in_state(State.CLAIMED)}
        found = sent_back(self.lakehouse.declaration, self.ledger, self.rejudge)
        return {each.file_id: each for each in found if each.file_id not in corrected}

    def _untried(self) -> Iterator[str]:
        """The places of declared SQL: to try it takes a session."""
        for name, feed in self.lakehouse.declaration.feeds.items():
            for place in feed.declared_sql:
                yield f"feeds.{name}.{place}"

    def _stop(self) -> str | None:
        try:
            check_meaning(self.lakehouse, self.ledger, rejudged=self.rejudge)
        except LakehouseMismatch as mismatch:
            return str(mismatch)
        return None

    def _left(self, found: Discovery, claims: Claims) -> Iterator[PlannedFile]:
        """The files that no claim is made for."""
        claimed = {each.path for each in claims.deliveries}
        unfinished = {each.path for each in self.ledger.unfinished()}
        latest = {each.path: each for each in self.ledger}
        for path in [*found.disputed, *(each.path for each in found.files)]:
            if path not in claimed | unfinished:
                yield self._known(latest[path])
        for note in unreadable(found.unreadable):
            size = self._size(note.path)
            yield PlannedFile(note.path, None, size, UNREADABLE, reason=note.reason)
        for path, why in found.left.items():
            yield PlannedFile(path, None, self._size(path), NOT_READY, reason=why)
        for becomes_, paths in (
            (NOT_READY, found.unready),
            (UNCLAIMED, found.unclaimed),
            (LINK, found.links),
        ):
            for path in paths:
                yield PlannedFile(path, None, self._size(path), becomes_)

    def _known(self, delivery: Delivery) -> PlannedFile:
        return PlannedFile(
            delivery.path,
            delivery.feed,
            delivery.bytes,
            KNOWN,
            reason=f"{delivery.state}: {delivery.reason}" if delivery.reason else delivery.state,
            delivery=delivery.file_id,
            delivery_rows=delivery.rows,
        )

    def _size(self, path: str) -> int:
        try:
            return (self.folders.landing / path).lstat().st_size
        except OSError:
            return 0

    def _held(self, claims: Claims) -> tuple[FileNote, ...]:
        """The held deliveries, without those that a file found now makes pointless."""
        pointless = {each.file_id for each in claims.changed if each.state is State.SUPERSEDED}
        held = self.ledger.in_state(State.HELD)
        return tuple(notes(each for each in held if each.file_id not in pointless))

    def _waiting_months(self) -> tuple[date, ...]:
        on_the_way = {each.file_id for each in self.ledger.unfinished()}
        settled = (each for each in self.ledger if each.file_id not in on_the_way)
        return tuple(sorted({month for each in settled for month in each.months}))

    def _remade(self) -> Iterator[Remade]:
        """What of gold a run makes again because the declaration or the rates are others."""
        made = months_in_gold(self.lakehouse) if self.lakehouse.exists() else set()
        if not made:
            return
        if stores_changed(self.lakehouse):
            yield Remade("stores are declared otherwise", tuple(sorted(made)))
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
        """What may follow for what was there before; nothing where nothing was."""
        if not len(self.ledger):
            return
        if begun := unfinished_rollback(self.lakehouse):
            yield _ROLLING_BACK.format(run=begun.to_run)
        if self.rejudge:
            yield _LEARNT_AGAIN
        feeds = {each.feed for each in files if each.becomes in (NEW, CORRECTION, UNFINISHED)}
        if CATALOGUE in feeds:
            yield _MAY_RELEASE
        if EXCHANGE_RATES in feeds:
            yield _MAY_REPRICE
        if self.lakehouse.exists() and not is_recorded(self.lakehouse):
            yield _NO_RECORD
