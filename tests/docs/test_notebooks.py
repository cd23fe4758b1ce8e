"""The notebooks are valid, hold no outputs, and do what they say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tests.retailer import Retailer, sale

ROOT = Path(__file__).resolve().parents[2]
RESET = ROOT / "notebooks" / "reset_raw_data.ipynb"
RUN_TEST = ROOT / "tests" / "run_test.ipynb"


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=nbformat.NO_CONVERT)


def execute(path: Path, parameters: str) -> str:
    """Executes a notebook in its own folder with other parameters; returns what it printed."""
    notebook = read(path)
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", []):
            cell.source = f"{cell.source}\n{parameters}"
    folder = {"metadata": {"path": str(path.parent)}}
    NotebookClient(notebook, timeout=300, resources=folder).execute()
    outputs = [each for cell in notebook.cells for each in cell.get("outputs", [])]
    return "".join(each.get("text", "") for each in outputs)


@pytest.mark.parametrize("path", [RESET, RUN_TEST], ids=lambda path: path.name)
def test_a_notebook_is_valid_and_holds_no_outputs(path: Path) -> None:
    notebook = read(path)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.id for cell in code if cell.outputs or cell.execution_count is not None] == []
    assert [cell.metadata.get("tags") for cell in code].count(["parameters"]) == 1
    assert "parameters" in code[0].metadata.tags


@pytest.mark.long
def test_the_reset_notebook_puts_a_lakehouse_back_to_before_its_first_run(
    retailer: Retailer,
) -> None:
    delivered = {retailer.deliver_catalogue(), retailer.deliver("lyon/a.csv", sale("1"))}
    declared = {**retailer.declared, "landing": "./landing", "lakehouse": "./lakehouse"}
    # JSON is YAML, too.
    (retailer.folder / "config.yaml").write_text(json.dumps(declared), encoding="utf-8")
    retailer.run()
    assert not any(path.exists() for path in delivered)

    folder = f"FOLDER = {str(retailer.folder)!r}"
    assert "Nothing was changed" in execute(RESET, folder)
    assert (retailer.lakehouse / "silver").is_dir()

    said = execute(RESET, f'{folder}\nSURE = "yes"')
    assert "2 files are back in the landing folder." in said
    assert {path for path in retailer.landing.rglob("*") if path.is_file()} == delivered
    assert not list(retailer.lakehouse.rglob("*.parquet"))


@pytest.mark.long
def test_the_test_notebook_runs_the_tests_it_is_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALES_PIPELINE_TESTS", "tests/config/test_config_currencies.py")
    assert " passed" in execute(RUN_TEST, "")


@pytest.mark.long
def test_the_test_notebook_fails_where_a_test_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    failing = tmp_path / "test_failing.py"
    failing.write_text("def test_failing() -> None:\n    assert False\n", encoding="utf-8")
    settings = tmp_path / "pytest.ini"
    settings.write_text("[pytest]\n", encoding="utf-8")
    monkeypatch.setenv("SALES_PIPELINE_TESTS", f"-c {settings} {failing}")
    with pytest.raises(CellExecutionError, match="exit code 1"):
        execute(RUN_TEST, "")
