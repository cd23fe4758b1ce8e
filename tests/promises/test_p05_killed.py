"""P5: accepting, withdrawing and correcting survive being killed at any of their commits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.promises.killed_run import dies
from tests.retailer import CATALOGUE, Retailer, sale

pytestmark = pytest.mark.long

Prepare = Callable[[Retailer], None]


def _held(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2"), sale("3", "2025-02-01"))
    retailer.deliver("lyon/b.csv", sale("4"))
    retailer.run()
    retailer.deliver("lyon/a.csv", sale("4", total="12.00"))
    retailer.run()


def _displacing(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2"))
    retailer.deliver("lyon/b.csv", sale("2", "2025-02-01"), sale("3", "2025-03-01"))
    retailer.run()


def _taught(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver_catalogue(CATALOGUE + "\nLampe,Maison,Lamp,Home", "more.csv")
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", item="Lampe"))
    retailer.run()


DECISIONS = [
    (_held, ("accept", "lyon/a.csv"), (1, 2, 5, 8)),
    (_displacing, ("withdraw", "lyon/b.csv"), (1, 2, 4, 6, 8)),
    (_taught, ("withdraw", "catalogue/more.csv"), (1, 2, 3, 5)),
]


@pytest.mark.parametrize(("prepare", "decision", "points"), DECISIONS)
def test_p5_a_killed_decision_is_finished_by_the_next_run(
    tmp_path: Path, prepare: Prepare, decision: tuple[str, str], points: tuple[int, ...]
) -> None:
    calm = _retailer(tmp_path / "calm", prepare)
    {"accept": calm.accept, "withdraw": calm.withdraw}[decision[0]](decision[1])
    deaths = 0
    for point in points:
        retailer = _retailer(tmp_path / str(point), prepare)
        before = retailer.state()
        deaths += dies(retailer, point, "before", *decision)
        retailer.run()
        # Before its first commit nothing was decided.
        assert retailer.state() == (before if point == 1 else calm.state()), point
        assert retailer.run().is_nothing_new
    assert deaths == len(points)


def test_p5_a_correction_that_is_held_survives_kills(tmp_path: Path) -> None:
    retailer = _retailer(tmp_path / "killed", _held_later)
    deaths = [dies(retailer, point, "after") for point in (1, 2, 1)]
    report = retailer.run()
    assert all(deaths)
    assert [note.path for note in report.held_files] == ["lyon/a.csv"]
    assert retailer.states()["lyon/a.csv"] == ["archived", "held"]
    assert not (retailer.landing / "lyon/a.csv").exists()
    assert retailer.revenue() == {(2025, 1): "20.00"}
    assert retailer.run().is_nothing_new


def _held_later(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2"))
    retailer.run()
    retailer.deliver("lyon/a.csv", sale("4", total="12.00"))


def _retailer(folder: Path, prepare: Prepare) -> Retailer:
    folder.mkdir()
    retailer = Retailer(folder)
    prepare(retailer)
    return retailer
