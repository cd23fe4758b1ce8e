"""Which rates sales take, as text, as JSON and as CSV; `rates_of_days` finds them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import PlainSerializer
from rich.console import Group, RenderableType
from rich.text import Text

from sales_pipeline.errors import counted
from sales_pipeline.report.document import Exact, View, csv_text, json_object, read_from
from sales_pipeline.report.figures import money, without_end_zeros
from sales_pipeline.report.layout import TROUBLE, WORTH_A_LOOK, cell, new_table, titled
from sales_pipeline.report.rates_of_days import (
    CurrencyRates,
    RateOnDay,
    ShownRates,
    policy_sentence,
)

SHOWN_DAYS = 10
"""How many of the latest days of a currency a terminal shows if no days are asked for."""
_STALE = "The rates were declared otherwise since the last run, which used these. Do: {do}"
_Rate = Annotated[Decimal, PlainSerializer(lambda rate: f"{rate:.14f}")]


class _Day(View):
    currency: str
    day: date
    rate: _Rate | None = read_from("taken.rate", default=None)
    published_on: date | None = read_from("taken.published_on", default=None)
    is_provisional: bool = read_from("taken.is_provisional", default=False)
    sources: list[str]
    sales: int
    amount: Exact


class _Currency(View):
    currency: str
    rate: _Rate | None = read_from("latest.taken.rate", default=None)
    published_on: date | None = read_from("latest.taken.published_on", default=None)
    is_provisional: bool = read_from("latest.taken.is_provisional", default=False)
    sources: list[str] = read_from("latest.sources")
    first_day: date | None
    last_day: date | None
    days_sold: int
    days_without_rate: int
    first_without_rate: date | None
    last_without_rate: date | None
    amount_without_rate: Exact


class _Rates(View):
    base_currency: str = read_from("declaration.base_currency")
    policy: str = read_from("declaration.rates.chosen_policy")
    is_stale: bool
    currencies: list[_Currency]
    days: list[_Day]


def rates_document(shown: ShownRates) -> dict[str, Any]:
    """Returns the rates, ready for JSON: figures as text, days as ISO 8601."""
    return json_object(_Rates, shown)


def rates_csv(shown: ShownRates) -> str:
    """Returns the days as CSV if there are any, else the currencies."""
    document = rates_document(shown)
    rows = document["days"] or document["currencies"]
    header = list(rows[0]) if rows else ["currency"]
    return csv_text(header, (row.values() for row in rows))


def rates_text(shown: ShownRates, *, last_days: int | None = None) -> RenderableType:
    """Returns the policy, and below it the currencies or the last, or all, of their days."""
    head = [Text(policy_sentence(shown.declaration.rates))]
    if shown.is_stale:
        head.append(Text(_STALE.format(do="sales-pipeline run"), style=WORTH_A_LOOK))
    head.append(Text())
    if not shown.currencies:
        return Group(*head, Text("No rates yet."))
    base = shown.declaration.base_currency
    if not shown.days:
        return Group(*head, _currencies(shown.currencies, base))
    by_currency: dict[str, list[RateOnDay]] = {}
    for day in shown.days:
        by_currency.setdefault(day.currency, []).append(day)
    return Group(*head, *(_days(days, base, last_days) for days in by_currency.values()))


def _currencies(currencies: Sequence[CurrencyRates], base: str) -> Group:
    """The currencies with sales; the others, of which files of rates are full, are counted."""
    sold = [rates for rates in currencies if rates.days_sold] or currencies
    texts = ("Currency", f"{base} for one", "Published", "From")
    figures = ("Days sold", "Without a rate", "Sold on them")
    table = new_table(*texts, "First rate", "Last rate", *figures, right=figures, fold=texts)
    for rates in sold:
        missing = rates.days_without_rate
        style = TROUBLE if missing else ""
        amount = money(rates.amount_without_rate, rates.currency) if missing else ""
        table.add_row(
            rates.currency,
            *_rate(rates.latest),
            *(cell(day) for day in (rates.first_day, rates.last_day)),
            f"{rates.days_sold:,}",
            Text(f"{missing:,}", style=style),
            Text(amount, style=style),
        )
    unsold = len(currencies) - len(sold)
    remark = f"{counted(unsold, 'more currency')} with rates and without sales." if unsold else ""
    return titled("Latest rates", table, remark=remark)


def _days(days: Sequence[RateOnDay], base: str, last_days: int | None) -> Group:
    shown = days[-last_days:] if last_days else days
    texts = ("Day", f"{base} for one", "Published", "From")
    figures = ("Sales", "Amount")
    table = new_table(*texts, *figures, right=figures, fold=texts)
    for day in shown:
        sold = money(day.amount, day.currency) if day.sales else ""
        table.add_row(str(day.day), *_rate(day), f"{day.sales:,}", sold)
    earlier = len(days) - len(shown)
    remark = f"{counted(earlier, 'earlier day')}: --from, or --json for all." if earlier else ""
    return titled(f"{days[0].currency}", table, remark=remark)


def _rate(day: RateOnDay) -> tuple[Text, Text, Text]:
    """The rate, the day it was published and its files, as cells."""
    taken = day.taken
    if taken is None:
        is_needed = day.sales > 0
        return Text("none", style=TROUBLE if is_needed else WORTH_A_LOOK), Text(), Text()
    marks = [str(taken.published_on)] if taken.published_on else []
    marks += ["provisional"] if taken.is_provisional else []
    published = Text(", ".join(marks), style=WORTH_A_LOOK if taken.is_provisional else "")
    return cell(f"{without_end_zeros(taken.rate):f}"), published, cell(", ".join(day.sources))
