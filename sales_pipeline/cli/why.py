"""`sales-pipeline why` and `explain`: why revenue moved, and what a figure is made of."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from sales_pipeline.analysis.periods import Compare
from sales_pipeline.cli.options import CsvOption, JsonOption, Shared, check_one_form
from sales_pipeline.cli.sales_options import (
    AsClosedOption,
    CategoryOption,
    RunOption,
    StoreOption,
    check_days,
    first_day_from,
    last_day_from,
)
from sales_pipeline.cli.screen import show_exactly, show_report
from sales_pipeline.errors import UsageError

WHY_EXAMPLE = """\b
Examples:
  sales-pipeline why 2025-12
  sales-pipeline why 2025-Q4 --compare period --store paris
  sales-pipeline why --from 2025-07 --to 2025-12 --csv > causes.csv
  sales-pipeline why --since 20250131T060000-1a2b3c
  sales-pipeline why 2025-12 --since 20250131T060000-1a2b3c --json
  sales-pipeline why 2025-12 --since-closing
"""

EXPLAIN_EXAMPLE = """\b
Examples:
  sales-pipeline explain 2025-12 --store tokyo
  sales-pipeline explain 2025-W52 --store paris --product "Green tea"
  sales-pipeline explain 2025-12 --store tokyo --csv > records.csv
  sales-pipeline explain 2025-12 --as-closed
"""

PeriodArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="PERIOD",
        help="A month such as 2025-12, a quarter 2025-Q4, a year 2025, a week 2025-W52 or a day.",
    ),
]
FirstOption = Annotated[
    date | None,
    typer.Option(
        "--from",
        metavar="DAY",
        parser=first_day_from,
        help="The first day or month, in place of PERIOD.",
    ),
]
LastOption = Annotated[
    date | None,
    typer.Option(
        "--to",
        metavar="DAY",
        parser=last_day_from,
        help="The last day or month, in place of PERIOD.",
    ),
]


def check_period(name: str | None, first: date | None, last: date | None) -> None:
    """Checks that a period is given in one way, and its days in order.

    Raises:
        UsageError: It is not.
    """
    if name is not None and (first or last):
        raise UsageError("PERIOD: not together with --from or --to. Do: keep one of them")
    check_days(first, last)


def why(
    period: PeriodArgument = None,
    *,
    first: FirstOption = None,
    last: LastOption = None,
    compare: Annotated[
        Compare,
        typer.Option(
            "--compare",
            help="What the period is compared with: the same one of the year before, or the "
            "period before.",
        ),
    ] = Compare.YEAR,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="RUN",
            help="Say why figures changed since this run, by its id from `history`, instead.",
        ),
    ] = None,
    since_closing: Annotated[
        bool,
        typer.Option(
            "--since-closing", help="Say why closed months changed since they were closed, instead."
        ),
    ] = False,
    store: StoreOption = None,
    category: CategoryOption = None,
    as_closed: AsClosedOption = False,
    run: RunOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    shared: Shared,
) -> None:
    """Says why revenue moved, between periods or between runs.

    Between periods, the change is divided into volume, price, mix, currency, returns, stores that
    opened, closed or were interrupted, and products that are new or discontinued. Without PERIOD
    it is the last month with sales. Between runs (`--since`), the change of each month is divided
    into late files, corrections, withdrawals, released records, rates, catalogue prices and
    declaration; so is the change of closed months since they were closed (`--since-closing`). The
    parts add up to the change as it is shown. The screen shows the three largest sources of each
    part, JSON and CSV all of them. docs/figures.md has the formulas.
    """
    check_one_form(as_json=as_json, as_csv=as_csv)
    check_period(period, first, last)
    if compare is Compare.NONE:
        raise UsageError("--compare: a change needs two periods, got none. Do: year or period")
    if since is not None and since_closing:
        raise UsageError("--since: not together with --since-closing. Do: leave one of them out")
    if since is not None or since_closing:
        option = "--since-closing" if since_closing else "--since"
        if category is not None or as_closed:
            refused = "--as-closed" if as_closed else "--category"
            raise UsageError(f"{refused}: not together with {option}. Do: leave one of them out")
    declaration = shared.declaration()
    from sales_pipeline.analysis.asked_sales import AskedPeriod
    from sales_pipeline.analysis.sales_of_run import Choice
    from sales_pipeline.report import why_moved as moved
    from sales_pipeline.report import why_restated as restated

    asked = AskedPeriod(period, first, last)
    largest = None if as_json or as_csv else moved.LARGEST
    if since is None and not since_closing:
        change = moved.AskedChange(
            asked, compare, Choice(store, category), largest, as_closed=as_closed
        )
        show_report(
            moved.why_moved(declaration, change, run=run),
            moved.why_moved_document,
            moved.why_moved_text,
            as_json=as_json,
            csv=moved.why_moved_csv if as_csv else None,
        )
        return
    months = asked if period or first or last else None
    restatement = restated.AskedRestatement(months, store, largest)
    show_report(
        restated.why_since_closing(declaration, restatement, run=run)
        if since is None
        else restated.why_restated(declaration, since, restatement, run=run),
        restated.why_restated_document,
        restated.why_restated_text,
        as_json=as_json,
        csv=restated.why_restated_csv if as_csv else None,
    )


def explain(
    period: PeriodArgument = None,
    *,
    first: FirstOption = None,
    last: LastOption = None,
    store: StoreOption = None,
    product: Annotated[
        str | None,
        typer.Option("--product", metavar="NAME", help="Count only this product, as it is shown."),
    ] = None,
    as_closed: AsClosedOption = False,
    run: RunOption = None,
    as_json: JsonOption = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print the records that count as CSV for a spreadsheet.")
    ] = False,
    shared: Shared,
) -> None:
    """Unfolds a revenue into files, records and rates.

    It also says what was left out and why. Without PERIOD it is the last month with sales. The
    revenues of the files add up to the figure as it is shown, and those of the records (`--csv`,
    unrounded) to the figure before it is rounded. Left out are records of these files, and of the
    period and store, that are quarantined, duplicate, displaced or excluded; a record whose day
    cannot be read may belong to any period. With `--as-closed` it is the figure of a closed month
    as it was closed, for as long as the tables of that run are kept.
    """
    check_one_form(as_json=as_json, as_csv=as_csv)
    check_period(period, first, last)
    declaration = shared.declaration()
    from sales_pipeline.analysis.asked_sales import AskedPeriod
    from sales_pipeline.report import explained as report
    from sales_pipeline.report.explained_text import explained_csv, explained_text

    of_period = AskedPeriod(period, first, last)
    asked = report.AskedFigure(of_period, store, product, as_closed=as_closed)
    if as_csv:
        for piece in explained_csv(declaration, asked, run=run):
            show_exactly(piece)
        return
    show_report(
        report.explained(declaration, asked, run=run),
        report.explained_document,
        explained_text,
        as_json=as_json,
    )
