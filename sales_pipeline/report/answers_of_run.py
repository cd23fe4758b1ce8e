"""Reads the four answers that a finished run left, over all sales or a choice of them.

They are computed from `gold.daily_sales` and `gold.sales_cube`: exact to the end, rounded half up
once to the minor unit of the base currency (P6), and ranked by the shown figure, then by name. So
over everything they are the four gold tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from itertools import groupby
from typing import Any

from sales_pipeline.analysis.asked_sales import check_choice, no_such_sales
from sales_pipeline.analysis.calendars import calendar_of
from sales_pipeline.analysis.comparison import Compared, Comparison, Pair, added
from sales_pipeline.analysis.periods import By, Compare, ToDate, span, span_of
from sales_pipeline.analysis.ranking import Kind
from sales_pipeline.analysis.sales_of_run import Choice, SalesOfRun, closed_in, sales_of_run
from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import UsageError, examples
from sales_pipeline.exact import exact_sum
from sales_pipeline.gold.gold_set import GoldSet, gold_set
from sales_pipeline.report.answers import (
    Answers,
    Before,
    Line,
    PeriodRevenue,
    StoreRevenue,
    TradingRevenue,
)
from sales_pipeline.report.closed_months import closed_months
from sales_pipeline.report.questions import Question
from sales_pipeline.report.shown_rows import BestSellers, Rankings, ShownRows
from sales_pipeline.report.tax_basis import basis_of_figures, tax_basis

_RANKINGS = {Question.VOLUME, Question.VALUE}


@dataclass(frozen=True)
class Asked:
    """Options of `show`: which sales count, and which answers are wanted.

    Attributes:
        first: The first day that counts; None means the start of the first month with sales.
        last: The last day that counts; None means the end of the last month with sales.
        by: The length of the periods.
        to_date: Count the year to date or the last 12 months as one period in place of them: up
            to the last day, compared with the same days a year before or with nothing.
        compare: What they are compared with.
        store: The id of the only store to count.
        category: The only category to count.
        kind: What the rankings rank.
        top: How many products the rankings hold from the top; all if None.
        bottom: How many they hold from the bottom instead.
        questions: The questions to answer; the others stay without rows.
        as_closed: Whether closed months are as they were when these closed.
    """

    first: date | None = None
    last: date | None = None
    by: By = By.MONTH
    to_date: ToDate | None = None
    compare: Compare = Compare.YEAR
    store: str | None = None
    category: str | None = None
    kind: Kind = Kind.PRODUCT
    top: int | None = None
    bottom: int | None = None
    questions: tuple[Question, ...] = tuple(Question)
    as_closed: bool = False

    @classmethod
    def of_month(cls, month: date, *, store: str | None = None) -> Asked:
        """Returns the question for one month."""
        days = span_of(month)
        return cls(days.first, days.last, store=store)


def answers(
    declaration: Declaration, asked: Asked | None = None, *, run: str | None = None
) -> Answers:
    """Returns the four answers, over all sales or only over the chosen ones.

    Args:
        declaration: What the retailer declares.
        asked: Which sales count, and how they are shown.
        run: The finished run that left them; the last one without it.

    Raises:
        UsageError: No run has finished yet, or there is no such run or are no such sales; says
            what there is.
    """
    asked = asked or Asked()
    with gold_set(declaration, run=run) as gold:
        sales = sales_of_run(gold, as_closed=asked.as_closed)
        return _AnswersOfRun(gold, sales, asked).answers()


@dataclass(frozen=True)
class _AnswersOfRun:
    """Computes the answers from the sales of one run."""

    gold: GoldSet
    sales: SalesOfRun
    asked: Asked

    def answers(self) -> Answers:
        asked = self.asked
        nothing = Answers(
            run_id=self.gold.run.run_id,
            finished_at=self.gold.run.finished_at,
            currency=self._declaration.base_currency,
            by=None if asked.to_date else asked.by,
            compare=asked.compare,
            period=None,
            first_day=asked.first,
            last_day=asked.last,
            compared_with=None,
            store=asked.store,
            category=asked.category,
            kind=asked.kind,
            as_closed=asked.as_closed,
            tax=tax_basis(self._declaration, self.gold.run, store=asked.store),
        )
        if self.sales.days is None:
            return nothing
        first, last = self._range(*self.sales.days)
        whole = self._comparison.range_pair(asked.by, first, last)
        if asked.to_date is None:
            pairs = self._begun(self._comparison.pairs(asked.by, first, last))
        else:
            whole = self._comparison.to_date(asked.to_date, self._last_day)
            pairs, first, last = [whole], whole.period.first, whole.period.last
        rows = [row for row in self._comparison.in_all(pairs) if self._is_shown(row)]
        check_choice(self._declaration, self.sales, self._choice)
        if not any(row.now.sales for row in rows):
            months = self.sales.months(self._choice)
            raise UsageError(no_such_sales(months, first, last, asked.store))
        asks = {*asked.questions}
        is_each_period = Question.GLOBAL in asks and asked.to_date is None
        spans = [self._comparison.to_date(days, self._last_day) for days in ToDate]
        to_date = self._comparison.in_all(spans) if is_each_period else []
        shown = [whole, *(row.pair for row in (*rows, *to_date))]
        periods = [period for pair in shown for period in (pair.period, pair.before)]
        paired = [row for row in rows if row.pair.before]
        of_paired = whole
        if paired and len(paired) < len(rows):
            begin = paired[0].pair.period.first
            of_paired = self._comparison.range_pair(asked.by, begin, last)
        stores, groups = self._stores([row.pair for row in rows] if asks - _RANKINGS else [])
        return replace(
            nothing,
            period=whole.period.name if asked.first or asked.last or asked.to_date else None,
            first_day=first,
            last_day=last,
            compared_with=whole.before.name if whole.before else None,
            global_performance=tuple(map(self._rows.period, rows)),
            total=self._total(whole, rows),
            to_date=tuple(map(self._rows.period, to_date)),
            store_performance=tuple(stores),
            stores_total=self._total(whole, rows, stores) if stores else None,
            like_for_like=tuple(groups),
            like_for_like_total=self._total(of_paired, paired, groups) if groups else None,
            **(vars(self._rankings(whole)) if asks & _RANKINGS else {}),
            constant_rates=self._rate_sources([row.pair for row in rows]),
            closings=closed_months(self.gold, closed_in(self.gold, periods), self._choice),
            tax=basis_of_figures(self.gold, periods, store=asked.store, as_closed=asked.as_closed),
        )

    @property
    def _declaration(self) -> Declaration:
        return self.gold.declaration

    @property
    def _choice(self) -> Choice:
        return Choice(self.asked.store, self.asked.category)

    @cached_property
    def _rows(self) -> ShownRows:
        return ShownRows(self._declaration, self.sales, self.asked.store)

    @cached_property
    def _comparison(self) -> Comparison:
        calendar = calendar_of(self._declaration.calendar)
        return Comparison(self.sales, calendar, self.asked.compare, self._choice)

    def _begun(self, pairs: list[Pair]) -> list[Pair]:
        """The pairs whose period has begun, because a total has no later days; all if none has."""
        begun = [pair for pair in pairs if self._has_begun(pair)]
        return begun or pairs

    def _has_begun(self, pair: Pair) -> bool:
        return self.sales.days is not None and pair.period.first <= self.sales.days[1]

    def _is_shown(self, row: Compared) -> bool:
        """True if a period has begun, and it or the compared one has sales."""
        had_sales = row.before and row.before.sales
        return bool(row.now.sales or (had_sales and self._has_begun(row.pair)))

    def _range(self, first: date, last: date) -> tuple[date, date]:
        """The days that count: as asked, else whole periods around all sales."""
        calendar, by = self._comparison.calendar, self.asked.by
        return (
            self.asked.first or calendar.period_of(by, first).first,
            self.asked.last or calendar.period_of(by, last).last,
        )

    @property
    def _last_day(self) -> date:
        """The last day of the year to date: as asked, else of the last month with sales."""
        _, last = self.sales.days or (date.min, date.min)
        return self.asked.last or self._comparison.calendar.period_of(By.MONTH, last).last

    def _total(
        self, whole: Pair, rows: Sequence[Compared], lines: Sequence[Line] = ()
    ) -> PeriodRevenue:
        """All periods together, as the sum of their lines, or of lines of parts of them."""
        compared = [row.pair.before for row in rows if row.pair.before]
        is_sum = self.asked.compare is Compare.YEAR and len(compared) == len(rows)
        if is_sum:
            days = min(day.first for day in compared), max(day.last for day in compared)
            same = whole.before and days == (whole.before.first, whole.before.last)
            exact = added(replace(whole, before=whole.before if same else span(*days)), rows)
        else:
            [exact] = self._comparison.in_all([whole])
        lines = lines or [self._rows.period(row) for row in rows]
        return total_line(self._rows.period(exact), lines, adds_before=is_sum)

    def _stores(self, pairs: Sequence[Pair]) -> tuple[list[StoreRevenue], list[TradingRevenue]]:
        """The stores of each period with their places among all, and how they traded."""
        of_all = replace(self._comparison, choice=Choice(category=self.asked.category))
        stores: list[StoreRevenue] = []
        groups: list[TradingRevenue] = []
        for pair, own in groupby(of_all.by_store(pairs), key=lambda row: row.pair):
            rows = list(own)
            stores += self._rows.stores(rows)
            groups += self._rows.groups(pair, rows)
        return stores, groups

    def _rankings(self, whole: Pair) -> Rankings:
        asked = self.asked
        shown = BestSellers(self._declaration, asked.kind, asked.top, asked.bottom)
        return shown.rankings(self.sales, whole, self._choice)

    def _rate_sources(self, pairs: Sequence[Pair]) -> dict[str, str]:
        """Currency -> where its rates at constant rates come from, and in which periods."""
        periods: dict[str, dict[str, list[str]]] = {}
        for pair, rates in zip(pairs, self._comparison.rates(pairs), strict=True):
            for currency, source in (rates.sources if rates else {}).items():
                periods.setdefault(currency, {}).setdefault(source, []).append(pair.period.name)
        periods.pop(self._declaration.base_currency, None)
        return {currency: _in_periods(sources) for currency, sources in sorted(periods.items())}


def _in_periods(sources: Mapping[str, Sequence[str]]) -> str:
    """Sources of rates in words, with the periods of each if there are several."""
    if len(sources) == 1:
        return next(iter(sources))
    return "; ".join(f"in {examples(periods)} {source}" for source, periods in sources.items())


def total_line(total: PeriodRevenue, lines: Sequence[Line], *, adds_before: bool) -> PeriodRevenue:
    """Returns the total line below periods: the sum of the lines above it, as they are shown.

    Each line is an answer by itself, rounded once, and stands so in gold. A total that was rounded
    by itself could be some cents away from what a reader adds up.

    Args:
        total: All periods as one, whose amounts are replaced; ratios and numbers stay.
        lines: The lines that are shown.
        adds_before: Whether the compared figures are sums, too. They are not where each period is
            compared with the one before it: these overlap, and the total has its own.
    """
    added = _added(lines, "revenue", "gross", "returns")
    before = total.before
    if before is not None and adds_before:
        of_lines = [line.before for line in lines if line.before]
        figures = ("revenue", "change", "local_growth", "currency_effect")
        before = replace(before, **_added(of_lines, *figures))
    elif before is not None:
        change = added["revenue"] - before.revenue
        effect = change - before.local_growth
        before = replace(before, change=change, currency_effect=effect)
    return replace(total, before=before, **added)


def _added(lines: Sequence[Line | Before], *names: str) -> dict[str, Any]:
    return {name: exact_sum(getattr(line, name) for line in lines) for name in names}
