"""The page of guarantees promises what tests show, and everything it points to exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROMISES = range(1, 13)
WRITTEN = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/README.md",
    "docs/guarantees.md",
    "docs/releasing.md",
]


def test_every_promise_has_a_section_that_names_its_tests() -> None:
    page = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
    sections = re.split("^## ", page, flags=re.MULTILINE)[1:]
    assert [section.split(" ", 1)[0] for section in sections] == [f"P{n}" for n in PROMISES]
    for number, section in zip(PROMISES, sections, strict=True):
        assert f"pytest tests -k p{number}_" in section


@pytest.mark.parametrize("number", PROMISES)
def test_every_promise_has_a_test_with_its_number(number: int) -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    assert any(f"def test_p{number}_" in source for source in sources)


@pytest.mark.parametrize("page", WRITTEN)
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    path = ROOT / page
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text(encoding="utf-8"))
    local = [link for link in links if not link.startswith("http")]
    assert [link for link in local if not (path.parent / link).exists()] == []
