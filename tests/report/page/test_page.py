"""The page is safe, asks nothing of any network, and serves every reader, screen and printer."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sales_pipeline.report.page.contents import MOST_BYTES, page_text
from tests.report.page.chromium import Browser
from tests.report.page.conftest import HOSTILE, Shop
from tests.report.page.reading import Choice, Reader

_A4 = {(595, 842), (594, 841)}
_SECTIONS = (
    "Headline figures", "Revenue by month", "Stores compared", "Best sellers", "Like for like",
    "Constant currency", "Why 2025-12 moved", "Not counted yet", "Balance of the last run",
    "Closed months", "Rates used", "Definitions",
)  # fmt: skip


@pytest.fixture
def reader(chromium: Browser, shop: Shop) -> Reader:
    opened = Reader(chromium)
    opened.open(shop.file)
    return opened


def _told(browser: Browser, *methods: str) -> list[dict[str, Any]]:
    return [parameters for method, parameters in browser.events if method in methods]


@pytest.mark.long
def test_no_script_fails_and_nothing_is_asked_of_any_network(
    chromium: Browser, shop: Shop, reader: Reader
) -> None:
    for choice in (Choice("2024-01", "2025-12", by="year"), Choice("2025-12", "2025-12")):
        for store in ("Tokyo", None):
            reader.choose(Choice(choice.first, choice.last, store, choice.by, "units"))
    reader.value("document.querySelectorAll('.more').forEach(button => button.click())")
    assert _told(chromium, "Runtime.exceptionThrown", "Log.entryAdded") == []
    assert _told(chromium, "Runtime.consoleAPICalled") == []
    requests = [told["request"]["url"] for told in _told(chromium, "Network.requestWillBeSent")]
    assert requests == [shop.file.as_uri()]


def test_the_policy_of_the_page_refuses_requests_and_scripts_that_are_not_its_own(
    chromium: Browser, reader: Reader
) -> None:
    refused = reader.value("fetch('https://example.org').then(() => 'sent', () => 'refused')")
    assert refused == "refused"
    reader.value("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=hacked=1>')")
    reader.value(
        """(() => { const own = document.createElement('script');
        own.textContent = 'window.hacked = 1'; document.body.append(own); })()"""
    )
    assert reader.value("window.hacked") is None
    assert len(_told(chromium, "Log.entryAdded")) >= 2
    with pytest.raises(AssertionError, match="EvalError"):
        reader.value("(() => new Function('return 1')())()")


def test_hostile_names_are_text(shop: Shop, reader: Reader) -> None:
    reader.choose(Choice("2024-01", "2025-12"))
    assert {*HOSTILE} <= {row[0] for row in reader.table("products")}
    assert HOSTILE[1] in {row[0] for row in reader.table("stores")}
    assert [row[1] for row in reader.table("unknown-names")] == [
        "<img src=y onerror='window.hacked = 1'>"
    ]
    assert HOSTILE[1] in reader.texts("#store option")
    labels = reader.texts("#products-chart svg text")
    assert any(label.startswith("<script>window") for label in labels)
    assert reader.value("document.querySelectorAll('img, iframe, object, embed').length") == 0
    assert reader.value("document.querySelectorAll('script').length") == 4
    assert reader.value("window.hacked") is None
    assert "<img" not in shop.file.read_text(encoding="utf-8").split("</style>")[1].split("vega")[0]


def test_a_value_is_shown_on_hover_as_text(chromium: Browser, reader: Reader) -> None:
    reader.choose(Choice("2025-01", "2025-12"))
    chart = "document.querySelector('#products-chart')"
    reader.value(f"{chart}.scrollIntoView({{block: 'center'}})")
    place = reader.value(
        f"""(() => {{ const bars = {chart}.querySelectorAll('.mark-rect path');
        const box = bars[bars.length - 1].getBoundingClientRect();
        return [box.x + box.width / 2, box.y + box.height / 2]; }})()"""
    )
    chromium.send("Input.dispatchMouseEvent", type="mouseMoved", x=place[0], y=place[1])
    rows = "[...document.querySelectorAll('#vg-tooltip-element td.value')].map(e => e.textContent)"
    shown = reader.value(f"new Promise(done => setTimeout(() => done({rows}), 100))")
    row = reader.table("products")[len(reader.table("products")[:10]) - 1]
    assert shown[:2] == [row[0], row[2]]
    assert reader.value("document.querySelectorAll('#vg-tooltip-element img').length") == 0


def test_everything_has_a_name_that_a_screen_reader_says(reader: Reader) -> None:
    assert reader.texts("h1") == ["Sales report, 2025-12"]
    assert tuple(reader.texts("h2")) == _SECTIONS
    assert reader.value("document.documentElement.lang") == "en"
    unnamed = """[...document.querySelectorAll('select, input')].filter(each => !each.labels.length)
        .length"""
    assert reader.value(unnamed) == 0
    tables = reader.value(
        """[...document.querySelectorAll('table')].map(table => [!!table.caption?.textContent,
        [...table.tHead.querySelectorAll('th')].every(cell => cell.scope === 'col'),
        [...table.tBodies[0].rows].every(row => row.cells[0].scope === 'row')])"""
    )
    assert len(tables) == 11
    assert all(all(named) for named in tables)
    charts = reader.value(
        """[...document.querySelectorAll('.chart svg')].map(chart => [chart.getAttribute('role'),
        chart.getAttribute('aria-label'), chart.firstElementChild.ariaHidden])"""
    )
    assert len(charts) == 5
    assert all(
        (role, hidden) == ("img", "true") and name.startswith("Chart of the table below: ")
        for role, name, hidden in charts
    )
    assert reader.value("document.getElementById('summary').getAttribute('aria-live')") == "polite"


def test_a_keyboard_is_enough(chromium: Browser, reader: Reader) -> None:
    def press(key: str, code: int) -> None:
        for kind in ("keyDown", "keyUp"):
            chromium.send(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code
            )

    focused = []
    for _ in range(10):
        press("Tab", 9)
        focused.append(reader.value("document.activeElement.id || document.activeElement.text"))
        if focused[-1] == "by-revenue":
            press("ArrowRight", 39)
    controls = ["store", "first", "last", "by", "compare", "kind", "by-revenue"]
    assert focused[:8] == ["Skip to the figures", *controls]
    assert reader.texts("#periods-title") == ["Units by month"]
    assert reader.texts("[aria-pressed=true]") == ["Year to date", "Last 12 months"]


def test_a_range_that_would_end_before_it_starts_follows_the_last_choice(reader: Reader) -> None:
    reader.select("last", "2024-03")
    assert reader.texts("#summary") == ["All stores, 2024-03, nothing to compare with."]
    reader.select("first", "2025-03")
    assert reader.texts("#summary") == ["All stores, 2025-03, compared with 2024-03."]


@pytest.mark.long
def test_it_fits_a_phone_both_themes_and_paper(chromium: Browser, reader: Reader) -> None:
    try:
        light = chromium.screenshot(width=390)
        width = reader.value("document.documentElement.scrollWidth")
        paper = "getComputedStyle(document.querySelector('section')).backgroundColor"
        colours = [reader.value(paper)]
        dark = chromium.screenshot(width=1280, dark=True)
        colours.append(reader.value(paper))
    finally:
        chromium.send("Emulation.clearDeviceMetricsOverride")
        chromium.send("Emulation.setEmulatedMedia", media="", features=[])
    assert width == 390
    assert colours == ["rgb(255, 255, 255)", "rgb(23, 29, 35)"]
    assert light != dark
    sizes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", chromium.printed())
    assert sizes
    assert {(int(float(wide)), int(float(high))) for wide, high in sizes} <= _A4


def test_the_file_is_small_and_whole(shop: Shop) -> None:
    assert shop.file.stat().st_size < 3_000_000 - MOST_BYTES
    assert len(page_text(shop.page)) < MOST_BYTES
    text = shop.file.read_text(encoding="utf-8")
    assert not re.search(r"""(src|href)=["'](?!#|data:)""", text.split("<script>")[0])
