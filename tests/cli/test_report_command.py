"""`sales-pipeline report` writes the page and the workbook, and says what it lacks."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Call, Said

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
    ],
)
def test_what_cannot_be_shown_is_refused(
    in_demo: Path, call: Call, options: list[str], message: str
) -> None:
    said = call("report", "--out", str(in_demo / "page.html"), *options)
    assert said.code == 2
    assert message in said.err
    assert not (in_demo / "page.html").exists()


@pytest.mark.parametrize("module", ["altair", "vl_convert"])
def test_without_the_extra_it_is_named_before_anything_is_read(
    call: Call, module: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, module, None)
    said = call("report")
    assert said.code == 2
    assert "pip install 'sales-pipeline[report]'" in said.err
