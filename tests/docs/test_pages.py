"""The generated pages are current, and hold all that there is."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from docs.generate import PAGES, READERS, in_words, main, stale_pages
from sales_pipeline.engines.embedded import EmbeddedEngine
from sales_pipeline.lakehouse.ledger import State
from sales_pipeline.lakehouse.tables import View, silver_views
from sales_pipeline.silver.validation.reasons import REASONS
from tests.retailer import Retailer, sale

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_every_generated_page_is_current() -> None:
    assert list(stale_pages()) == [], "Do: make docs"


def test_a_stale_and_a_missing_page_are_named_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["--docs", str(tmp_path)])
    (tmp_path / "tables.md").unlink()
    (tmp_path / "reasons.md").write_text("An old page.\n", encoding="utf-8")
    capsys.readouterr()
    assert main(["--check", "--docs", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert said.splitlines() == [
        "docs/tables.md: not current. Do: make docs",
        "docs/reasons.md: not current. Do: make docs",
    ]
    assert not (tmp_path / "tables.md").exists()


def test_a_second_time_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--docs", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines() == [f"docs/{name}: written" for name in PAGES]
    assert main(["--docs", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"docs: all {len(PAGES)} pages are current\n"
    assert main(["--check", "--docs", str(tmp_path)]) == 0


def test_all_rows_of_a_table_have_as_many_cells_as_its_header() -> None:
    for name, make in PAGES.items():
        columns = 0
        for line in make().splitlines() if name.endswith(".md") else ():
            cells = line.replace("\\|", "").count("|")
            assert cells in (0, columns) or columns == 0, f"{name}: {line}"
            columns = cells


@pytest.mark.parametrize(
    ("page", "entries"),
    [
        ("reasons.md", list(REASONS)),
        ("deliveries.md", [state.value for state in State]),
        ("tables.md", ["bronze.sales", "silver.records", *(view.name for view in silver_views())]),
        ("cli.md", ["sales-pipeline run", "sales-pipeline config schema", "run-pipeline"]),
        ("declaration.md", ["feeds.<feed>.csv", "max_quarantined", "catalogue.rows", "since"]),
    ],
)
def test_a_page_names_everything_it_is_about(page: str, entries: list[str]) -> None:
    text = PAGES[page]()
    assert [entry for entry in entries if f"`{entry}`" not in text] == []


def test_no_sentence_of_a_help_text_is_broken_into_two_bullets() -> None:
    bullets = [line for line in PAGES["cli.md"]().splitlines() if line.startswith("- ")]
    assert bullets
    assert [line for line in bullets if not (line[2].isupper() and line.endswith("."))] == []


def test_an_option_that_commands_share_is_explained_once() -> None:
    text = PAGES["cli.md"]()
    assert text.count("`--lakehouse PATH`") == 1
    assert "It also takes the [shared options](#shared-options) except `--wait`." in text
    assert "It takes the [shared option](#shared-options) `--verbose`." in text


def test_a_type_without_words_stops_the_page() -> None:
    with pytest.raises(TypeError, match="no words for"):
        in_words(complex)


def _answer(program: str, view: View, **names: Any) -> Any:
    """The value of the last line that the page shows for a program."""
    _, text = READERS[program]
    text = text.format(folder=view.table.replace(".", "/"), where=view.where)
    before, _, last = text.rpartition("\n")
    exec(before, names)
    return eval(last, names)


def test_where_there_is_only_a_folder_a_filter_gives_the_rows_of_a_view(
    retailer: Retailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("1"), sale("2", item="Lampe"))
    retailer.run()
    monkeypatch.chdir(retailer.folder)
    rows = {"silver.sales": [2], "silver.set_aside": [1], "silver.quarantine": [3]}
    views = {view.name: view for view in silver_views()}
    assert set(views) == set(rows)
    with closing(EmbeddedEngine(retailer.lakehouse)) as engine:
        for name, view in views.items():
            by_delta_rs = pa.table(_answer("Python, with delta-rs", view))
            by_spark = _answer("Spark", view, spark=engine.spark()).toArrow()
            for answer in (by_delta_rs, by_spark):
                assert answer["_row"].to_pylist() == rows[name]


def test_the_list_of_pages_has_every_page() -> None:
    listed = re.findall(r"^\| \[[^]]+\]\(([^)]+)\) \|", (DOCS / "README.md").read_text(), re.M)
    pages = {path.name for path in DOCS.glob("*.md")} - {"README.md"}
    assert sorted(listed) == sorted({*pages, "decisions/"})
