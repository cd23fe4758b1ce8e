from __future__ import annotations

import ast
from pathlib import Path

import pytest

import sales_pipeline
from tests.cli.conftest import HEAVY, python_in


@pytest.mark.parametrize("name", sales_pipeline.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(sales_pipeline, name)


def test_the_public_face_is_what_is_promised() -> None:
    assert set(sales_pipeline.__all__) == {
        "__version__", "aggregate_data", "clean_data", "ingest_data", "load_config",
        "read_gold", "read_silver", "run",
        "answers", "explained", "why_moved", "why_restated", "why_since_closing",
        "Asked", "AskedChange", "AskedFigure", "AskedPeriod", "AskedRestatement",
        "By", "Choice", "Compare", "Kind", "Question", "ToDate",
    }  # fmt: skip
    assert dir(sales_pipeline) == sales_pipeline.__all__


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(Path(str(sales_pipeline.__file__)).read_text())
    checked = next(node for node in tree.body if isinstance(node, ast.If))
    imported = [node for node in checked.body if isinstance(node, ast.ImportFrom)]
    names = {alias.name for node in imported for alias in node.names}
    assert names == set(sales_pipeline.__all__)


def test_another_name_is_refused_as_python_does() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        sales_pipeline.nonsense  # noqa: B018


def test_importing_the_package_loads_no_heavy_library(tmp_path: Path) -> None:
    code = f"import sys, sales_pipeline; print(sorted({{*sys.modules}} & {{*{HEAVY}}}))"
    assert python_in(tmp_path, "-c", code).out == "[]\n"
