"""The benchmark measures, and finds a total that is wrong."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from benchmarks.main_job import Totals, added, as_shown, differences, folder_for, main


@pytest.mark.long
def test_a_small_size_is_measured_and_every_total_is_the_generators_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["3_000", "--json"]) == 0
    (result,) = json.loads(capsys.readouterr().out)
    assert result["rows"] == 3000
    assert result["differences"] == []
    assert result["peak_bytes"] > result["bytes"] > 0
    assert 0 < result["nothing_new_seconds"] < result["seconds"]


def totals(**values: str) -> Totals:
    return {"revenue per month": {key: Decimal(value) for key, value in values.items()}}


def test_what_is_missing_wrong_or_too_much_is_a_difference() -> None:
    expected, found = totals(a="1.00", b="2.00", c="3.00"), totals(b="2.01", c="3.00", d="4")
    assert list(differences("cube", expected, found)) == [
        "cube, revenue per month, a: expected 1.00, got None",
        "cube, revenue per month, b: expected 2.00, got 2.01",
        "cube, revenue per month, d: expected None, got 4",
    ]


def test_only_some_of_many_differences_are_shown() -> None:
    lines = list(differences("cube", totals(), totals(**dict.fromkeys("abcdefgh", "1"))))
    assert len(lines) == 6
    assert lines[-1] == "cube, revenue per month: 3 more differ"


def test_totals_of_two_sets_are_added() -> None:
    assert added(totals(a="1", b="2"), totals(b="3", c="4")) == totals(a="1", b="5", c="4")


def test_a_revenue_is_shown_rounded_half_up_and_units_as_they_are() -> None:
    values = {"a": Decimal("0.005"), "b": Decimal("-0.005"), "c": Decimal("0.0049")}
    shown = as_shown("revenue per month", values)
    assert [str(value) for value in shown.values()] == ["0.01", "-0.01", "0.00"]
    assert as_shown("units per product", values) == values


def test_an_earlier_measurement_that_was_kept_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "10_rows").mkdir()
    with (
        pytest.raises(FileExistsError, match="choose another folder"),
        folder_for(10, tmp_path),
    ):
        pass
