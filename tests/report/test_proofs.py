"""Results of `certify` and `selftest`, as they are printed and as documents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from rich.console import RenderableType

from sales_pipeline.proofs.certificate import Certificate, Side
from sales_pipeline.proofs.selftest import KillTrial, Selftest
from sales_pipeline.report.proofs import (
    certificate_document,
    certificate_text,
    selftest_document,
    selftest_text,
)

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


def test_the_document_of_a_certificate_has_the_same() -> None:
    found = certificate_document(AGREED)
    assert found["engines"][1] == {
        "engine": "sc://127.0.0.1:15002",
        "seconds": 1234.5,
        "versions": {"spark": "4.2.0"},
    }
    assert (found["files"], found["rows"]["silver.sales"], found["differences"]) == (50, 3994, [])


FAILED = Selftest(
    files=3,
    points=("commit ops.deliveries", "move a.csv"),
    trials=(KillTrial(2, "before", ()), KillTrial(2, "after", ("files: 1 file\x1b missing", "x"))),
    seconds=8.1234,
)


def test_a_failure_is_shown_with_its_commit_point_and_cannot_reach_the_terminal(
    rendered: Rendered,
) -> None:
    lines = rendered(selftest_text(FAILED))
    assert lines[:2] == [
        "A run over 3 files has 2 commit points.",
        "Killed 2 times, before and after 1 of them, in 8 s; each time",
    ]
    assert lines[-2] == "What differed: something, 1 time."
    assert lines[-1].startswith("  after point 2 (move a.csv): files: 1 file")
    assert lines[-1].endswith(" missing; x")
    assert "\x1b" not in lines[-1]
    assert FAILED.exit_code == 1


def test_the_document_of_a_self_test_lists_each_kill_and_each_failure() -> None:
    assert selftest_document(FAILED) == {
        "files": 3,
        "commit_points": ["commit ops.deliveries", "move a.csv"],
        "tried": [{"point": 2, "moment": "before"}, {"point": 2, "moment": "after"}],
        "differences": [
            {"point": 2, "moment": "after", "what": ["files: 1 file\x1b missing", "x"]}
        ],
        "seconds": 8.123,
    }
