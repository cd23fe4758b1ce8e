"""Days and weeks on the page are those of the analysis, in every calendar, finished or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from sales_pipeline.analysis.calendars import CivilCalendar, RetailCalendar
from sales_pipeline.analysis.comparison import Compared, Comparison
from sales_pipeline.analysis.parts import adding_up
from sales_pipeline.analysis.periods import DAY, By, Calendar, Compare, months_later
from sales_pipeline.analysis.sales_of_run import Choice as ChosenSales
from sales_pipeline.analysis.sales_of_run import SalesOfRun
from sales_pipeline.exact import half_up
from sales_pipeline.gold.gold_set import read_gold
from sales_pipeline.report.page.html import page_html
from tests.analysis.sold import Sold, sales_of
from tests.report.page.conftest import Shop, page_of_sales
from tests.report.page.reading import Choice, Reader

CALENDARS = [
    CivilCalendar(),
    CivilCalendar(first_month=4, keeps_weekdays=True),
    RetailCalendar(),
    RetailCalendar(weeks=(4, 4, 5), first_month=1, starts_on=0),
]
_JPY, _USD = Decimal("0.00613337123456"), Decimal("0.87113")
_FIRST, _AS_OF = date(2023, 10, 1), date(2025, 3, 19)


def _sales() -> SalesOfRun:
    """A year and a half of three stores; one opened later, one closes on Sundays.

    The last day with sales is the day of the run, so its day, week and month are not over.
    """
    sold = []
    for at in range((_AS_OF - _FIRST).days + 1):
        sold_on = _FIRST + DAY * at
        sold.append(Sold(sold_on, "a", "Vase", 1 + at % 3, Decimal(at % 7) + Decimal("1.37")))
        if sold_on.weekday() != 6:
            amount = Decimal(at % 11) + Decimal("0.29")
            sold.append(Sold(sold_on, "b", "Cup", 2, amount, "USD", _USD))
        if at > 200 and at % 2:
            sold.append(Sold(sold_on, "c", "Bowl", 1, Decimal(101 * (1 + at % 5)), "JPY", _JPY))
        if at % 29 == 0:
            back = -Decimal(at % 7)
            sold.append(Sold(sold_on, "a", "Vase", -1, back))
    return sales_of(sold, as_of=_AS_OF, JPY=_JPY, USD=_USD)


def _shown(revenue: Decimal) -> Decimal:
    return half_up(Fraction(revenue), 2)


def _percent(ratio: Fraction | None) -> str:
    return "" if ratio is None else f"{half_up(ratio * 100, 1):+,f}%"


def _rows(comparison: Comparison, by: By, first: date, last: date) -> list[Compared]:
    """The periods that have begun and have sales, or had."""
    assert comparison.sales.days
    return [
        row
        for row in comparison.in_all(comparison.pairs(by, first, last))
        if row.pair.period.first <= comparison.sales.days[1]
        if row.now.sales or (row.before and row.before.sales)
    ]


def _lines(rows: list[Compared]) -> tuple[list[list[str]], list[list[str]]]:
    """The lines of both tables: each period, and its change divided."""
    periods, divided = [], []
    for row in rows:
        name = row.pair.period.name + ("" if row.pair.is_over else "*")
        now = _shown(row.now.revenue)
        if row.before is None or row.local_growth is None or row.currency_effect is None:
            periods.append([name, f"{now:,f}", "", "", ""])
            continue
        before = _shown(row.before.revenue)
        growth = _percent(row.growth)
        periods.append([name, f"{now:,f}", f"{before:,f}", f"{now - before:+,f}", growth])
        parts = adding_up([row.local_growth, row.currency_effect], now - before, 2)
        figures = [f"{part:+,f}" for part in (now - before, *parts)]
        divided.append([name, *figures, _percent(row.constant_ratio)])
    return periods, divided


@pytest.fixture
def reader(chromium: Any, shop: Shop) -> Iterator[Reader]:
    opened = Reader(chromium)
    yield opened
    opened.open(shop.file)


@pytest.mark.parametrize(
    "calendar",
    [CALENDARS[0], *(pytest.param(each, marks=pytest.mark.long) for each in CALENDARS[1:])],
    ids=str,
)
def test_days_and_weeks_of_every_calendar_are_those_of_the_analysis(
    shop: Shop, reader: Reader, tmp_path: Path, calendar: Calendar
) -> None:
    sales = _sales()
    assert sales.days
    begin, end = date(2024, 6, 15), sales.days[1]
    first, last = (calendar.period_of(By.MONTH, day) for day in (begin, end))
    file = tmp_path / "days.html"
    file.write_bytes(page_html(page_of_sales(shop, sales, calendar)).encode())
    reader.open(file)
    for by, compare in product((By.DAY, By.WEEK), (Compare.YEAR, Compare.PERIOD)):
        reader.choose(Choice(first.name, last.name, by=by, compare=compare))
        rows = _rows(Comparison(sales, calendar, compare), by, first.first, last.last)
        periods, divided = _lines(rows)
        assert reader.table("periods")[:-1] == periods
        assert reader.table("currency")[: len(divided)] == divided
        assert periods[-1][0].endswith("*")
        are_compared = {bool(line[2]) for line in periods}
        assert are_compared == ({True, False} if compare is Compare.YEAR else {True})


@pytest.mark.parametrize("by", [By.DAY, By.WEEK])
def test_weeks_are_cut_to_the_range_and_a_store_has_its_own_days(
    shop: Shop, reader: Reader, tmp_path: Path, by: By
) -> None:
    sales, calendar = _sales(), CivilCalendar()
    file = tmp_path / "days.html"
    file.write_bytes(page_html(page_of_sales(shop, sales, calendar)).encode())
    reader.open(file)
    reader.choose(Choice("2024-11", "2025-02", by=by, store="c"))
    comparison = Comparison(sales, calendar, choice=ChosenSales("c"))
    rows = _rows(comparison, by, date(2024, 11, 1), date(2025, 2, 28))
    assert reader.table("periods")[:-1] == _lines(rows)[0]
    total = reader.table("periods")[-1]
    revenue = sum((_shown(row.now.revenue) for row in rows), Decimal(0))
    # It sold nothing the year before, so the rates of all stores' compared days count.
    assert total == ["Total", f"{revenue:,f}", "0.00", f"{revenue:+,f}", ""]
    assert reader.table("currency")[:-1] == _lines(rows)[1]


def test_days_of_all_stores_are_not_those_of_one(
    shop: Shop, reader: Reader, tmp_path: Path
) -> None:
    sales, calendar = _sales(), CivilCalendar()
    page = page_of_sales(shop, sales, calendar, days_by_store=False)
    file = tmp_path / "days.html"
    file.write_bytes(page_html(page).encode())
    reader.open(file)
    reader.choose(Choice("2024-11", "2025-02", by="week"))
    rows = _rows(Comparison(sales, calendar), By.WEEK, date(2024, 11, 1), date(2025, 2, 28))
    assert reader.table("periods")[:-1] == _lines(rows)[0]
    reader.choose(Choice("2024-11", "2025-02", by="week", store="c"))
    assert reader.table("periods") == []
    for table in ("periods", "currency"):
        [note] = reader.texts(f"#{table} .note")
        assert note.startswith("The page holds days and weeks of all stores together; ")
    reader.choose(Choice("2024-11", "2025-02", store="c"))
    assert len(reader.table("periods")) == 5
    file.write_bytes(page_html(replace(page, days=None)).encode())
    reader.open(file)
    assert reader.texts("#by option") == ["Months", "Quarters", "Years"]


def test_a_long_table_of_days_shows_its_total_and_the_rest_when_asked(
    shop: Shop, reader: Reader
) -> None:
    reader.open(shop.file)
    reader.choose(Choice("2024-01", "2025-12", by="day"))
    hidden = "document.querySelectorAll('#periods tr[hidden]').length"
    assert reader.value(hidden) > 20
    assert reader.value("document.querySelector('#periods tr.total').hidden") is False
    reader.value("document.querySelector('#periods .more').click()")
    assert reader.value(hidden) == 0
    assert [row[0] for row in reader.table("periods")][:-1] == sorted(
        {str(day) for day in _days_sold(shop)}
    )


def _days_sold(shop: Shop) -> set[date]:
    """The days with sales, and those a year after them that have begun."""
    rows = read_gold(shop.retailer.declaration, "daily_sales").to_pylist()
    sold = {row["sold_on"] for row in rows}
    return sold | {later for day in sold if (later := months_later(day, 12)) <= date(2025, 12, 31)}
