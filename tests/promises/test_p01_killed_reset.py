"""P1: a reset that is killed anywhere is brought to its end by the next run, or reset."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.promises.killed_run import dies
from tests.retailer import Retailer, sale


@pytest.mark.long
@pytest.mark.parametrize(("moment", "points"), [("before", (1, 3, 5, 7)), ("after", (2, 4, 6))])
def test_p1_after_a_killed_reset_a_run_ends_like_one_on_an_empty_lakehouse(
    tmp_path: Path, moment: str, points: tuple[int, ...]
) -> None:
    (tmp_path / "killed").mkdir()
    (tmp_path / "calm").mkdir()
    killed, calm = Retailer(tmp_path / "killed"), Retailer(tmp_path / "calm")
    for retailer in (killed, calm):
        retailer.deliver_catalogue()
        retailer.deliver("lyon/a.csv", sale("1"), sale("2", total="x"))
        retailer.deliver_text("lyon/page.csv", "<html>")
        retailer.run()
    expected = calm.state()
    # Three files that move back, then four schemas that go.
    for point in points:
        assert dies(killed, point, moment, "reset")
        killed.run()
        assert killed.state() == expected
    assert killed.run().is_nothing_new
