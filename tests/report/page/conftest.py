"""A browser for all tests of the page, and the page of a retailer whose names are hostile."""

from __future__ import annotations

import os
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sales_pipeline.analysis.comparison import Comparison
from sales_pipeline.analysis.like_for_like import TradingDays
from sales_pipeline.analysis.periods import Calendar
from sales_pipeline.analysis.sales_of_run import SalesOfRun
from sales_pipeline.report.page.contents import Page, page_of
from sales_pipeline.report.page.html import page_html
from sales_pipeline.report.page.months import months_of
from sales_pipeline.report.page.sold_by_day import days_of
from sales_pipeline.report.page.sums import Limits, SalesOfPage
from tests.report.page.chromium import Browser, browser, program
from tests.retailer import DECLARATION, HEADER, Retailer, sale

HOSTILE = (
    "<script>window.hacked = 1</script>",
    '"><img src=x onerror="window.hacked = 1">',
    "</script><svg onload='window.hacked = 1'>",
    "=1+1",
    "{{constructor.constructor('window.hacked = 1')()}}",
    "<!--library-->",
)
"""Names of products and of a store that a careless page would run."""
NEW_AND_OLD = ("Tea of 2025", "Tea of 2024")
"""A product that sold in 2025 only, and one that sold in 2024 only."""


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """The browser; without one its tests are skipped, or fail if they must not be."""
    if program() is None:
        reason = "there is no Chromium on this machine. Do: apt-get install chromium"
        (pytest.fail if os.environ.get("BROWSER") == "required" else pytest.skip)(reason)
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _sales(store: str, factor: int) -> Iterator[str]:
    """A few sales in each month of two years, growing, with a return in every third one."""
    products = ["Vase", *HOSTILE]
    for number in range(24):
        year, month = 2024 + number // 12, number % 12 + 1
        for at in range(3):
            product = products[(number * 2 + at * factor) % len(products)]
            units = -1 if at == 2 and number % 3 == 0 else at + 1
            price = (factor * 7 + number) * 100 + at * 33 + 1
            total = f"{units * price // 100}.{units * price % 100:02}" if units > 0 else None
            total = total or f"-{price // 100}.{price % 100:02}"
            yield sale(
                f"{store}{number}-{at}",
                f"{year}-{month:02}-{5 + at * 9:02}",
                _quoted(product),
                price=f"{price // 100}.{price % 100:02}",
                units=str(units),
                total=total,
            )


def declared() -> dict[str, Any]:
    """Three stores in three currencies; rates that leave fractions of a cent, and change."""
    declaration = deepcopy(DECLARATION)
    lyon = declaration["feeds"]["lyon"]
    declaration["feeds"]["lyon"] = {**lyon, "language": "en"}
    declaration["feeds"]["boston"]["store"]["name"] = HOSTILE[1]
    declaration["feeds"]["boston"]["store"]["closures"] = [
        {"from": "2025-02-01", "to": "2025-02-03", "why": "<b>works</b>"}
    ]
    tokyo = deepcopy(declaration["feeds"]["boston"])
    tokyo["landing"], tokyo["currency"] = "tokyo/*.csv", "JPY"
    tokyo["store"] = {"id": "tokyo", "name": "Tokyo", "city": "Tokyo", "country": "JP"}
    tokyo["store"]["opened"] = "2024-06-01"
    declaration["feeds"]["tokyo"] = tokyo
    declaration["rates"]["fixed"] = {
        "USD": [{"rate": "0.92371"}, {"rate": "0.87113", "since": "2025-01-01"}],
        "JPY": [{"rate": "0.00613337"}, {"rate": "0.00588881", "since": "2025-05-01"}],
    }
    return declaration


@dataclass(frozen=True)
class Shop:
    """A retailer with the file of its page."""

    retailer: Retailer
    page: Page
    file: Path


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A retailer that traded for two years, once run, and its page."""
    retailer = Retailer(tmp_path_factory.mktemp("page"), declared())
    names = ["Vase", *HOSTILE, *NEW_AND_OLD]
    rows = [",".join([_quoted(name), "", _quoted(name), "Home"]) for name in names]
    retailer.deliver_catalogue("\n".join(["produit,categorie,product,category", *rows]) + "\n")
    more = [
        sale("new", "2025-03-01", NEW_AND_OLD[0], total="400.00"),
        sale("old", "2024-03-01", NEW_AND_OLD[1], total="300.00"),
        sale("unknown", "2025-03-01", _quoted("<img src=y onerror='window.hacked = 1'>")),
        sale("undated", "2025-02-30", "Vase"),
    ]
    retailer.deliver("lyon/a.csv", *_sales("lyon", 2), *more, header=HEADER)
    retailer.deliver("boston/a.csv", *_sales("boston", 3))
    tokyo = [line for line in _sales("tokyo", 5) if line.split(",")[1] >= "2024-06-01"]
    retailer.deliver("tokyo/a.csv", *tokyo)
    retailer.run()
    page = page_of(retailer.declaration)
    file = retailer.folder / "report.html"
    file.write_bytes(page_html(page).encode())
    return Shop(retailer, page, file)


def page_of_sales(
    shop: Shop, sales: SalesOfRun, calendar: Calendar, *, days_by_store: bool = True
) -> Page:
    """The page of the shop with other sales, and with nothing to say why the last month moved."""
    months = months_of(Comparison(sales, calendar), None, None)
    of_page = SalesOfPage(sales, TradingDays({}, sales.first_sales), {}, months.periods)
    sold = of_page.cut(Limits())
    by_store, of_all = days_of(sales, calendar, of_page.whole, sold, most=100_000)
    return replace(
        shop.page,
        spans=months.periods,
        months=months.months,
        before=months.before,
        first_day=months.first_day,
        sold=sold,
        days=by_store if days_by_store else of_all,
        moved=None,
    )


def day(month: str) -> date:
    """The first day of a month such as 2025-01."""
    return date.fromisoformat(f"{month}-01")
