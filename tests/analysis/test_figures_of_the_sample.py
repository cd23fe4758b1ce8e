"""Every figure of docs/figures.md for the sample, computed a second way from its records.

The second way is plain Python over the records of the files: no table, no Arrow, and none of the
modules under test.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any

import pytest

from sales_pipeline.analysis.periods import By, Compare
from sales_pipeline.analysis.ranking import Kind
from sales_pipeline.config.model import Declaration
from sales_pipeline.config.rates import Rates
from sales_pipeline.report.answers import Before, PeriodRevenue
from sales_pipeline.report.answers_of_run import Asked, answers
from tests.sample.records import RATES, Record, rate_on, records
from tests.sample.traded import traded_sample

START = date(2023, 11, 1)
TOKYO_OPENED = date(2024, 4, 13)
NEW_YORK_CLOSED = date(2025, 2, 17), date(2025, 3, 23)
DAY, CENT, ZERO = timedelta(days=1), Decimal("0.01"), Decimal(0)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Declaration:
    """The declaration of the sample, which ran once."""
    return traded_sample(tmp_path_factory.mktemp("sample"))


# Days and periods


@dataclass(frozen=True)
class Days:
    """Some days, with what was sold on them."""

    first: date
    last: date
    store: str | None = None

    @cached_property
    def sold(self) -> list[Record]:
        own = (record for day in self for record in by_day().get(day, []))
        return [record for record in own if self.store in (None, record.store)]

    def __iter__(self) -> Iterator[date]:
        return (self.first + offset * DAY for offset in range((self.last - self.first).days + 1))

    def of_store(self, store: str | None) -> Days:
        return Days(self.first, self.last, store)

    @property
    def revenue(self) -> Decimal:
        return revenue_of(self.sold)


@lru_cache
def by_day() -> dict[date, list[Record]]:
    days: dict[date, list[Record]] = {}
    for record in records():
        days.setdefault(record.sold_on, []).append(record)
    return days


def revenue_of(sold: Iterable[Record]) -> Decimal:
    return sum((record.revenue for record in sold), ZERO)


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def around(by: By, day: date) -> Days:
    """The period of a day."""
    if by is By.DAY:
        return Days(day, day)
    if by is By.WEEK:
        monday = day - day.weekday() * DAY
        return Days(monday, monday + 6 * DAY)
    months = {By.MONTH: 1, By.QUARTER: 3, By.YEAR: 12}[by]
    first = date(day.year, (day.month - 1) // months * months + 1, 1)
    last = first
    for _ in range(months):
        last = (last.replace(day=28) + 4 * DAY).replace(day=1)
    return Days(first, last - DAY)


def before_of(by: By, compare: Compare, days: Days) -> Days | None:
    """The period that another one is compared with, if the sample reaches back to it."""
    if compare is Compare.PERIOD:
        before = around(by, days.first - DAY)
    elif by is By.WEEK:
        before = around(by, days.first - 52 * 7 * DAY)
    else:
        is_leap_day = (days.first.month, days.first.day) == (2, 29)
        day = days.first - is_leap_day * DAY
        before = around(by, day.replace(year=day.year - 1))
    return before if before.first >= START else None


# Money of two periods


def at_constant_rates(now: Days, before: Days) -> Fraction:
    """The revenue of a period at the rates that each currency had in another, over all stores."""
    revenue = Fraction(0)
    for currency in RATES:
        sold = [record for record in before.of_store(None).sold if record.currency == currency]
        amount = sum((record.amount for record in sold), ZERO)
        if amount and revenue_of(sold):
            rate = Fraction(revenue_of(sold)) / Fraction(amount)
        else:
            rates = [Fraction(rate_on(currency, day)) for day in before]
            rate = sum(rates, Fraction(0)) / len(rates)
        own = (record.amount for record in now.sold if record.currency == currency)
        revenue += Fraction(sum(own, ZERO)) * rate
    return revenue


def check_before(shown: Before | None, now: Days, before: Days | None) -> None:
    """Checks change, growth, local growth and currency of a revenue."""
    if shown is None or before is None:
        assert (shown, before) == (None, None), now
        return
    change = cents(now.revenue) - cents(before.revenue)
    assert (shown.revenue, shown.change) == (cents(before.revenue), change)
    constant = at_constant_rates(now, before)
    earlier, later = Fraction(before.revenue), Fraction(now.revenue)
    local, currency = constant - earlier, later - constant
    assert abs(Fraction(shown.local_growth) - local) < CENT
    assert abs(Fraction(shown.currency_effect) - currency) < CENT
    assert shown.local_growth + shown.currency_effect == change
    is_positive = earlier > 0
    assert shown.growth == ((later - earlier) / earlier if is_positive else None)
    assert shown.constant_growth == (local / earlier if is_positive else None)


def check_period(row: PeriodRevenue, now: Days, before: Days | None) -> None:
    """Checks the revenue of a period over all stores."""
    returned = [record for record in now.sold if record.units < 0]
    returns, revenue = cents(revenue_of(returned)), cents(now.revenue)
    assert (row.first_day, row.last_day, row.is_over) == (now.first, now.last, True)
    assert (row.revenue, row.returns, row.gross) == (revenue, returns, revenue - returns)
    assert row.units == sum(record.units for record in now.sold)
    assert row.sales == len(now.sold)
    check_before(row.before, now, before)


def check_returns(row: Any, sold: Iterable[Record]) -> None:
    """Checks gross and returns of a store, a group of stores, a product or a total."""
    returns = cents(revenue_of(record for record in sold if record.units < 0))
    assert (row.returns, row.gross) == (returns, row.revenue - returns)


# The figures


@pytest.mark.parametrize(
    ("by", "compare"),
    [*((by, Compare.YEAR) for by in By), (By.MONTH, Compare.PERIOD), (By.WEEK, Compare.PERIOD)],
)
def test_revenue_of_each_period_and_its_change(
    sample: Declaration, by: By, compare: Compare
) -> None:
    shown = answers(sample, Asked(by=by, compare=compare)).global_performance
    periods = [around(by, row.first_day) for row in shown]
    for row, now in zip(shown, periods, strict=True):
        check_period(row, now, before_of(by, compare, now))
    assert sum(len(days.sold) for days in periods) == len(records())
    assert any(row.before for row in shown)


def test_revenue_to_date(sample: Declaration) -> None:
    shown = answers(sample, Asked(last=date(2025, 10, 31))).to_date
    year, twelve_months = shown
    now, before = (Days(date(year, 1, 1), date(year, 10, 31)) for year in (2025, 2024))
    check_period(year, now, before)
    now, before = (Days(date(year, 11, 1), date(year + 1, 10, 31)) for year in (2024, 2023))
    check_period(twelve_months, now, before)


def trading_of(store: str, now: Days, before: Days) -> str:
    """How a store traded in two periods, by what is known of the sample."""
    if store == "tokyo" and before.first < TOKYO_OPENED:
        return "new"
    first, last = NEW_YORK_CLOSED
    was_closed = any(days.first <= last and days.last >= first for days in (now, before))
    return "interrupted" if store == "new_york" and was_closed else "comparable"


@pytest.mark.parametrize("by", [By.MONTH, By.QUARTER])
def test_stores_compared_and_like_for_like(sample: Declaration, by: By) -> None:
    found = answers(sample, Asked(by=by))
    seen: set[str] = set()
    for period in found.global_performance:
        now = around(by, period.first_day)
        before = before_of(by, Compare.YEAR, now)
        stores = [row for row in found.store_performance if row.period == period.period]
        own = {store: now.of_store(store) for store in {record.store for record in now.sold}}
        ranked = sorted(own, key=lambda store: (-cents(own[store].revenue), store))
        assert [row.store for row in stores] == ranked
        for rank, row in enumerate(stores, start=1):
            earlier = before.of_store(row.store) if before else None
            assert (row.rank, row.revenue) == (rank, cents(own[row.store].revenue))
            assert row.share == Fraction(own[row.store].revenue) / Fraction(now.revenue)
            assert row.trading == (trading_of(row.store, now, before) if before else None)
            check_before(row.before, own[row.store], earlier)
            check_returns(row, own[row.store].sold)
            assert row.is_over
        groups = [row for row in found.like_for_like if row.period == period.period]
        assert bool(groups) == (before is not None)
        assert sum(group.stores for group in groups) in (0, len(stores))
        for group in groups:
            alike = [row.store for row in stores if row.trading == group.trading]
            assert group.stores == len(alike)
            assert group.revenue == cents(sum((own[store].revenue for store in alike), ZERO))
            returned = [row.returns for row in stores if row.trading == group.trading]
            assert abs(group.returns - sum(returned)) <= CENT * len(alike)
            assert group.gross == group.revenue - group.returns
            assert before
            assert group.before
            revenues = (before.of_store(store).revenue for store in alike)
            assert group.before.revenue == cents(sum(revenues, ZERO))
            seen.add(group.trading)
    assert seen == {"comparable", "new", "interrupted"}


@dataclass(frozen=True)
class PlainRanking:
    """Products or categories ranked over the records of some days."""

    days: Days
    kind: Kind
    by_value: bool

    def records_of(self, name: str) -> list[Record]:
        return [record for record in self.days.sold if getattr(record, self.kind) == name]

    def figure(self, sold: Iterable[Record]) -> Decimal:
        if self.by_value:
            return cents(revenue_of(sold))
        return Decimal(sum(record.units for record in sold))

    def exact(self, sold: Iterable[Record]) -> Decimal:
        """The figure, unrounded."""
        return revenue_of(sold) if self.by_value else self.figure(sold)

    @cached_property
    def figures(self) -> dict[str, Decimal]:
        """The figure of each name, the best first."""
        names = {str(getattr(record, self.kind)) for record in self.days.sold}
        figures = {name: self.figure(self.records_of(name)) for name in names}
        return dict(sorted(figures.items(), key=lambda item: (-item[1], item[0])))

    def places(self) -> Iterator[tuple[int, str, Fraction, Fraction, str]]:
        """Rank, name, share, cumulative share and class of each name."""
        whole, so_far = Fraction(sum(self.figures.values())), Fraction(0)
        for rank, (name, figure) in enumerate(self.figures.items(), start=1):
            is_a, is_b = so_far * 100 < whole * 80, so_far * 100 < whole * 95
            so_far += Fraction(figure)
            abc = "C" if figure <= 0 or not is_b else "A" if is_a else "B"
            yield rank, name, Fraction(figure) / whole, so_far / whole, abc


def check_growth(row: Any, now: Decimal, before: Decimal | None) -> None:
    """Checks the growth of units or of an exact revenue."""
    if before is None or before <= 0:
        assert row.growth is None
    else:
        assert row.growth == Fraction(now) / Fraction(before) - 1


def check_change(row: Any, now: Decimal, before: Decimal | None, *, by_value: bool) -> None:
    """Checks the change of a product: the difference of the figures that are shown."""
    check_growth(row, now, before)
    if before is None:
        assert row.change is None
    elif by_value:
        assert row.change == cents(now) - cents(before)
    else:
        assert row.change == now - before


RANKINGS = {
    "a month": (By.MONTH, date(2025, 12, 1), None, Kind.PRODUCT),
    "a quarter of a store": (By.QUARTER, date(2025, 10, 1), "tokyo", Kind.PRODUCT),
    "the categories of a year": (By.YEAR, date(2025, 1, 1), None, Kind.CATEGORY),
    "a week in which the rates change": (By.WEEK, date(2025, 7, 1), None, Kind.PRODUCT),
    "a month without a year before": (By.MONTH, date(2024, 1, 1), "paris", Kind.PRODUCT),
}


@pytest.mark.parametrize("case", RANKINGS)
@pytest.mark.parametrize("by_value", [False, True])
def test_best_sellers(sample: Declaration, case: str, *, by_value: bool) -> None:
    by, day, store, kind = RANKINGS[case]
    days = around(by, day)
    found = answers(sample, Asked(days.first, days.last, by=by, store=store, kind=kind))
    before = before_of(by, Compare.YEAR, days)
    plain = PlainRanking(days.of_store(store), kind, by_value)
    earlier = PlainRanking(before.of_store(store), kind, by_value) if before else None
    ranks_before = {name: rank for rank, name, *_ in earlier.places()} if earlier else {}
    rows = found.best_by_value if by_value else found.best_by_volume
    assert [
        (row.rank, row.product, row.share, row.cumulative_share, row.abc) for row in rows
    ] == list(plain.places())
    for row in rows:
        sold = plain.records_of(row.product)
        assert row.revenue == cents(revenue_of(sold))
        assert row.units == sum(record.units for record in sold)
        assert row.rank_before == ranks_before.get(row.product)
        sold_before = earlier.records_of(row.product) if earlier else []
        assert row.revenue_before == (cents(revenue_of(sold_before)) if earlier else None)
        check_returns(row, sold)
        exact_before = earlier.exact(sold_before) if earlier else None
        check_change(row, plain.exact(sold), exact_before, by_value=by_value)
    total = found.value_total if by_value else found.volume_total
    assert total
    exact_before = earlier.exact(earlier.days.sold) if earlier else None
    check_growth(total, plain.exact(plain.days.sold), exact_before)
    returned = [record for record in plain.days.sold if record.units < 0]
    exact_gross = revenue_of(plain.days.sold) - revenue_of(returned)
    assert total.return_share == Fraction(-revenue_of(returned)) / Fraction(exact_gross)
    assert total.products == len(plain.figures)
    lines = [*rows, *(found.left if by_value else found.left_by_volume)]
    for name in (
        "units",
        "revenue",
        "gross",
        "returns",
        "units_before",
        "revenue_before",
        "change",
    ):
        figures = [getattr(row, name) for row in lines]
        assert getattr(total, name) == (None if None in figures else sum(figures))
    if by_value:
        gone = [name for name in ranks_before if name not in plain.figures]
        assert [row.product for row in found.left] == gone


def test_a_part_of_a_month_takes_the_rates_that_gold_took(sample: Declaration) -> None:
    other = sample.model_copy(
        update={
            "rates": Rates.model_validate({"policy": "month_average", "landing": "rates/*.csv"})
        }
    )
    asked = Asked(date(2025, 12, 1), date(2025, 12, 20), compare=Compare.NONE)
    assert answers(other, asked).best_by_value == answers(sample, asked).best_by_value


# Every figure has something to show


def test_in_a_month_the_stores_sold_more_and_the_currencies_took_it_away(
    sample: Declaration,
) -> None:
    months = [row.before for row in answers(sample).global_performance if row.before]
    opposed = [each for each in months if each.local_growth > 0 > each.currency_effect]
    assert any(each.change < 0 for each in opposed)
    assert any(each.change > 0 for each in opposed)


def test_a_product_that_only_came_back_is_the_last_of_its_month(sample: Declaration) -> None:
    month = around(By.MONTH, date(2024, 1, 1))
    found = answers(sample, Asked(month.first, month.last, store="paris"))
    assert [(row.product, row.revenue, row.abc) for row in found.best_by_value[-2:]] == [
        ("Doll's house", Decimal("-98.00"), "C"),
        ("Electric train", Decimal("-129.00"), "C"),
    ]
    assert found.total
    assert found.total.returns <= Decimal("-227.00")


def test_products_of_all_classes_come_go_and_change_places(sample: Declaration) -> None:
    quarter = around(By.QUARTER, date(2025, 10, 1))
    found = answers(sample, Asked(quarter.first, quarter.last, store="tokyo"))
    assert {row.abc for row in found.best_by_value} == {"A", "B", "C"}
    assert any(row.rank_before is None for row in found.best_by_value)
    assert any(row.rank_before not in (None, row.rank) for row in found.best_by_value)
    assert found.left


# Figures that add up as they are shown


@pytest.mark.parametrize("by", By)
def test_lines_and_groups_add_up_as_they_are_shown(sample: Declaration, by: By) -> None:
    shown = answers(sample, Asked(date(2025, 2, 11), date(2025, 12, 20), by=by))
    total = shown.total
    assert total
    assert total.before
    assert len(shown.global_performance) > (by is not By.YEAR)
    lines = [row.before for row in shown.global_performance if row.before]
    assert total.revenue == sum(row.revenue for row in shown.global_performance)
    assert total.gross == sum(row.gross for row in shown.global_performance)
    assert total.returns == sum(row.returns for row in shown.global_performance)
    for name in ("revenue", "change", "local_growth", "currency_effect"):
        assert getattr(total.before, name) == sum(getattr(line, name) for line in lines)
    for row in shown.global_performance:
        groups = [group for group in shown.like_for_like if group.period == row.period]
        assert sum(group.revenue for group in groups) == row.revenue
        compared = [group.before for group in groups if group.before]
        assert row.before
        assert sum(group.revenue for group in compared) == row.before.revenue
        assert sum(group.returns for group in groups) == row.returns
        for part in compared:
            assert part.change == part.local_growth + part.currency_effect
    for its_total, parts in (
        (shown.stores_total, [*shown.store_performance]),
        (shown.like_for_like_total, [*shown.like_for_like]),
    ):
        assert its_total
        assert its_total.before
        for name in ("revenue", "gross", "returns"):
            assert getattr(its_total, name) == sum(getattr(part, name) for part in parts)
        for name in ("revenue", "change", "local_growth", "currency_effect"):
            own = [getattr(part.before, name) for part in parts]
            assert getattr(its_total.before, name) == sum(own)
        assert its_total.before.growth == total.before.growth


def test_a_total_has_its_own_period_before(sample: Declaration) -> None:
    """Months compared with the ones before them overlap, so their sums would say nothing."""
    asked = Asked(date(2025, 3, 1), date(2025, 12, 31), compare=Compare.PERIOD)
    total = answers(sample, asked).total
    assert total
    assert total.before
    assert total.before.period == "2024-05-01..2025-02-28"
    assert total.before.change == total.revenue - total.before.revenue
    assert total.before.change == total.before.local_growth + total.before.currency_effect


@pytest.mark.parametrize("by", By)
def test_days_to_date_depend_on_no_length_of_periods(sample: Declaration, by: By) -> None:
    by_month = answers(sample, Asked(first=date(2025, 11, 1)))
    assert answers(sample, Asked(first=date(2025, 11, 1), by=by)).to_date == by_month.to_date
    assert [row.last_day for row in by_month.to_date] == [date(2025, 12, 31)] * 2


def test_a_rate_that_is_another_kind_in_some_periods_names_them(sample: Declaration) -> None:
    sources = answers(sample, Asked(date(2025, 2, 1), date(2025, 5, 31))).constant_rates
    assert sources["USD"] == "its revenue divided by its amount in the compared period"
    assert sources["JPY"] == (
        "in 2025-02, 2025-03 the average rate of the compared period, because it had no sales "
        "there; in 2025-04, 2025-05 its revenue divided by its amount in the compared period"
    )
