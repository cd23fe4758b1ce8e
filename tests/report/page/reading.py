"""What a reader of the page does and sees: chooses, and reads the cells of its tables."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.report.page.chromium import Browser

_DRAWN = """new Promise(done => {
    const look = () => document.querySelector('[aria-busy]') ? setTimeout(look, 5) : done();
    look();
})"""
_ROWS = """[...document.querySelectorAll('#%s tbody tr')].map(row => [...row.children].map(cell =>
    [...cell.childNodes].map(node => node.textContent.trim()).filter(Boolean)))"""


@dataclass(frozen=True)
class Choice:
    """What a reader chooses; without a store, all stores."""

    first: str
    last: str
    store: str | None = None
    by: str = "month"
    measure: str = "revenue"
    compare: str = "year"
    kind: str = "product"


@dataclass(frozen=True)
class Reader:
    """Reads one page in a browser."""

    browser: Browser

    def open(self, page: Path) -> None:
        """Opens the page and waits until its charts are drawn."""
        self.browser.open(page)
        self._wait()

    def _wait(self) -> None:
        self.browser.evaluate(_DRAWN)

    def choose(self, choice: Choice) -> None:
        """Sets the controls as a person does: each tells that it was changed."""
        store = "All stores" if choice.store is None else choice.store
        for control, text in (("store", store), ("first", choice.first), ("last", choice.last)):
            self.select(control, text)
        for control in ("by", "compare", "kind"):
            self.browser.evaluate(
                f"{control}.value = {json.dumps(getattr(choice, control))};"
                f"{control}.dispatchEvent(new Event('change', {{bubbles: true}}))"
            )
        self.browser.evaluate(f"document.getElementById('by-{choice.measure}').click()")
        self._wait()

    def select(self, control: str, text: str) -> None:
        """Chooses the option of a list by the text that it shows."""
        self.browser.evaluate(
            f"""(() => {{
                const list = document.getElementById({control!r});
                const option = [...list.options].find(each => each.text === {json.dumps(text)});
                list.value = option.value;
                list.dispatchEvent(new Event('change', {{bubbles: true}}));
            }})()"""
        )

    def rows(self, table: str) -> list[list[list[str]]]:
        """The rows of a table: of each cell the texts that it is made of."""
        rows: list[list[list[str]]] = self.browser.evaluate(_ROWS % table)
        return rows

    def table(self, table: str) -> list[list[str]]:
        """The rows of a table, of each cell its first text."""
        return [[cell[0] if cell else "" for cell in row] for row in self.rows(table)]

    def texts(self, selector: str) -> list[str]:
        """The texts of some elements."""
        found: list[str] = self.browser.evaluate(
            f"[...document.querySelectorAll({selector!r})].map(each => each.textContent.trim())"
        )
        return found

    def cards(self) -> dict[str, list[str]]:
        """The headline figures by their titles."""
        cards: dict[str, list[str]] = self.browser.evaluate(
            """Object.fromEntries([...document.querySelectorAll('.card')].map(card => [
                card.querySelector('dt').textContent,
                [...card.querySelectorAll('dd')].map(each => each.textContent)]))"""
        )
        return cards

    def value(self, expression: str) -> Any:
        """The value of an expression in the page."""
        return self.browser.evaluate(expression)
