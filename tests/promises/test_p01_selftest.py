"""P1: the self-test that users run on their own data finds nothing, and would find something."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from sales_pipeline.bronze.feed_files import folders_of
from sales_pipeline.cli.app import main
from sales_pipeline.cli.selftest import _numbers
from sales_pipeline.errors import PipelineError, UsageError
from sales_pipeline.landing.shape import FileShape
from sales_pipeline.selftest.comparing import differences, what_is_there
from sales_pipeline.selftest.copies import beginning, copy_landing_files
from sales_pipeline.selftest.trials import Selftest, selftest
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
    expected = retailer.read(lambda lakehouse: what_is_there(lakehouse, places))
    assert retailer.read(lambda lakehouse: differences(expected, lakehouse, places)) == []
    (retailer.landing / "left.csv").write_text("new")
    retailer.read(lambda lakehouse: lakehouse.put("silver.sales", "sale_id = '1'", []))
    said = retailer.read(lambda lakehouse: differences(expected, lakehouse, places))
    assert said[0] == "silver.sales: 1 row missing, 0 rows too many"
    assert said[1].startswith("files: 0 files missing, 1 file too many, such as landing/left.csv ")


def test_a_run_that_fails_by_itself_is_not_tested(retailer: Retailer) -> None:
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.declared["feeds"]["lyon"]["rules"] = {"nonsense": {"holds": "product rlike '('"}}
    with pytest.raises(PipelineError, match="fails without being killed"):
        _tested(retailer)


def test_a_point_that_the_run_does_not_have_is_a_usage_error(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    with pytest.raises(UsageError, match="the run has the points 1 to"):
        _tested(retailer, 9_999)


def test_without_files_there_is_nothing_to_test(retailer: Retailer) -> None:
    with pytest.raises(UsageError, match="no file of any feed"):
        _tested(retailer)


@pytest.mark.parametrize("text", ["", "3-", "a", "1,,2"])
def test_points_are_numbers_and_ranges(text: str) -> None:
    with pytest.raises(UsageError, match="--points"):
        _numbers(text)


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


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp932"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_beginning_of_a_file_ends_with_a_record(
    encoding: str, end: str, tmp_path: Path
) -> None:
    file = tmp_path / "a.csv"
    text = end.join(["id,item", '1,"a\nb"', "", "2,茶", "3,x", ""])
    file.write_bytes(text.encode(encoding))
    shape = FileShape((), encoding=encoding.removesuffix("-sig"))
    assert beginning(file, shape, 2).decode(encoding) == end.join(
        ["id,item", '1,"a\nb"', "", "2,茶", ""]
    )
    assert beginning(file, shape, 9) == file.read_bytes()


def test_a_compressed_file_stays_one_and_a_damaged_one_stays_damaged(tmp_path: Path) -> None:
    file, shape = tmp_path / "a.csv.gz", FileShape(())
    file.write_bytes(gzip.compress(b"id\n1\n2\n"))
    assert gzip.decompress(beginning(file, shape, 1)) == b"id\n1\n"
    file.write_bytes(file.read_bytes()[:-9])
    assert beginning(file, shape, 9) == file.read_bytes()


def test_only_files_of_feeds_are_copied(retailer: Retailer, tmp_path: Path) -> None:
    _deliver(retailer)
    retailer.deliver_text("notes.txt", "to do")
    assert copy_landing_files(retailer.declaration, tmp_path / "copy", records=1) == 4
    copied = tmp_path / "copy" / "lyon" / "a.csv"
    assert copied.read_text().splitlines()[1:] == [sale("1")]
    assert not (tmp_path / "copy" / "notes.txt").exists()
