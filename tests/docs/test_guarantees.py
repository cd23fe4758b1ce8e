"""The page of guarantees states contracts with their tests; links of all pages lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
SECTIONS = re.split("^## ", PAGE, flags=re.MULTILINE)[1:]
PROMISES = range(1, len(SECTIONS) + 1)
WRITTEN = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
WRITTEN += sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))


def test_every_promise_has_a_section_with_its_contract_and_its_tests() -> None:
    assert len(PROMISES) >= 11
    for number, section in zip(PROMISES, SECTIONS, strict=True):
        assert section.startswith(f"P{number} ")
        assert re.search(r"^\*\*", section, re.MULTILINE), "the contract, in bold"
        assert f"Tests: `pytest tests -k p{number}_`" in section


def test_the_readme_has_every_promise_in_a_sentence() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| P(\d+) ", readme, re.MULTILINE) == [str(each) for each in PROMISES]


def test_results_with_their_dates_are_on_the_page_of_evidence() -> None:
    dated = re.compile(r"\b20\d\d-\d\d-\d\d\b")
    assert dated.findall(PAGE) == []
    evidence = (ROOT / "docs" / "evidence.md").read_text(encoding="utf-8")
    results = [line for line in evidence.splitlines() if dated.search(line)]
    assert results
    # A command, the day, the commit.
    form = re.compile(r"\| \w+ \| `[^`]+`.* \| 20\d\d-\d\d-\d\d \| [0-9a-f]{7} \| .+ \|")
    assert [line for line in results if not form.fullmatch(line)] == []


@pytest.mark.parametrize("number", PROMISES)
def test_every_promise_has_a_test_with_its_number(number: int) -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    assert any(f"def test_p{number}_" in source for source in sources)


@pytest.mark.parametrize("page", WRITTEN)
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    path = ROOT / page
    links = re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8"))
    for link in links:
        if link.startswith("http"):
            continue
        file, _, section = link.partition("#")
        target = (path.parent / file) if file else path
        assert target.exists(), link
        if section:
            assert section in _anchors(target), link


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
