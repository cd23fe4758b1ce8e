"""Every number of the page equals gold to the cent, also after its reader chose something."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Any

import pytest

from sales_pipeline.analysis.asked_sales import AskedPeriod
from sales_pipeline.analysis.calendars import CivilCalendar, RetailCalendar
from sales_pipeline.analysis.comparison import Comparison
from sales_pipeline.analysis.like_for_like import trading_days
from sales_pipeline.analysis.periods import DAY, By, Compare, months_later
from sales_pipeline.analysis.ranking import Kind
from sales_pipeline.analysis.sales_of_run import Choice as ChosenSales
from sales_pipeline.analysis.sales_of_run import sales_of_run
from sales_pipeline.exact import half_up
from sales_pipeline.gold.gold_set import gold_set, read_gold
from sales_pipeline.report.answers import Answers, Before
from sales_pipeline.report.answers_of_run import Asked, answers
from sales_pipeline.report.figures import without_end_zeros
from sales_pipeline.report.page.html import page_html
from sales_pipeline.report.page.months import months_of
from sales_pipeline.report.page.sums import Limits, SalesOfPage
from sales_pipeline.report.why_moved import AskedChange, why_moved
from tests.analysis.sold import Sold, sales_of
from tests.report.page.conftest import HOSTILE, NEW_AND_OLD, Shop, day, page_of_sales
from tests.report.page.reading import Choice, Reader

_EXACT = Context(prec=76, rounding=ROUND_HALF_UP)
_IDS = {None: None, "lyon store": "lyon", HOSTILE[1]: "boston", "Tokyo": "tokyo"}
_MONTHS = ((date(2026, 2, 1), date(2026, 2, 28)), (date(2026, 3, 1), date(2026, 3, 31)))
CHOICES = [
    Choice("2025-01", "2025-12"),
    Choice("2024-01", "2025-12", by="quarter"),
    Choice("2025-01", "2025-12", store=HOSTILE[1], by="year"),
    Choice("2025-02", "2025-04", store="Tokyo"),
    Choice("2025-01", "2025-12", by="quarter", measure="units"),
    Choice("2025-03", "2025-03", store="lyon store", measure="units"),
    Choice("2025-01", "2025-12", measure="units", kind="category"),
    Choice("2025-02", "2025-04", store="Tokyo", kind="category"),
]
BEFORE = [
    Choice("2025-01", "2025-12", compare="period"),
    Choice("2024-07", "2025-03", by="quarter", compare="period", kind="category"),
    Choice("2025-04", "2025-06", store="Tokyo", by="quarter", compare="period"),
    Choice("2025-03", "2025-07", store=HOSTILE[1], compare="period"),
    Choice("2024-01", "2025-12", by="year", compare="period"),
]
"""Choices that are compared with the period before."""
DAYS = [
    Choice("2025-01", "2025-12", by="week"),
    Choice("2025-02", "2025-04", by="day"),
    Choice("2024-01", "2025-12", by="week", store="Tokyo"),
    Choice("2025-03", "2025-07", by="week", store=HOSTILE[1], compare="period"),
    Choice("2024-11", "2025-01", by="day", compare="period"),
]
"""Choices that the page adds up from days."""


@pytest.fixture(scope="module")
def reader(chromium: Any, shop: Shop) -> Reader:
    opened = Reader(chromium)
    opened.open(shop.file)
    return opened


def _money(amount: Decimal) -> str:
    return f"{amount.quantize(Decimal('0.01'), context=_EXACT):,f}"


def _units(units: Decimal) -> str:
    return f"{without_end_zeros(units):,f}"


def _number(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


def _total(rows: Iterable[dict[str, Any]], column: str) -> Decimal:
    total = Decimal(0)
    for row in rows:
        total = _EXACT.add(total, row[column])
    return total


def _last_day(month: str) -> date:
    return months_later(day(month), 1) - DAY


@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_sums_by_period_store_and_product_are_those_of_golds_rows(
    shop: Shop, reader: Reader, choice: Choice
) -> None:
    reader.choose(choice)
    cube = read_gold(shop.retailer.declaration, "sales_cube").to_pylist()
    first, last, store = day(choice.first), day(choice.last), _IDS[choice.store]
    in_range = [row for row in cube if first <= row["month"] <= last]
    own = [row for row in in_range if store in (None, row["store"])]
    name, text = choice.measure, (_money if choice.measure == "revenue" else _units)

    def by(column: Callable[[dict[str, Any]], str], rows: list[dict[str, Any]]) -> dict[str, str]:
        return {
            value: text(_total((row for row in rows if column(row) == value), name))
            for value in {column(row) for row in rows}
        }

    periods = {
        "month": lambda row: f"{row['month']:%Y-%m}",
        "quarter": lambda row: f"{row['month']:%Y}-Q{(row['month'].month + 2) // 3}",
        "year": lambda row: f"{row['month']:%Y}",
    }
    shown = {row[0]: row[1] for row in reader.table("periods")}
    total = shown.pop("Total")
    assert shown == by(periods[choice.by], own)
    assert _number(total) == sum(map(_number, shown.values()))
    shown_stores = {row[0]: row[2] for row in reader.table("stores")}
    total = shown_stores.pop("Total")
    names = {store_id: shown_name for shown_name, store_id in _IDS.items()}
    assert shown_stores == by(lambda row: str(names[row["store"]]), in_range)
    assert _number(total) == sum(map(_number, shown_stores.values()))
    goods = {row[0]: row[2] for row in reader.table("products")}
    assert goods == by(lambda row: str(row[choice.kind]), own)
    card = reader.cards()
    assert card["Revenue"][0] == f"{_money(_total(own, 'revenue'))}EUR"
    assert card["Units"][0] == _units(_total(own, "units"))
    assert card["Sales and returns"][0] == f"{sum(row['sales'] for row in own):,}"
    assert card["Returns"][0] == _money(_total(own, "revenue_returned"))


def _percent(ratio: Fraction | None) -> str:
    return "" if ratio is None else f"{half_up(ratio * 100, 1):+,f}%"


def _compared(before: Before | None) -> list[str]:
    if before is None:
        return ["", "", ""]
    return [_money(before.revenue), f"{before.change:+,f}", _percent(before.growth)]


def _divided(before: Before) -> list[str]:
    parts = (before.change, before.local_growth, before.currency_effect)
    return [*(f"{part:+,f}" for part in parts), _percent(before.constant_growth)]


def _answers(shop: Shop, choice: Choice, **asked: Any) -> Answers:
    """The answers of the package to the choice of a reader."""
    first, last = day(choice.first), _last_day(choice.last)
    given = {"first": first, "last": last, "by": By(choice.by), "store": _IDS[choice.store]}
    given |= {"compare": Compare(choice.compare), "kind": Kind(choice.kind)}
    return answers(shop.retailer.declaration, Asked(**{**given, **asked}))


@pytest.mark.parametrize("choice", [*CHOICES[:4], *CHOICES[7:], *BEFORE, *DAYS], ids=str)
def test_changes_and_their_parts_are_those_of_the_answers(
    shop: Shop, reader: Reader, choice: Choice
) -> None:
    reader.choose(choice)
    found = _answers(shop, choice)
    total = found.total
    assert total is not None
    periods = found.global_performance
    rows = [[row.period, _money(row.revenue), *_compared(row.before)] for row in periods]
    last = ["Total", _money(total.revenue), *_compared(total.before)]
    assert reader.table("periods") == [*rows, last]
    divided = [[row.period, *_divided(row.before)] for row in periods if row.before]
    all_of_it = [["Total", *_divided(total.before)]] if total.before else []
    assert reader.table("currency") == ([*divided, *all_of_it] if divided else [])
    products = [
        [str(row.rank), row.product, _money(row.revenue), row.abc, str(row.rank_before or "")]
        for row in found.best_by_value
    ]
    shown = [
        [row[1], row[0], row[2], row[5], row[6] if total.before else ""]
        for row in reader.table("products")
    ]
    assert shown == products
    by_volume = {row.product: str(row.rank) for row in found.best_by_volume}
    assert {row[0]: row[-1] for row in reader.table("products")} == by_volume


@pytest.mark.parametrize("compare", ["year", "period"])
def test_stores_and_how_they_traded_are_those_of_the_answers(
    shop: Shop, reader: Reader, compare: str
) -> None:
    year = Choice("2025-01", "2025-12", compare=compare)
    reader.choose(year)
    found = _answers(shop, year, by=By.YEAR)
    stores = [
        [row.name, str(row.rank), _money(row.revenue), *_compared(row.before), row.trading]
        for row in found.store_performance
    ]
    shown = reader.table("stores")
    assert [[*row[:3], *row[4:]] for row in shown[:-1]] == stores
    shares = [Decimal(row[3].removesuffix("%")) for row in shown[:-1]]
    assert sum(shares) == Decimal("100.0")
    groups = [
        [row.trading, str(row.stores), _money(row.revenue), *_compared(row.before)]
        for row in found.like_for_like
    ]
    assert [row[0] for row in groups] == ["comparable", "new", "interrupted"]
    *lines, last = reader.table("like")
    assert lines == groups
    for column in (2, 3, 4):
        assert _number(last[column]) == sum(_number(line[column]) for line in lines)
        assert _number(shown[-1][column + (column > 2)]) == sum(
            _number(line[column + (column > 2)]) for line in shown[:-1]
        )
    assert f"{last[2]}EUR" == reader.cards()["Revenue"][0]


def test_newcomers_leavers_and_places_that_differ_are_named(reader: Reader) -> None:
    reader.choose(Choice("2025-01", "2025-12"))
    tagged = [row[0][0] for row in reader.rows("products") if "new" in row[0]]
    assert tagged == [NEW_AND_OLD[0]]
    assert reader.texts("#leavers p") == [
        f"Sold in 2024-01 to 2024-12 and not any more: {NEW_AND_OLD[1]}."
    ]
    places = {row[0]: (row[1], row[3]) for row in reader.table("differ")}
    assert places
    assert all(by_units != by_revenue for by_units, by_revenue in places.values())


def test_the_causes_of_the_last_month_add_up(shop: Shop, reader: Reader) -> None:
    moved = shop.page.moved
    assert moved is not None
    shown = reader.table("moved")
    figures = [Decimal(row[2].replace(",", "")) for row in shown]
    assert shown[0][0] == "Revenue 2024-12"
    assert shown[-1][0] == "Revenue 2025-12"
    assert figures[0] + sum(figures[1:-1]) == figures[-1] == moved.all.revenue


@pytest.mark.parametrize("store", [HOSTILE[1], "lyon store", "Tokyo"])
@pytest.mark.parametrize(("compare", "before"), [("year", "2024-12"), ("period", "2025-11")])
def test_the_causes_of_a_chosen_store_are_those_of_why(
    shop: Shop, reader: Reader, store: str, compare: str, before: str
) -> None:
    reader.choose(Choice("2025-01", "2025-12", store=store, compare=compare))
    chosen = ChosenSales(_IDS[store])
    asked = AskedChange(AskedPeriod("2025-12"), Compare(compare), chosen)
    why = why_moved(shop.retailer.declaration, asked)
    shown = [(row[0].lower(), Decimal(row[2].replace(",", ""))) for row in reader.table("moved")]
    assert shown == [
        (f"revenue {before}", why.revenue_before),
        *((part.cause, part.change) for part in why.causes if part.change),
        ("revenue 2025-12", why.revenue),
    ]
    assert reader.texts("#moved-note")[0].startswith(f"{store}: ")
    reader.choose(Choice("2025-01", "2025-12"))
    assert reader.texts("#moved-note")[0].startswith("All stores: ")


def test_what_is_not_counted_the_balance_and_the_rates_are_shown(reader: Reader) -> None:
    assert [row[:2] + row[3:] for row in reader.table("quarantine")] == [
        ["lyon", "date_unreadable", "1", "10.00 EUR"],
        ["lyon", "product_unknown", "1", "10.00 EUR"],
    ]
    assert reader.cards()["Not counted yet"] == ["2", "records in quarantine"]
    balance = {row[0]: row[2:] for row in reader.table("balance")}
    assert [text.split("\n")[0] for text in balance["lyon"]] == ["76", "74", "2", "yes"]
    rates = [[row[0], *row[2:]] for row in reader.table("rates")]
    assert rates == [
        ["JPY", "0.005889", "0.006133", "-4.0%"],
        ["USD", "0.871130", "0.923710", "-5.7%"],
    ]
    reader.choose(Choice("2025-01", "2025-12", compare="period"))
    assert [row[0] for row in reader.table("rates")] == ["JPY", "USD"]
    assert {row[-1] for row in reader.table("rates")} == {"+0.0%"}
    reader.choose(Choice("2025-01", "2025-12"))


def test_an_unfinished_month_is_compared_with_the_same_days(
    shop: Shop, reader: Reader, tmp_path: Any
) -> None:
    """Sales of all days of two Marches, in a run of the 18th of the later one."""
    sold = [
        Sold(date(year, month, at), "lyon", "Vase", at % 5, Decimal("1.37"))
        for year, month in ((2025, 2), (2025, 3), (2026, 2), (2026, 3))
        for at in range(1, 28)
        if (year, month) != (2026, 3) or at < 18
    ]
    sales = sales_of(sold, as_of=date(2026, 3, 18))
    comparison = Comparison(sales, CivilCalendar())
    months = months_of(comparison, None, None)
    file = tmp_path / "unfinished.html"
    file.write_bytes(page_html(page_of_sales(shop, sales, CivilCalendar())).encode())
    reader.open(file)
    reader.choose(Choice("2026-02", "2026-03"))
    expected = []
    for row in comparison.in_all([comparison.pairs(By.MONTH, *span)[0] for span in _MONTHS]):
        assert row.before is not None
        difference = row.now.revenue - row.before.revenue
        expected.append([_money(row.now.revenue), _money(row.before.revenue), f"{difference:+.2f}"])
    shown = reader.table("periods")
    assert [row[1:4] for row in shown[:2]] == expected
    assert [row[0] for row in shown] == ["2026-02", "2026-03*", "Total"]
    assert reader.texts("#periods .note") == [
        "* not over: 2026-03-01 to 2026-03-17, compared with the same days."
    ]
    products = sales.sums([months.pairs[-1].period], "product", choice=ChosenSales())
    reader.choose(Choice("2026-03", "2026-03"))
    assert reader.table("products")[0][2] == _money(products[0].measures.revenue)
    # As many days of the month before; a longer range has no whole months before it.
    reader.choose(Choice("2026-03", "2026-03", compare="period"))
    [pair] = replace(comparison, compare=Compare.PERIOD).pairs(By.MONTH, *_MONTHS[1])
    assert pair.before is not None
    assert (str(pair.before.first), str(pair.before.last)) == ("2026-02-01", "2026-02-17")
    [row] = comparison.in_all([pair])
    assert row.before is not None
    assert reader.table("periods")[0][2] == _money(row.before.revenue)
    assert reader.texts("#periods .note") == [
        "* not over: 2026-03-01 to 2026-03-17, compared with as many days."
    ]
    reader.choose(Choice("2026-02", "2026-03", compare="period"))
    assert [row[2] for row in reader.table("periods")][1:] == [_money(row.before.revenue), ""]
    assert reader.texts("#stores .note")[0].startswith("The page holds months. Where the days")
    reader.open(shop.file)


@pytest.mark.long
def test_a_calendar_of_weeks_has_the_quarters_before_it(
    shop: Shop, reader: Reader, tmp_path: Any
) -> None:
    """Three years of weeks, one of which has 53, so quarters have 13 or 14 weeks."""
    days = [date(2022, 1, 30) + DAY * (3 * at) for at in range(364)]
    sold = [Sold(each, "lyon", "Vase", each.day, Decimal("1.37")) for each in days]
    sales = sales_of(sold)
    previous = Comparison(sales, RetailCalendar(), Compare.PERIOD)
    months = months_of(Comparison(sales, RetailCalendar()), None, None)
    file = tmp_path / "weeks.html"
    file.write_bytes(page_html(page_of_sales(shop, sales, RetailCalendar())).encode())
    reader.open(file)
    first, last = months.periods[0], months.periods[-1]
    names = reader.texts("#first option")
    reader.choose(Choice(names[0], names[-1], by="quarter", compare="period"))
    rows = previous.in_all(previous.pairs(By.QUARTER, first.first, last.last))
    expected = [
        [row.pair.period.name, _money(row.before.revenue) if row.before else ""]
        for row in rows
        if row.now.sales or (row.before and row.before.sales)
    ]
    assert [[row[0], row[2]] for row in reader.table("periods")[:-1]] == expected
    assert len([before for _, before in expected if before]) >= 10
    reader.open(shop.file)


def test_a_cut_quarter_is_not_compared_as_the_month_that_is_left_of_it(
    shop: Shop, reader: Reader, tmp_path: Any
) -> None:
    months = [date(2025, month, 10) for month in range(1, 11)]
    sales = sales_of([Sold(day, "lyon", "Vase", day.month, Decimal(1)) for day in months])
    file = tmp_path / "cut.html"
    file.write_bytes(page_html(page_of_sales(shop, sales, CivilCalendar())).encode())
    reader.open(file)
    before = {}
    for by in ("month", "quarter", "year"):
        reader.choose(Choice("2025-07", "2025-10", by=by, compare="period"))
        *_, last, _ = reader.table("periods")
        before[last[0].rstrip("*")] = last[2]
    assert before == {"2025-10": "9.00", "2025-Q4": "", "2025": ""}
    reader.open(shop.file)


@pytest.mark.long
def test_what_is_added_up_counts_in_every_total(shop: Shop, reader: Reader, tmp_path: Any) -> None:
    whole = Choice("2025-01", "2025-12", store="lyon store")
    reader.choose(replace(whole, kind="category"))
    categories = reader.table("products")
    reader.choose(whole)
    (periods, stores), products = map(reader.table, ("periods", "stores")), reader.table("products")
    with gold_set(shop.retailer.declaration) as gold:
        sales = sales_of_run(gold)
        months = months_of(Comparison(sales, CivilCalendar()), None, None)
        days = trading_days(shop.retailer.declaration, sales)
        declared = shop.retailer.declaration.stores
        of_page = SalesOfPage(sales, days, declared, months.periods)
        by_store = of_page.cut(Limits(products=2))
        over_all = of_page.cut(Limits(products=2, products_by_store=False))
    file = tmp_path / "cut.html"
    file.write_bytes(page_html(replace(shop.page, sold=by_store, left_out=("Less.",))).encode())
    reader.open(file)
    reader.choose(whole)
    assert reader.texts("#left-out p") == ["Less."]
    assert [reader.table("periods"), reader.table("stores")] == [periods, stores]
    kept = reader.table("products")
    assert kept[-1][0] == f"{len(shop.page.sold.products) - 2} other products"
    reader.choose(replace(whole, kind="category"))
    assert reader.table("products") == categories
    shown = {row[0]: (row[2], row[3]) for row in products}
    assert all(shown[row[0]] == (row[2], row[3]) for row in kept[:-1])
    figures = [Decimal(row[2].replace(",", "")) for row in kept]
    assert abs(sum(figures) - Decimal(periods[-1][1].replace(",", ""))) <= Decimal("0.02")
    file.write_bytes(page_html(replace(shop.page, sold=over_all)).encode())
    reader.open(file)
    reader.choose(whole)
    of_all = reader.table("products")
    assert reader.texts("#products-note")[0].startswith("These are the best sellers of all stores")
    reader.choose(Choice("2025-01", "2025-12"))
    assert reader.table("products") == of_all
    reader.open(shop.file)
