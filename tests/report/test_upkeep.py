from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rich.console import RenderableType

from sales_pipeline.operations.reset import Reset
from sales_pipeline.report.upkeep import reset_document, reset_text

Rendered = Callable[[RenderableType], list[str]]


def test_what_came_back_and_what_stayed_is_said(rendered: Rendered) -> None:
    done = Reset(moved=["lyon/a.csv"], kept=[Path("lakehouse/archive/lyon/0/a.csv")])
    assert rendered(reset_text(done)) == [
        "The tables are removed; 1 file moved back: lyon/a.csv.",
        "1 file stayed, because another is in its place: lakehouse/archive/lyon/0/a.csv.",
    ]
    assert reset_document(done) == {
        "moved": ["lyon/a.csv"],
        "kept": ["lakehouse/archive/lyon/0/a.csv"],
    }


def test_with_nothing_to_put_back_no_file_is_named(rendered: Rendered) -> None:
    assert rendered(reset_text(Reset())) == ["The tables are removed; 0 files moved back."]
