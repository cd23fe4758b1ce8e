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
        Retailer(
            records=2_000, stores=2_000, date_formats=30, rules=200, languages=5, months=3, bad=10
        ),
        Retailer(records=400, feeds=200, date_formats=8, rules=4, files=400),
    ],
    ids=["stores, date formats, rules and bad records", "feeds"],
)
@pytest.mark.long
def test_what_is_declared_in_large_numbers_has_the_revenue_that_was_written(
    tmp_path: Path, retailer: Retailer
) -> None:
    retailer.declare(tmp_path)
    revenue = retailer.write(tmp_path)
    run = run_pipeline(tmp_path, "run")
    assert [*differences(retailer, revenue, tmp_path, run)] == []
    assert [*differences(retailer, revenue + 1, tmp_path, run)] == [
        f"revenue: expected {revenue + 1}, got {revenue}.00"
    ]
    assert [*differences(Retailer(records=121), revenue, tmp_path, run)] == [
        f"accepted: expected 121, got {retailer.accepted}"
    ]


@pytest.mark.parametrize("cause", CAUSES)
def test_what_grows_is_declared_without_a_fault(cause: str, tmp_path: Path) -> None:
    largest = [*CAUSES[cause].values()][-1]
    few = Retailer(**{**vars(largest), "records": largest.feeds, "files": largest.feeds})
    few.declare(tmp_path)
    few.write(tmp_path)
    declaration = load_config(tmp_path / "config.yaml")
    assert len(declaration.feeds) == largest.feeds


@pytest.mark.long
def test_each_line_is_shown_beside_the_first_of_its_cause(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    day = Retailer(records=40, history=60, meeting=10)
    lines = {"a first load": Retailer(records=40), "a day": day, "too many": Retailer(records=101)}
    monkeypatch.setattr("benchmarks.growth.CAUSES", {"files": lines})
    assert main(["--times", "1", "--most", "100"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "| files | seconds | spread | CPU s | peak GB | ratio |"
    assert shown[2].startswith("| a first load |")
    assert shown[2].endswith("| 1.00 |")
    assert shown[3].startswith("| a day |")
    assert shown[4:] == [""]


def test_the_records_of_a_day_take_the_place_of_old_sales_of_the_same_key(tmp_path: Path) -> None:
    lines = {}
    for meeting in (0, 2):
        folder = tmp_path / str(meeting)
        retailer = Retailer(records=3, history=10, meeting=meeting)
        change = retailer.write(folder)
        (file,) = folder.rglob("sales_*.csv")
        keys = [line.split(",")[0] for line in file.read_text().splitlines()[1:]]
        lines[meeting] = (keys, change)
    (own, added), (some_old, moved) = lines[0], lines[2]
    assert own == ["r10", "r11", "r12"]
    assert some_old == ["r0", "r5", "r12"]
    # The old sales are 1 x 1 and 6 x 2.
    assert added - moved == 13
