"""The result of a self-test, as it is printed and as a document."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import RenderableType

from sales_pipeline.proofs.selftest import Selftest, Trial
from sales_pipeline.report.selftest import selftest_document, selftest_text

Rendered = Callable[[RenderableType], list[str]]

FAILED = Selftest(
    files=3,
    points=("commit ops.deliveries", "move a.csv"),
    trials=(Trial(2, "before", ()), Trial(2, "after", ("files: 1 file\x1b missing", "x"))),
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


def test_the_document_lists_each_kill_and_each_failure() -> None:
    assert selftest_document(FAILED) == {
        "files": 3,
        "commit_points": ["commit ops.deliveries", "move a.csv"],
        "tried": [{"point": 2, "moment": "before"}, {"point": 2, "moment": "after"}],
        "differences": [
            {"point": 2, "moment": "after", "what": ["files: 1 file\x1b missing", "x"]}
        ],
        "seconds": 8.123,
    }
