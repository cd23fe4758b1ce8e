"""P1: a run that is killed at any instant, not only at its commit points, loses nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.promises.random_kills import Lives


@pytest.mark.long
def test_p1_runs_killed_at_random_instants_end_like_those_that_were_not(tmp_path: Path) -> None:
    lives = Lives(tmp_path, seed=5)
    lives.live(4)
    assert lives.kills == 4
    assert lives.wrong == []
