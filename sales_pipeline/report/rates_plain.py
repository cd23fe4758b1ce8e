"""Which rate a sale takes, as one JSON document or as CSV, both in full precision."""

from __future__ import annotations

from datetime import date
from typing import Any

from sales_pipeline.report.csv_text import csv_text
from sales_pipeline.report.rates import CurrencyRates, RateOnDay, ShownRates

_BETWEEN = "; "


def rates_document(shown: ShownRates) -> dict[str, Any]:
    """Returns the rates as plain values: figures as text, days as ISO 8601."""
    return {
        "base_currency": shown.declaration.base_currency,
        "policy": shown.declaration.rates.chosen_policy,
        "is_stale": shown.is_stale,
        "currencies": [_currency(each) for each in shown.currencies],
        "days": [_day(each) for each in shown.days],
    }


def rates_csv(shown: ShownRates) -> str:
    """Returns the days as CSV where there are any, else the currencies."""
    rows = [_day(each) for each in shown.days] or [_currency(each) for each in shown.currencies]
    header = list(rows[0]) if rows else ["currency"]
    return csv_text(header, [[_cell(value) for value in row.values()] for row in rows])


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return _BETWEEN.join(value)
    return str(value).lower() if isinstance(value, bool) else value


def _currency(rates: CurrencyRates) -> dict[str, Any]:
    missing = rates.missing
    return {
        "currency": rates.currency,
        **_rate(rates.latest),
        "first_day": _text(rates.first_day),
        "last_day": _text(rates.last_day),
        "days_sold": rates.days_sold,
        "days_without_rate": len(missing),
        "first_without_rate": _text(missing[0].day if missing else None),
        "last_without_rate": _text(missing[-1].day if missing else None),
        "amount_without_rate": f"{rates.missing_amount:f}",
    }


def _day(each: RateOnDay) -> dict[str, Any]:
    return {
        "currency": each.currency,
        "day": each.day.isoformat(),
        **_rate(each),
        "sales": each.sales,
        "amount": f"{each.amount:f}",
    }


def _rate(each: RateOnDay) -> dict[str, Any]:
    taken = each.taken
    return {
        "rate": None if taken is None else f"{taken.rate:.14f}",
        "published_on": _text(taken.published_on if taken else None),
        "is_provisional": taken is not None and taken.is_provisional,
        "sources": list(each.sources),
    }


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
