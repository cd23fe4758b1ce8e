"""Months that a random history closes and opens again, and what must hold of them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sales_pipeline.analysis.periods import Compare
from sales_pipeline.lakehouse.closings import closings_now
from sales_pipeline.report.answers_document import answers_document
from sales_pipeline.report.answers_of_run import Asked, answers
from sales_pipeline.report.questions import Question
from sales_pipeline.report.why_restated import why_since_closing
from tests.promises.killed_run import dies
from tests.retailer import Retailer

_TOLD_APART = {"run_id", "finished_at", "as_closed", "closings"}


@dataclass
class ClosingSteps:
    """Closes months and opens some again; keeps what answers said when each was closed.

    Attributes:
        retailer: The retailer.
        random: Decides.
        steps: What was done, in words.
        closed: Closed month -> what answers said of it.
        of_run: Run -> what was closed when it finished.
        wrong: What did not hold, or None.
    """

    retailer: Retailer
    random: random.Random
    steps: list[str]
    closed: dict[str, Any] = field(default_factory=dict)
    of_run: dict[str, dict[str, Any]] = field(default_factory=dict)
    wrong: str | None = None

    def step(self) -> int:
        """Checks what is closed, then closes or opens a month; returns how often it was killed."""
        self._note_runs()
        self.wrong = self.wrong or self.difference()
        deaths = 0
        months = sorted(f"{year}-{month:02}" for year, month in self.retailer.revenue())
        if months and self.random.random() < 0.7:
            month = self.random.choice(months)
            verb = "reopen" if month in self.closed else "close"
            said = {**self.closed, month: said_of(self.retailer, month)}
            is_killed = verb == "close" and self.random.random() < 0.3
            self.steps.append(f"{verb} {month}{' and be killed' if is_killed else ''}")
            if is_killed:
                point, moment = self.random.randint(1, 13), self.random.choice(("before", "after"))
                deaths += dies(self.retailer, point, moment, "close_anyway", month)
                self.retailer.run()
            else:
                getattr(self.retailer, f"{verb}_anyway" if verb == "close" else verb)(month)
            there = self.retailer.read(closings_now)
            self.closed = {f"{each:%Y-%m}": said[f"{each:%Y-%m}"] for each in there}
        self._note_runs()
        self.wrong = self.wrong or self.difference()
        return deaths

    def went_back_to(self, run_id: str) -> None:
        """Notes that a rollback brought back the closings of a run."""
        self.closed = dict(self.of_run.get(run_id, {}))
        self._note_runs()
        self.wrong = self.wrong or self.difference()

    def _note_runs(self) -> None:
        for run_id in self.retailer.run_ids():
            self.of_run.setdefault(run_id, dict(self.closed))

    def difference(self) -> str | None:
        """Says which closed month is not as it was closed, or None."""
        for month, said in self.closed.items():
            now = said_of(self.retailer, month, as_closed=True)
            if now != said:
                return f"{month} was closed as\n{said}\nand is as closed\n{now}"
        if not self.closed:
            return None
        # It raises an error for parts that are not the exact change.
        for restated in why_since_closing(self.retailer.declaration).months:
            name = f"{restated.month:%Y-%m}"
            if sum(part.change for part in restated.reasons) != restated.change:
                return f"{name}: the adjustments since closing are not its change"
            if f"{restated.revenue_before}" != self.closed[name]["total"]["revenue"]:
                return f"{name}: adjusted from another figure than it was closed at"
        return None


def said_of(retailer: Retailer, month: str, *, as_closed: bool = False) -> dict[str, Any]:
    """What all answers say of a month."""
    first = date.fromisoformat(f"{month}-01")
    last = date(first.year + first.month // 12, first.month % 12 + 1, 1).toordinal() - 1
    asked = Asked(first, date.fromordinal(last), compare=Compare.NONE, as_closed=as_closed)
    document = answers_document(answers(retailer.declaration, asked), list(Question))
    told = {key: value for key, value in document.items() if key not in _TOLD_APART}
    # The year to date has other months, which are as they stand.
    return {key: value for key, value in told.items() if key != "to_date"}
