"""`sales-pipeline rates` and `catalogue`: the rates of sales, and the names known or missing."""

from __future__ import annotations

import re
from datetime import date
from functools import partial
from typing import Annotated

import typer

from sales_pipeline.cli.options import CsvOption, JsonOption, Shared, check_one_form
from sales_pipeline.cli.screen import show_report
from sales_pipeline.errors import UsageError

CATALOGUE_EXAMPLE = """\b
Examples:
  sales-pipeline catalogue show
  sales-pipeline catalogue show "green tea" --language fr
  sales-pipeline catalogue show --csv > catalogue.csv
"""
MISSING_EXAMPLE = """\b
Examples:
  sales-pipeline catalogue missing
  sales-pipeline catalogue missing --feed tokyo --limit 100
  sales-pipeline catalogue missing --json | jq -r '.names[].name'
"""


def show_catalogue(
    text: Annotated[
        str,
        typer.Argument(
            metavar="TEXT",
            help="Only entries with this text in the name, product or category, in any case. "
            "Without it: all.",
        ),
    ] = "",
    *,
    language: Annotated[
        str | None,
        typer.Option("--language", metavar="L", help="Only names in this language, or `code`."),
    ] = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    shared: Shared,
) -> None:
    """Shows the names and codes that the catalogue knows.

    Each is shown with the product and category that it means, its list prices with their first
    days, and the file that taught it. Nothing is changed.
    """
    check_one_form(as_json=as_json, as_csv=as_csv)
    declaration = shared.declaration()
    from sales_pipeline.report.catalogue_names import (
        known_csv,
        known_document,
        known_names,
        known_text,
    )

    names = known_names(declaration, text, language=language)
    csv = known_csv if as_csv else None
    show_report(names, known_document, known_text, as_json=as_json, csv=csv)


def missing_names(
    *,
    feed: Annotated[
        str | None, typer.Option("--feed", metavar="F", help="Only names that this feed delivers.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="How many names to show.")
    ] = 20,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    shared: Shared,
) -> None:
    """Shows the names that the catalogue lacks.

    Names that hold back most money come first, by the latest rate of each currency; beside
    each of the first 100 are the known names that are most like it, and below, how to teach it.
    In JSON, near is null for a name that was not compared. Nothing is changed.
    """
    check_one_form(as_json=as_json, as_csv=as_csv)
    declaration = shared.declaration()
    from sales_pipeline.report.catalogue_names import (
        missing_csv,
        missing_document,
        missing_from_catalogue,
        missing_text,
    )

    names = missing_from_catalogue(declaration, feed=feed, limit=limit)
    show_report(
        names,
        partial(missing_document, limit=limit),
        partial(missing_text, limit=limit),
        as_json=as_json,
        csv=partial(missing_csv, limit=limit) if as_csv else None,
    )


RATES_EXAMPLE = """\b
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


def show_rates(
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
    from sales_pipeline.report.rates_of_days import Days, shown_rates
    from sales_pipeline.report.rates_shown import SHOWN_DAYS, rates_csv, rates_document, rates_text

    days = Days(on or first, on or last)
    rates = shown_rates(declaration, currencies or (), days=days)
    text = partial(rates_text, last_days=SHOWN_DAYS if days.is_open else None)
    show_report(rates, rates_document, text, as_json=as_json, csv=rates_csv if as_csv else None)
