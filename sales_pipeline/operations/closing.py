"""`close` and `reopen`: keep the figures of a month as they stand, or remove what was kept.

A closed month stays open to what comes later: files, corrections, rates. They change gold as ever,
and what they change is an adjustment of the closed month (`analysis/records_of_run`). Both commands
change nothing but the tables of the closed months, and are recorded as runs.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pyarrow as pa

from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import MonthNotClosed, UsageError, examples
from sales_pipeline.exact import exact_sum
from sales_pipeline.gold.gold_set import GoldSet
from sales_pipeline.lakehouse.closings import (
    Closing,
    are_closings_recorded,
    check_kept,
    closings_now,
    forget,
    keep,
)
from sales_pipeline.lakehouse.declared_tables import (
    CLOSED_DAYS,
    CLOSED_PRODUCTS,
    DAILY_SALES,
    MADE_WHEN_NEEDED,
    SALES_CUBE,
)
from sales_pipeline.lakehouse.holding import Hold, held
from sales_pipeline.lakehouse.lakehouse import Lakehouse, in_months
from sales_pipeline.lakehouse.ledger import Ledger
from sales_pipeline.lakehouse.opening import made_lakehouse
from sales_pipeline.lakehouse.ops_tables import CLOSED_DELIVERIES, CLOSED_RATES, CLOSED_RECORDS
from sales_pipeline.lakehouse.rollback_steps import finish_rollback
from sales_pipeline.lakehouse.runs import (
    CLOSE,
    REOPEN,
    RunRecord,
    begun_run,
    check_finished,
    chosen_run,
    record_end,
    utc_now,
)
from sales_pipeline.operations.closing_obstacles import Obstacles
from sales_pipeline.operations.kept_records import kept_deliveries, kept_rates, kept_records

_DO = ". Do: "
"""Begins what to do about an obstacle, which is over once it is passed over."""


@dataclass(frozen=True)
class Closed:
    """Report of a `close`.

    Attributes:
        run_id: The run that it is; None if every month was closed already.
        currency: The base currency.
        closed: The months that it closed, in order.
        already: The months that were named and closed already, in order; they stay as they were.
    """

    run_id: str | None
    currency: str
    closed: tuple[Closing, ...]
    already: tuple[Closing, ...]


@dataclass(frozen=True)
class Reopened:
    """Report of a `reopen`: its run, the base currency, and the closings that are gone."""

    run_id: str
    currency: str
    reopened: tuple[Closing, ...]


def close(
    declaration: Declaration,
    months: Collection[date] = (),
    *,
    through: date | None = None,
    anyway: bool = False,
    wait_seconds: float = 0,
) -> Closed:
    """Closes months: keeps their figures as the last finished run left them.

    Args:
        declaration: What the retailer declares.
        months: The first days of the months.
        through: Also all earlier months with sales that are not closed, up to this one.
        anyway: Whether to pass over obstacles: a month on hold, a held file, and quarantine.
        wait_seconds: How long to wait for another run on the same lakehouse.

    Raises:
        UsageError: A month has no sales or is not over, or a killed run has to be finished first.
        MonthNotClosed: Something is in the way of a month; no month is closed.
        LakehouseBusy: Another run holds the lakehouse.
    """
    started_at = utc_now()
    with (
        held(declaration, CLOSE, wait_seconds=wait_seconds) as hold,
        made_lakehouse(declaration) as lakehouse,
    ):
        last = _last_run(lakehouse, hold)
        gold = GoldSet(lakehouse.engine, declaration, last)
        known = closings_now(lakehouse)
        wanted = _wanted(gold, months, through, known, today=started_at.date())
        already = tuple(known[month] for month in wanted if month in known)
        new = [month for month in wanted if month not in known]
        if not new:
            return Closed(None, declaration.base_currency, (), already)
        run = begun_run(lakehouse, CLOSE, started_at, figures_of=last)
        closings = _closings(lakehouse, gold, run, new, anyway=anyway)
        record_end(lakehouse, run)
        return Closed(run.run_id, declaration.base_currency, tuple(closings), already)


def reopen(
    declaration: Declaration, months: Collection[date], *, wait_seconds: float = 0
) -> Reopened:
    """Opens closed months, given by their first days, again; removes what was kept of them.

    Raises:
        UsageError: A month is not closed, or a killed run has to be finished first.
        LakehouseBusy: Another run holds the lakehouse.
    """
    started_at = utc_now()
    with (
        held(declaration, REOPEN, wait_seconds=wait_seconds) as hold,
        made_lakehouse(declaration) as lakehouse,
    ):
        last = _last_run(lakehouse, hold)
        known = closings_now(lakehouse)
        wanted = sorted({*months})
        if unknown := [month for month in wanted if month not in known]:
            closed = [f"{month:%Y-%m}" for month in known]
            there = f"closed are {examples(closed)}" if closed else "no month is closed"
            raise UsageError(f"{unknown[0]:%Y-%m}: not closed; {there}")
        run = begun_run(lakehouse, REOPEN, started_at, figures_of=last)
        forget(lakehouse, wanted)
        record_end(lakehouse, run)
        reopened = tuple(known[month] for month in wanted)
        return Reopened(run.run_id, declaration.base_currency, reopened)


def _last_run(lakehouse: Lakehouse, hold: Hold) -> RunRecord:
    """The last finished run; first ends what a killed rollback, `close` or `reopen` began.

    Raises:
        UsageError: A killed run has to be finished first.
    """
    hold.take(lakehouse.engine)
    finish_rollback(lakehouse, hold)
    last = chosen_run(lakehouse)
    check_kept(lakehouse.engine, last)
    check_finished(lakehouse, last, but=MADE_WHEN_NEEDED)
    if not are_closings_recorded(lakehouse):
        return record_end(lakehouse, begun_run(lakehouse, CLOSE, utc_now(), figures_of=last))
    return last


def _wanted(
    gold: GoldSet,
    months: Collection[date],
    through: date | None,
    known: Collection[date],
    *,
    today: date,
) -> list[date]:
    """The months that are asked for, in order.

    Raises:
        UsageError: One has no sales, or is not over.
    """
    with_sales = sorted({*gold.read(DAILY_SALES.name)["month"].unique().to_pylist()})
    earlier = [month for month in with_sales if through and month <= through and month not in known]
    wanted = sorted({*months, *earlier})
    for month in wanted:
        if month not in with_sales:
            there = (
                f"from {with_sales[0]:%Y-%m} to {with_sales[-1]:%Y-%m}" if with_sales else "none"
            )
            raise UsageError(f"{month:%Y-%m}: no sales to close; the months with sales are {there}")
        if _next(month) > today:
            raise UsageError(f"{month:%Y-%m}: not over yet. Do: close it from {_next(month)} on")
    if through is not None and not any(month <= through for month in with_sales):
        raise UsageError(f"--through: no month with sales up to {through:%Y-%m}")
    return wanted


def _next(month: date) -> date:
    """The first day of the month after one."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _closings(
    lakehouse: Lakehouse, gold: GoldSet, run: RunRecord, months: Sequence[date], *, anyway: bool
) -> list[Closing]:
    """Closes months with the figures in gold, and returns their closings."""
    ledger = Ledger(lakehouse)
    obstacles = Obstacles(lakehouse, ledger, gold, months)
    by_month = {month: obstacles.of(month) for month in months}
    if not anyway and (
        sentences := [sentence for of_month in by_month.values() for sentence in of_month]
    ):
        sentences.append("No month was closed. To close all the same: --anyway.")
        raise MonthNotClosed("\n".join(sentences))
    days = gold.read(DAILY_SALES.name, where=in_months(months))
    revenues = _revenues(days)
    closings = [
        Closing(
            month=month,
            closed_at=run.started_at,
            run_id=run.run_id,
            of_run=gold.run.run_id,
            revenue=revenues[month],
            basis=gold.run.revenue or "as_delivered",
            last_file_id=ledger.next_file_id - 1,
            on_hold=month in obstacles.months_on_hold,
            passed_over=tuple(sentence.partition(_DO)[0] for sentence in by_month[month]),
        )
        for month in months
    ]
    records = kept_records(lakehouse, months)
    copies = {
        CLOSED_PRODUCTS.name: gold.read(SALES_CUBE.name, where=in_months(months)),
        CLOSED_DAYS.name: days,
        CLOSED_RATES.name: kept_rates(gold, months),
        CLOSED_RECORDS.name: records,
        CLOSED_DELIVERIES.name: kept_deliveries(ledger, records, months),
    }
    keep(lakehouse, copies, closings)
    return closings


def _revenues(days: pa.Table) -> dict[date, Decimal]:
    """Month -> its revenue, unrounded."""
    revenues_of: dict[date, list[Decimal]] = {}
    for month, revenue in zip(days["month"].to_pylist(), days["revenue"].to_pylist(), strict=True):
        revenues_of.setdefault(month, []).append(revenue)
    return {month: exact_sum(revenues) for month, revenues in revenues_of.items()}
