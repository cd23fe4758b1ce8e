"""The benchmark of three years goes through as many days as it is asked for."""

from __future__ import annotations

import pytest

from benchmarks import years


@pytest.mark.parametrize(("days", "months"), [(31, 1), (32, 2), (60, 2), (1095, 36)])
def test_the_months_have_at_least_a_day_for_each_run(days: int, months: int) -> None:
    assert years._months(days) == months


def test_too_few_days_to_compare_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        years.main(["14"])
    assert "at least 15 days, got 14" in capsys.readouterr().err
