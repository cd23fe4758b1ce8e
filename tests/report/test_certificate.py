"""A certificate, as it is printed and as a document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from rich.console import RenderableType

from sales_pipeline.proofs.certificate import Certificate, Side
from sales_pipeline.report.certificate import certificate_document, certificate_text

Rendered = Callable[[RenderableType], list[str]]

AGREED = Certificate(
    at=datetime(2026, 11, 24, 6, tzinfo=UTC),
    version="0.1.0",
    files=50,
    rows={"silver.sales": 3994, "gold.sales_cube": 6},
    sides=(
        Side("embedded", {"pysail": "0.7.2", "deltalake": "1.1"}, 3.94),
        Side("sc://127.0.0.1:15002", {"spark": "4.2.0"}, 1234.5),
    ),
    differences=(),
)


def test_a_certificate_says_versions_rows_seconds_and_that_nothing_differed(
    rendered: Rendered,
) -> None:
    lines = rendered(certificate_text(AGREED))
    assert [line.split() for line in lines if line.startswith(("embedded", "sc:"))] == [
        ["embedded", "3.9", "pysail", "0.7.2,", "deltalake", "1.1"],
        ["sc://127.0.0.1:15002", "1,234.5", "spark", "4.2.0"],
    ]
    assert lines[-3:] == [
        "50 files taken in by both, 4,000 rows of 2 tables compared.",
        "What differed: nothing.",
        "sales-pipeline 0.1.0, 2026-11-24 06:00 UTC",
    ]
    assert AGREED.exit_code == 0


def test_what_differs_is_named_and_cannot_reach_the_terminal(rendered: Rendered) -> None:
    differs = replace(AGREED, differences=("gold.sales_cube: 1 row not on \x1b[31mspark",))
    lines = rendered(certificate_text(differs))
    assert lines[-3] == "What differed: something."
    assert lines[-2].startswith("  gold.sales_cube: 1 row not on ")
    assert "\x1b" not in lines[-2]
    assert differs.exit_code == 1


def test_the_document_has_the_same() -> None:
    found = certificate_document(AGREED)
    assert found["engines"][1] == {
        "engine": "sc://127.0.0.1:15002",
        "seconds": 1234.5,
        "versions": {"spark": "4.2.0"},
    }
    assert (found["files"], found["rows"]["silver.sales"], found["differences"]) == (50, 3994, [])
