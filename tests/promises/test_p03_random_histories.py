"""P3: whatever happens to a retailer, runs, a rebuild and one run of all make the same tables."""

from __future__ import annotations

import pytest

from tests.promises.random_sequences import check

pytestmark = pytest.mark.long


@pytest.mark.parametrize("seed", range(6))
def test_p3_a_random_history_ends_like_its_rebuild_and_like_one_run_of_all(seed: int) -> None:
    history, found = check(seed)
    assert found is None, "\n".join([found or "", *history.steps])


@pytest.mark.parametrize("seed", range(3))
def test_p3_a_random_history_with_rollbacks_ends_like_its_rebuild_and_like_one_run_of_all(
    seed: int,
) -> None:
    history, found = check(seed, goes_back=True)
    assert found is None, "\n".join([found or "", *history.steps])


@pytest.mark.parametrize("seed", range(3))
def test_p3_closed_months_of_a_random_history_stay_as_closed(seed: int) -> None:
    history, found = check(seed, goes_back=seed % 2 == 1, closes=True)
    assert found is None, "\n".join([found or "", *history.steps])
