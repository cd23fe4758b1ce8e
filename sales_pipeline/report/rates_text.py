"""Which rate a sale takes, as tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from sales_pipeline.errors import counted
from sales_pipeline.report.figures import money, without_end_zeros
from sales_pipeline.report.rates import CurrencyRates, RateOnDay, ShownRates
from sales_pipeline.report.tables import cell, new_table, titled

SHOWN_DAYS = 10
"""How many of the latest days of a currency a terminal shows, where no days are asked for."""
_BAD, _WORTH_A_LOOK = "bold red", "yellow"
_STALE = "The rates were declared otherwise since the last run, which used these. Do: {do}"


def rates_text(shown: ShownRates, *, last_days: int | None = None) -> RenderableType:
    """Returns the policy, and below it the currencies or their days.

    Args:
        shown: The rates.
        last_days: How many of the latest days of each currency are shown; all without it.
    """
    head = [Text(f"{shown.policy_sentence}")]
    if shown.is_stale:
        head.append(Text(_STALE.format(do="sales-pipeline run"), style=_WORTH_A_LOOK))
    head.append(Text())
    if not shown.currencies:
        return Group(*head, Text("No rates yet."))
    base = shown.declaration.base_currency
    if not shown.days:
        return Group(*head, _currencies(shown.currencies, base))
    of_each = [[day for day in shown.days if day.currency == currency.currency]
               for currency in shown.currencies]  # fmt: skip
    return Group(*head, *(_days(days, base, last_days) for days in of_each if days))


def _currencies(currencies: Sequence[CurrencyRates], base: str) -> Group:
    """Those with sales; the others, of which files of rates are full, are only counted."""
    sold = [each for each in currencies if each.days_sold] or currencies
    table = new_table()
    for header in ("Currency", f"{base} for one", "Published", "From"):
        table.add_column(header, overflow="fold")
    for header in ("First rate", "Last rate"):
        table.add_column(header)
    for header in ("Days sold", "Without a rate", "Sold on them"):
        table.add_column(header, justify="right")
    for each in sold:
        missing = len(each.missing)
        style = _BAD if missing else ""
        table.add_row(
            each.currency,
            *_rate(each.latest),
            *(cell(day) for day in (each.first_day, each.last_day)),
            f"{each.days_sold:,}",
            Text(f"{missing:,}", style=style),
            Text(money(each.missing_amount, each.currency) if missing else "", style=style),
        )
    rest = len(currencies) - len(sold)
    remark = f"{counted(rest, 'more currency')} with rates and without sales." if rest else ""
    return titled("Latest rates", table, remark=remark)


def _days(days: Sequence[RateOnDay], base: str, last_days: int | None) -> Group:
    shown = days[-last_days:] if last_days else days
    table = new_table()
    for header in ("Day", f"{base} for one", "Published", "From"):
        table.add_column(header, overflow="fold")
    for header in ("Sales", "Amount"):
        table.add_column(header, justify="right")
    for each in shown:
        sold = money(each.amount, each.currency) if each.sales else ""
        table.add_row(str(each.day), *_rate(each), f"{each.sales:,}", sold)
    earlier = len(days) - len(shown)
    remark = f"{counted(earlier, 'earlier day')}: --from, or --json for all." if earlier else ""
    return titled(f"{days[0].currency}", table, remark=remark)


def _rate(each: RateOnDay) -> tuple[Text, Text, Text]:
    """The rate, the day it was published and its files, as cells."""
    taken = each.taken
    if taken is None:
        is_needed = each.sales > 0
        return Text("none", style=_BAD if is_needed else _WORTH_A_LOOK), Text(), Text()
    marks = [str(taken.published_on)] if taken.published_on else []
    marks += ["provisional"] if taken.is_provisional else []
    published = Text(", ".join(marks), style=_WORTH_A_LOOK if taken.is_provisional else "")
    return cell(f"{without_end_zeros(taken.rate):f}"), published, cell(", ".join(each.sources))
