"""The generated pages are current, and hold all that there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.generate import PAGES, in_words, main, stale_pages
from sales_pipeline.config import load_config
from sales_pipeline.lakehouse.ledger import State
from sales_pipeline.silver.validation.reasons import REASONS


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
        ("tables.md", [f"bronze.{feed}" for feed in load_config().feeds]),
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
