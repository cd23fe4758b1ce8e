"""What a run would do, as data; `report` turns it into text and JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sales_pipeline.bronze.landed import CORRECTION, HELD, NEW, REJECTED, REPEAT
from sales_pipeline.run_report import FileNote

UNFINISHED = "unfinished"
REJUDGED = "rejudged"
ABANDONED = "abandoned"
KNOWN = "known"
NOT_READY = "not_ready"
UNREADABLE = "unreadable"
UNCLAIMED = "unclaimed"
LINK = "link"
TAKEN = (NEW, CORRECTION, REPEAT, REJECTED, HELD)
"""What becomes of files that a run takes."""
_TROUBLE = (REJECTED, HELD, ABANDONED, UNREADABLE)


@dataclass(frozen=True)
class PlannedFile:
    """A file, and what a run would make of it.

    Attributes:
        path: Its path below the landing folder.
        feed: Its feed; None where no feed claims it or it was not looked at.
        bytes: Its size.
        becomes: `new`, `correction`, `repeat`, `rejected`; `held`: a correction that would wait
            until somebody accepts it; `unfinished`: one that an interrupted run left; `rejudged`:
            one whose records are judged again; `abandoned`: an unfinished one whose file
            changed or vanished since; `known`: it stays in the landing folder and is no news;
            `not_ready`, `unreadable`, `unclaimed`, `link`: it is left where it is.
        reason: Why, where that is to be said.
        delivery: The delivery that it corrects or repeats, or that it is.
        delivery_rows: The records of that delivery, where it is known.
        records: Its records, where the file had to be read.
        months: The months of its sales, and of those that it would replace; None where they are
            not known before the run.
    """

    path: str
    feed: str | None
    bytes: int
    becomes: str
    reason: str | None = None
    delivery: int | None = None
    delivery_rows: int | None = None
    records: int | None = None
    months: tuple[date, ...] | None = ()


@dataclass(frozen=True)
class Remade:
    """Months of gold that are made again although no file touches them.

    Attributes:
        reason: Why.
        months: Which; None where they are not known before the run.
    """

    reason: str
    months: tuple[date, ...] | None


@dataclass(frozen=True)
class Plan:
    """What a run would do now.

    Attributes:
        stop: The message with which it would stop before it does anything, or None. Then
            nothing is said of records and months.
        unfinished: What an interrupted run left, which comes first.
        files: All other files in the landing folder: those that it takes, in its order, then
            those that it leaves.
        held: What waits until somebody accepts, releases or withdraws it.
        waiting_months: Months that still wait to be made: for a rate, or as a run left them.
        remade: Months that are made again for another reason than a file.
        notes: What else may follow, in sentences.
        rejudged: Deliveries in force whose records are judged again, because that is asked for.
        untried: The places of declared SQL, which a run tries before it does anything.
    """

    stop: str | None
    unfinished: tuple[PlannedFile, ...]
    files: tuple[PlannedFile, ...]
    held: tuple[FileNote, ...]
    waiting_months: tuple[date, ...]
    remade: tuple[Remade, ...]
    notes: tuple[str, ...]
    rejudged: tuple[PlannedFile, ...] = ()
    untried: tuple[str, ...] = ()

    @property
    def months(self) -> list[date]:
        """Every month of gold that the run would touch, as far as it is known."""
        of_files = [each.months or () for each in self._all]
        others = [each.months or () for each in self.remade]
        found = [*of_files, *others, self.waiting_months]
        return sorted({month for months in found for month in months})

    @property
    def months_unknown(self) -> list[str]:
        """The feeds and reasons whose months are not known before the run."""
        if self.stop is not None:
            return []
        files = (each.feed or "" for each in self._all if each.months is None)
        reasons = (each.reason for each in self.remade if each.months is None)
        return list(dict.fromkeys([*files, *reasons]))

    @property
    def is_nothing_to_do(self) -> bool:
        """Says whether a run would find nothing new."""
        is_taken = any(each.becomes in TAKEN for each in self.files)
        other = self.unfinished or self.rejudged or self.waiting_months or self.remade or self.notes
        return not (self.stop or is_taken or other)

    @property
    def exit_code(self) -> int:
        """0; 1 where a file is refused, held or not readable; 2 where the run would stop."""
        if self.stop is not None:
            return 2
        return int(any(each.becomes in _TROUBLE for each in self._all))

    @property
    def _all(self) -> list[PlannedFile]:
        return [*self.unfinished, *self.rejudged, *self.files]
