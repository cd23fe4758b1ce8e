"""P1: the self-test that users run on their own data finds nothing, and would find something."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sales_pipeline.bronze.feed_files import folders_of
from sales_pipeline.cli.app import main
from sales_pipeline.cli.proofs import _numbers
from sales_pipeline.errors import PipelineError, UsageError
from sales_pipeline.proofs.retailer_copies import contents, copy_landing_files, differences
from sales_pipeline.proofs.selftest import Selftest, selftest
from tests.retailer import Retailer, sale


def _deliver(retailer: Retailer) -> None:
    """A repeat, a refused file, a quarantined record and a name that waits among them."""
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", item="Lampe"), sale("3", total="x"))
    retailer.deliver("lyon/copy.csv", sale("1"), sale("2", item="Lampe"), sale("3", total="x"))
    retailer.deliver_text("boston/page.csv", "<html>")


def _tested(retailer: Retailer, *points: int, records: int | None = 1_000) -> Selftest:
    def place(folder: Path) -> int:
        return copy_landing_files(retailer.declaration, folder, records=records)

    return selftest(retailer.declaration, place, points=points)


@pytest.mark.long
def test_p1_a_run_that_is_killed_and_run_again_ends_like_one_that_was_not(
    retailer: Retailer,
) -> None:
    _deliver(retailer)
    files = sorted(retailer.landing.rglob("*"))
    calm = _tested(retailer)
    assert (calm.files, calm.trials) == (4, ())
    named = ("move page.csv", "move copy.csv")
    found = _tested(retailer, *(calm.points.index(each) + 1 for each in named))
    assert [each.differences for each in found.trials] == [()] * 4
    assert found.exit_code == 0
    assert sorted(retailer.landing.rglob("*")) == files
    assert not retailer.lakehouse.exists()


def test_what_differs_is_told_with_an_example(tmp_path: Path) -> None:
    retailer = Retailer(tmp_path)
    _deliver(retailer)
    retailer.run()
    places = folders_of(retailer.declaration)
    expected = retailer.read(lambda lakehouse: contents(lakehouse, places))
    assert retailer.read(lambda lakehouse: differences(expected, lakehouse, places)) == []
    (retailer.landing / "left.csv").write_text("new")
    retailer.read(lambda lakehouse: lakehouse.put("silver.records", "sale_id = '1'", []))
    said = retailer.read(lambda lakehouse: differences(expected, lakehouse, places))
    assert said[0] == "silver.records: 1 row missing, 0 rows too many"
    assert said[1].startswith("files: 0 files missing, 1 file too many, such as landing/left.csv ")


@pytest.mark.long
def test_a_run_that_fails_by_itself_is_not_tested(retailer: Retailer) -> None:
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.declared["feeds"]["lyon"]["rules"] = {"nonsense": {"holds": "product rlike '('"}}
    with pytest.raises(PipelineError, match="fails without being killed"):
        _tested(retailer)


@pytest.mark.long
def test_a_point_that_the_run_does_not_have_is_a_usage_error(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    with pytest.raises(UsageError, match="the run has the points 1 to"):
        _tested(retailer, 9_999)


def test_without_files_there_is_nothing_to_test(retailer: Retailer) -> None:
    with pytest.raises(UsageError, match="no file of any feed"):
        _tested(retailer)


@pytest.mark.parametrize("text", ["", "3-", "a", "1,,2", "1" * 5000, "1-1000000000000"])
def test_points_are_numbers_and_ranges(text: str) -> None:
    with pytest.raises(UsageError, match="--points"):
        _numbers(text)


@pytest.mark.long
def test_the_command_answers_with_one_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SALES_PIPELINE_CONFIG", raising=False)
    retailer = Retailer(tmp_path)
    _deliver(retailer)
    declared = {**retailer.declared, "landing": "landing", "lakehouse": "lakehouse"}
    Path("config.yaml").write_text(json.dumps(declared))
    with pytest.raises(SystemExit) as end:
        main(["selftest", "--points", "1", "--json"])
    out, err = capfd.readouterr()
    assert end.value.code == 0, err
    document = json.loads(out)
    assert document["tried"] == [
        {"point": 1, "moment": "before"},
        {"point": 1, "moment": "after"},
    ]
    assert document["differences"] == []
    assert "killed before point 1 of" in err
