"""`sales-pipeline rates`: which exchange rate a sale takes."""

from __future__ import annotations

import re
from datetime import date
from functools import partial
from typing import Annotated

import typer

from sales_pipeline.cli.options import CsvOption, JsonOption, Shared, check_one_form
from sales_pipeline.cli.screen import show_report
from sales_pipeline.errors import UsageError

EXAMPLE = """\b
Examples:
  sales-pipeline rates show
  sales-pipeline rates show USD JPY
  sales-pipeline rates show USD --from 2025-04-17 --to 2025-04-22
  sales-pipeline rates show --on 2025-12-24 --csv > rates.csv
"""
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


def day_from(text: str) -> date:
    """Returns a day written as 2025-01-31.

    Raises:
        BadParameter: It is not written so, or no day of the calendar.
    """
    try:
        return date.fromisoformat(text if _DAY.fullmatch(text) else "")
    except ValueError:
        raise typer.BadParameter(f"not a day, got {text!r}; write one such as 2025-01-31") from None


def show(
    currencies: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CURRENCY",
            help="Currencies to show day by day, such as USD. Without any: all of them, in short.",
        ),
    ] = None,
    *,
    first: Annotated[
        date | None,
        typer.Option("--from", metavar="DAY", parser=day_from, help="The first day to show."),
    ] = None,
    last: Annotated[
        date | None,
        typer.Option("--to", metavar="DAY", parser=day_from, help="The last day to show."),
    ] = None,
    on: Annotated[
        date | None,
        typer.Option("--on", metavar="DAY", parser=day_from, help="The only day to show."),
    ] = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    shared: Shared,
) -> None:
    """Shows which exchange rates sales take.

    In short, that is the latest rate of each currency, the file it is from, and the days of
    sales that have none. Day by day, it is the days that have a rate or a sale (on the screen
    the latest), or every day of the calendar from one to another. Nothing is changed.
    """
    check_one_form(as_json=as_json, as_csv=as_csv)
    if on and (first or last):
        raise UsageError("--on, --from, --to: give one day or the ends of several, got both")
    declaration = shared.declaration()
    # Arrow and delta-rs come with these imports, and --help must not wait for them.
    from sales_pipeline.report.rates_of_days import Days, shown_rates
    from sales_pipeline.report.rates_shown import SHOWN_DAYS, rates_csv, rates_document, rates_text

    days = Days(on or first, on or last)
    rates = shown_rates(declaration, currencies or (), days=days)
    text = partial(rates_text, last_days=SHOWN_DAYS if days.is_open else None)
    show_report(rates, rates_document, text, as_json=as_json, csv=rates_csv if as_csv else None)
