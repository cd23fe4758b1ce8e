"""The benchmark of growth measures, and finds a figure that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.growth import CAUSES, Retailer, differences, main
from benchmarks.main_job import run_pipeline
from sales_pipeline import load_config


@pytest.mark.parametrize(
    "retailer",
    [
        Retailer(records=2_000, stores=2_000, date_formats=30, rules=200, languages=5),
        Retailer(records=400, feeds=200, date_formats=8, rules=4, files=400),
    ],
    ids=["stores, date formats and rules", "feeds"],
)
def test_what_is_declared_in_large_numbers_has_the_revenue_that_was_written(
    tmp_path: Path, retailer: Retailer
) -> None:
    revenue = retailer.write(tmp_path)
    run = run_pipeline(tmp_path, "run")
    assert [*differences(retailer, revenue, tmp_path, run)] == []
    assert [*differences(retailer, revenue + 1, tmp_path, run)] == [
        f"revenue: expected {revenue + 1}, got {revenue}.00"
    ]
    assert [*differences(Retailer(records=121), revenue, tmp_path, run)] == [
        f"accepted: expected 121, got {retailer.records}"
    ]


@pytest.mark.parametrize("cause", CAUSES)
def test_what_grows_is_declared_without_a_fault(cause: str, tmp_path: Path) -> None:
    largest = [*CAUSES[cause].values()][-1]
    few = Retailer(**{**vars(largest), "records": largest.feeds, "files": largest.feeds})
    few.write(tmp_path)
    declaration = load_config(tmp_path / "config.yaml")
    assert len(declaration.feeds) == largest.feeds


def test_each_line_is_shown_beside_the_first_of_its_cause(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    small = {"1 file": Retailer(records=40), "2 files": Retailer(records=40, files=2)}
    monkeypatch.setattr("benchmarks.growth.CAUSES", {"files": small})
    assert main(["--times", "1"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "| files | seconds | spread | CPU s | peak GB | ratio |"
    assert shown[2].startswith("| 1 file |")
    assert shown[2].endswith("| 1.00 |")
    assert shown[3].startswith("| 2 files |")
