"""P1: a run that is killed, again and again, loses nothing and counts nothing twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.promises.killed_run import dies
from tests.retailer import CATALOGUE, Retailer, sale

pytestmark = pytest.mark.long

POINTS = (2, 3, 5, 8, 11, 14, 17, 20, 23)


def _first_deliveries(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2"), sale("2"), sale("3", item="Lampe"))
    retailer.deliver("lyon/b.csv", sale("4", "2025-02-01"), sale("5", total="x"))
    retailer.deliver("boston/a.csv", sale("1"))


def _later_deliveries(retailer: Retailer) -> None:
    """A corrected file, a sale that displaces an earlier one, a catalogue that learns."""
    retailer.deliver("lyon/b.csv", sale("4", "2025-03-01"), sale("6"))
    retailer.deliver("boston/b.csv", sale("1", total="11.00"), sale("7"))
    retailer.deliver_catalogue(CATALOGUE + "\nLampe,Maison,Lamp,Home", "catalogue_2.csv")


@pytest.mark.parametrize("moment", ["before", "after"])
def test_p1_runs_killed_at_their_commit_points_end_like_one_that_was_not(
    tmp_path: Path, moment: str
) -> None:
    (tmp_path / "killed").mkdir()
    (tmp_path / "calm").mkdir()
    killed, calm = Retailer(tmp_path / "killed"), Retailer(tmp_path / "calm")
    deaths = 0
    for deliver in (_first_deliveries, _later_deliveries):
        deliver(killed)
        deliver(calm)
        for point in POINTS:
            if not dies(killed, point, moment):
                break
            deaths += 1
        killed.run()
        calm.run()
        assert killed.state() == calm.state()
        assert killed.run().is_nothing_new
    assert deaths >= 10
    assert _files(killed) == _files(calm)


def _files(retailer: Retailer) -> dict[str, bytes]:
    folders = (retailer.landing, retailer.lakehouse / "archive", retailer.lakehouse / "rejected")
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(retailer.folder)): path.read_bytes() for path in files}
