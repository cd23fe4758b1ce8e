"""`sales-pipeline report` writes the page and the workbook, and says what it lacks."""

from __future__ import annotations

import errno
import json
import sys
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from sales_pipeline.cli.written_files import write_file
from sales_pipeline.report import answers_of_run
from sales_pipeline.report.answers import Answers
from tests.cli.conftest import Call, Said
from tests.retailer import Retailer, sale

Demo = tuple[Path, Said]


@pytest.fixture
def in_demo(demo: Demo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(demo[0])
    return tmp_path


@pytest.mark.long
def test_the_page_is_written_where_it_is_asked_for(in_demo: Path, call: Call) -> None:
    said = call("report")
    assert (said.code, said.out) == (0, "")
    page = Path("report.html")
    assert said.err.splitlines()[-1].startswith("report.html: ")
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    page.unlink()
    out, book = in_demo / "page.html", in_demo / "sales.xlsx"
    months = ["--from", "2025-03", "--to", "2025-06"]
    said = call("report", "--out", str(out), "--xlsx", str(book), *months, "--json")
    sizes = {"workbook": book.stat().st_size, "page": out.stat().st_size}
    assert json.loads(said.out) == {
        name: {"path": str(path), "bytes": sizes[name]}
        for name, path in (("workbook", book), ("page", out))
    }
    text = out.read_text(encoding="utf-8")
    data = json.loads(text.split('id="data">')[1].split("</script>")[0])
    shown = [data["spans"][month["span"]]["name"] for month in data["months"]]
    assert shown == ["2025-03", "2025-04", "2025-05", "2025-06"]


def test_the_workbook_alone_is_written_without_the_page(in_demo: Path, call: Call) -> None:
    said = call("report", "--xlsx", str(in_demo / "sales.xlsx"))
    assert said.err.splitlines()[-1].startswith(str(in_demo / "sales.xlsx"))
    assert not Path("report.html").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--from", "2025-03", "--to", "2025-01"], "--to: before --from, got 2025-03 to 2025-01"),
        (["--from", "2031-01"], "--from, --to: no month with sales; sales are from "),
        (["--run", "x"], "run: no such finished run, got 'x'"),
        (["--xlsx", "./page.html", "--out", "page.html"], "--out, --xlsx: the same file, got"),
    ],
)
def test_what_cannot_be_shown_is_refused(
    in_demo: Path, call: Call, options: list[str], message: str
) -> None:
    said = call("report", "--out", str(in_demo / "page.html"), *options)
    assert said.code == 2
    assert message in said.err
    assert not (in_demo / "page.html").exists()


@pytest.mark.parametrize("option", ["--out", "--xlsx"])
def test_a_place_that_cannot_be_written_is_named(in_demo: Path, call: Call, option: str) -> None:
    for place, problem in (
        (in_demo, "Is a directory"),
        (in_demo / "none" / "sales", "No such file or directory"),
    ):
        said = call("report", option, str(place))
        assert (said.code, said.err.splitlines()[-1]) == (1, f"{place}: {problem}")


def test_page_and_workbook_show_the_same_run_if_another_one_finishes_meanwhile(
    retailer: Retailer, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", "2025-01-35", "Unknown"))
    retailer.run()
    declared = {**retailer.declared, "landing": "landing", "lakehouse": "lakehouse"}
    (retailer.folder / "config.yaml").write_text(json.dumps(declared), encoding="utf-8")
    monkeypatch.chdir(retailer.folder)

    def answers_and_then_a_run(*arguments: Any, **options: Any) -> Answers:
        shown = answers(*arguments, **options)
        retailer.deliver("lyon/b.csv", sale("3", "2025-02-15"))
        retailer.run()
        return shown

    answers = answers_of_run.answers
    monkeypatch.setattr(answers_of_run, "answers", answers_and_then_a_run)
    assert call("report", "--xlsx", "sales.xlsx", "--out", "page.html").code == 0
    first, second = retailer.run_ids()
    page = Path("page.html").read_text(encoding="utf-8")
    assert (f'"run_id":"{first}"' in page, second in page) == (True, False)
    rates = openpyxl.load_workbook("sales.xlsx")["Rates used"]
    assert rates["C1"].value == "2025-01"


def test_a_file_that_is_there_stays_until_the_new_one_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, link = tmp_path / "page.html", tmp_path / "link.html"
    page.write_text("before", encoding="utf-8")
    page.chmod(0o600)
    link.symlink_to(page)

    def disk_is_full(path: Path, content: bytes) -> int:
        with path.open("wb") as file:
            file.write(content[:1])
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    with monkeypatch.context() as full:
        full.setattr(Path, "write_bytes", disk_is_full)
        with pytest.raises(OSError, match=r"No space left on device: .*link\.html"):
            write_file(link, b"after")
    assert page.read_text(encoding="utf-8") == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.html", "page.html"]
    write_file(link, b"after")
    assert (page.read_bytes(), link.is_symlink()) == (b"after", True)
    assert page.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("module", ["altair", "vl_convert"])
def test_without_the_extra_it_is_named_before_anything_is_read(
    call: Call, module: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, module, None)
    said = call("report")
    assert said.code == 2
    assert "pip install 'sales-pipeline[report]'" in said.err
