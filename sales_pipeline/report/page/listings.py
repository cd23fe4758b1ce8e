"""The plain listings of the page: quarantine, names, balance, closed months, rates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from sales_pipeline.analysis.comparison import Pair
from sales_pipeline.analysis.measures import Measures
from sales_pipeline.analysis.periods import Period
from sales_pipeline.analysis.sales_of_run import SalesOfRun
from sales_pipeline.config.model import Declaration
from sales_pipeline.exact import exact_sum, half_up
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ops_tables import BALANCE
from sales_pipeline.lakehouse.runs import RunRecord
from sales_pipeline.report.closed_months import ClosedMonth
from sales_pipeline.report.figures import grouped, moment, money, month_text, percent, signed
from sales_pipeline.report.layout import money_lines
from sales_pipeline.report.quarantine import NOTHING_WAITS, Waiting, total_line
from sales_pipeline.report.rates_of_days import policy_sentence
from sales_pipeline.silver.balance import CLASSES, NO_CURRENCY, Balance, balance_from
from sales_pipeline.silver.reference.missing_names import compare, missing_names

_MOST_ROWS = 100
RATE_DECIMALS = 6
"""The decimals of a rate as it is shown."""


@dataclass(frozen=True)
class Column:
    """A column of a listing."""

    header: str
    is_figure: bool = False


@dataclass(frozen=True)
class Listing:
    """A table that the page shows as it is.

    Attributes:
        caption: What it shows.
        columns: Its columns.
        rows: Its rows, every cell as people read it.
        note: What to know about it; without rows, why there are none.
    """

    caption: str
    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    note: str = ""


def _columns(*headers: str, figures: Iterable[str] = ()) -> tuple[Column, ...]:
    are_figures = {*figures}
    return tuple(Column(header, header in are_figures) for header in headers)


def quarantine_listing(waiting: Waiting) -> Listing:
    """Returns the records that wait in quarantine, by feed and reason, with their money."""
    caption = "Records in quarantine, by feed and reason"
    if not waiting.rows:
        return Listing(caption, note=NOTHING_WAITS)
    figures = ("Records", "Amount")
    rows = tuple(
        (group.feed, group.reason, group.meaning, f"{group.rows:,}", money_lines(group.amounts))
        for group in waiting.by_reason
    )
    note = total_line(waiting.rows, waiting.amounts)
    columns = _columns("Feed", "Reason", "What it means", *figures, figures=figures)
    return _cut(Listing(caption, columns, rows, note))


def unknown_names_listing(lakehouse: Lakehouse) -> Listing:
    """Returns the names that the catalogue does not know, and what they hold back."""
    caption = "Names that the catalogue does not know"
    names = missing_names(lakehouse)
    if not names:
        return Listing(caption, note="No sale waits for the catalogue to know its product.")
    compare(lakehouse, names[:_MOST_ROWS])
    figures = ("Records", "Amount")
    rows = tuple(
        (name.feed, name.name, name.like, f"{name.records:,}", money_lines(name.amounts))
        for name in names
    )
    note = "Their sales count as soon as a file of the catalogue has the name."
    columns = _columns("Feed", "Name", "Like", *figures, figures=figures)
    return _cut(Listing(caption, columns, rows, note))


def balance_listing(lakehouse: Lakehouse, runs: Sequence[RunRecord]) -> Listing:
    """Returns the balance of the last of `runs` that took deliveries in, by feed and currency."""
    caption = "What was delivered, and what became of it"
    of_run: dict[str, list[Balance]] = {}
    for row in lakehouse.rows(BALANCE.name):
        of_run.setdefault(row["run_id"], []).append(balance_from(row))
    run = next((run for run in reversed(runs) if run.run_id in of_run), None)
    if run is None:
        return Listing(caption, note="No run has taken in a file yet.")
    balances = of_run[run.run_id]
    places = sorted({(balance.feed, balance.currency) for balance in balances})
    used = [name for name in CLASSES if any(balance.rows(name) for balance in balances)]
    rows = []
    for feed, currency in places:
        own = [
            balance for balance in balances if (balance.feed, balance.currency) == (feed, currency)
        ]
        parts = [
            [balance.delivered for balance in own],
            *(
                [balance.classes[name] for balance in own if name in balance.classes]
                for name in used
            ),
        ]
        cells = [_rows_and_money(part, currency) for part in parts]
        files = len({balance.file_id for balance in own})
        is_balanced = all(balance.balances for balance in own)
        rows.append((feed, f"{files:,}", *cells, "yes" if is_balanced else "no"))
    figures = ("Files", "Delivered", *(name.capitalize() for name in used))
    columns = _columns("Feed", *figures, "Balances", figures=figures)
    note = f"Run {run.run_id}, finished on {moment(run.finished_at)} UTC."
    return _cut(Listing(caption, columns, tuple(rows), note))


def _rows_and_money(parts: Sequence[tuple[int, Decimal]], currency: str) -> str:
    """The number of records, and below it their money, if it has a currency."""
    count = sum(rows for rows, _ in parts)
    if currency == NO_CURRENCY or not count:
        return f"{count:,}"
    return f"{count:,}\n{money(exact_sum(amount for _, amount in parts), currency)}"


@dataclass(frozen=True)
class RateUsed:
    """The average rate of a currency in a month and in the compared one.

    Attributes:
        currency: The currency.
        sold: What was sold in it in the month.
        now: Revenue by amount of the month, exact; None if there is none.
        before: That of the compared month.
    """

    currency: str
    sold: Decimal
    now: Fraction | None
    before: Fraction | None

    @property
    def change(self) -> Fraction | None:
        """The change as a share of the rate before; None if one of the two is not known."""
        return self.now / self.before - 1 if self.now and self.before else None


def rates_used(declaration: Declaration, sales: SalesOfRun, pair: Pair) -> list[RateUsed]:
    """Returns the rates of all currencies but the base currency, by currency."""
    now, before = _by_currency(sales, pair.period), _by_currency(sales, pair.before)
    nothing = Measures()
    return [
        RateUsed(
            currency,
            now.get(currency, nothing).amount,
            _rate(now.get(currency, nothing)),
            _rate(before.get(currency, nothing)),
        )
        for currency in sorted({*now, *before} - {declaration.base_currency})
    ]


def rates_listing(declaration: Declaration, sales: SalesOfRun, pair: Pair) -> Listing:
    """Returns the average rate of each currency in a month and in the compared one."""
    caption = "Exchange rates that sales took"
    base = declaration.base_currency
    rows = [
        (
            rate.currency,
            money(rate.sold, rate.currency),
            _rate_text(rate.now),
            _rate_text(rate.before),
            percent(rate.change, sign=True),
        )
        for rate in rates_used(declaration, sales, pair)
    ]
    name_before = pair.before.name if pair.before else "Before"
    figures = ("Sold", pair.period.name, name_before, "Change")
    columns = _columns("Currency", *figures, figures=figures)
    note = (
        f"{base} for one unit: revenue divided by amount of the month. "
        f"{policy_sentence(declaration.rates)}"
    )
    if not rows:
        return Listing(caption, note=f"All sales of {pair.period.name} are in {base}.")
    return _cut(Listing(caption, columns, tuple(rows), note))


def closings_listing(closed: Sequence[ClosedMonth], currency: str, *, as_closed: bool) -> Listing:
    """Returns the closed months: what each was closed at, what it comes to now, and why."""
    caption = "Closed months, and what came later"
    if not closed:
        return Listing(caption, note="None of these months is closed.")
    rows = tuple(
        (
            month_text(month.month),
            moment(month.closed_at),
            grouped(month.revenue_closed),
            grouped(month.revenue),
            signed(month.change) if month.is_restated else "",
            "\n".join(f"{part.reason} {signed(part.change)}" for part in month.reasons),
        )
        for month in reversed(closed)
    )
    figures = (f"Closed at {currency}", f"Now {currency}", "Restated by")
    columns = _columns("Month", "Closed on (UTC)", *figures, "Causes", figures=figures)
    shown = "as they were closed" if as_closed else "as they are now"
    return _cut(Listing(caption, columns, rows, f"This page shows the closed months {shown}."))


def _by_currency(sales: SalesOfRun, period: Period | None) -> dict[str, Measures]:
    cells = sales.sums([period], "currency") if period else ()
    return {cell.values[0]: cell.measures for cell in cells}


def _rate(sold: Measures) -> Fraction | None:
    if not sold.amount or not sold.revenue:
        return None
    return Fraction(sold.revenue) / Fraction(sold.amount)


def _rate_text(rate: Fraction | None) -> str:
    return "" if rate is None else grouped(half_up(rate, RATE_DECIMALS))


def _cut(listing: Listing) -> Listing:
    """The first rows of a long listing, with a note of how many more there are."""
    more = len(listing.rows) - _MOST_ROWS
    if more <= 0:
        return listing
    note = f"The first {_MOST_ROWS} rows; there are {more:,} more. {listing.note}"
    return Listing(listing.caption, listing.columns, listing.rows[:_MOST_ROWS], note)
