"""P1: `close` and `reopen` survive being stopped or killed at any of their commits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sales_pipeline.commit_points import Watcher, watched_by
from sales_pipeline.report.why_restated import why_since_closing
from tests.promises.closing_steps import said_of
from tests.promises.killed_run import dies
from tests.retailer import Retailer, sale

MONTHS = ("2025-01", "2025-02")
_COMMITS_OF_CLOSE = 13
"""Six tables are made and written, and the run is recorded."""


class _KilledError(Exception):
    """Stands for the end of the process."""


class Killer(Watcher):
    """Ends a command before or after one of its commits."""

    def __init__(self, point: int, moment: str) -> None:
        self.point, self.moment, self.at = point, moment, 0

    def before(self, what: str) -> None:
        self.at += 1
        if (self.at, self.moment) == (self.point, "before"):
            raise _KilledError

    def after(self, what: str) -> None:
        if (self.at, self.moment) == (self.point, "after"):
            raise _KilledError


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Retailer:
    """A retailer with two months to close."""
    retailer = Retailer(tmp_path_factory.mktemp("ready"))
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", "2025-02-03"))
    retailer.deliver("boston/a.csv", sale("1"))
    retailer.run()
    return retailer


def _said(retailer: Retailer) -> list[dict[str, Any]]:
    return [said_of(retailer, month, as_closed=True) for month in MONTHS]


def _months_closed(retailer: Retailer) -> list[str]:
    return [f"{row['month']:%Y-%m}" for row in retailer.table("ops.closings")]


@pytest.mark.long
@pytest.mark.parametrize("moment", ["before", "after"])
def test_p1_a_killed_close_closed_all_months_or_none_and_is_finished_by_what_comes_next(
    ready: Retailer, tmp_path: Path, moment: str
) -> None:
    before, seen = _said(ready), set()
    for point in range(1, _COMMITS_OF_CLOSE + 2):
        retailer = ready.copied_to(tmp_path / str(point))
        killer = Killer(point, moment)
        try:
            with watched_by(killer):
                retailer.close(*MONTHS)
        except _KilledError:
            pass
        else:
            assert point > _COMMITS_OF_CLOSE
        closed = _months_closed(retailer)
        assert closed in ([], [*MONTHS])
        seen.add(len(closed))
        # Readers go on, and an answer as closed is what it was.
        assert _said(retailer) == before
        retailer.deliver("lyon/late.csv", sale("9", "2025-01-20", total="12.00"))
        report = retailer.run()
        assert bool(report.closings) is bool(closed)
        assert (_said(retailer) == before) is bool(closed)
        done = retailer.close(*MONTHS)
        assert len(done.already) == len(closed)
        assert len(done.closed) == len(MONTHS) - len(closed)
        assert _months_closed(retailer) == [*MONTHS]
        restated = why_since_closing(retailer.declaration).months
        assert [f"{month.change}" for month in restated] == (["12.00"] if closed else [])
    assert seen == {0, 2}


@pytest.mark.long
@pytest.mark.parametrize("moment", ["before", "after"])
def test_p1_a_killed_reopen_opened_all_months_or_none(
    ready: Retailer, tmp_path: Path, moment: str
) -> None:
    closed = ready.copied_to(tmp_path / "closed")
    closed.close(*MONTHS)
    deaths, seen = 0, set()
    for point in range(1, 10):
        retailer = closed.copied_to(tmp_path / str(point))
        try:
            with watched_by(Killer(point, moment)):
                retailer.reopen(*MONTHS)
        except _KilledError:
            deaths += 1
        there = _months_closed(retailer)
        assert there in ([], [*MONTHS])
        seen.add(len(there))
        retailer.run()
        assert len(retailer.close(*MONTHS).already) == len(there)
        assert not why_since_closing(retailer.declaration).months
    assert deaths == 7
    # Its first commit removes the closings.
    assert seen == ({0, 2} if moment == "before" else {0})


def test_p1_the_run_after_a_killed_close_records_it(ready: Retailer, tmp_path: Path) -> None:
    """The process is really killed, after the closings and before the record of the run."""
    retailer = ready.copied_to(tmp_path / "killed")
    assert dies(retailer, _COMMITS_OF_CLOSE, "before", "close", *MONTHS)
    assert _months_closed(retailer) == [*MONTHS]
    runs = retailer.run_ids()
    report = retailer.run()
    assert not report.is_nothing_new
    assert retailer.run_ids() == [*runs, report.run_id]
    assert retailer.run().is_nothing_new
