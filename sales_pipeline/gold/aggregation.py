"""Rebuilds in gold the months that changed, and the four answers with them.

Revenue in the cube is exact (amount x rate, DECIMAL(38,18)). It is rounded half up once, in the
answers, to the minor unit of the base currency (P6).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sales_pipeline.commit_points import together
from sales_pipeline.gold.answer_rows import (
    BY_MONTH,
    BY_STORE,
    answers,
    sums_by_product,
    sums_by_store,
)
from sales_pipeline.gold.daily_sales import daily_sales, days_sold
from sales_pipeline.gold.pricing import Pricing, mispriced_months, price
from sales_pipeline.gold.rate_book import HeldRate, rate_book
from sales_pipeline.lakehouse.declared_tables import DAILY_SALES, SALES_CUBE
from sales_pipeline.lakehouse.lakehouse import Lakehouse, in_months
from sales_pipeline.lakehouse.ledger import Ledger, State

CUBED = ("month", "sold_on", "store", "product", "category", "currency", "quantity", "amount")
"""The columns of a sale that the cube is made of."""


def sales_cube(
    sales: DataFrame, rates: DataFrame, keys: Sequence[str] = ("currency",)
) -> DataFrame:
    """`gold.sales_cube`: month x store x product x currency.

    Args:
        sales: Rows of `silver.sales`, with the columns `CUBED`.
        rates: `rate` (base currency for one unit) and the keys; small.
        keys: The columns that tell the rate of a sale: `currency`, and with it `month` or
            `sold_on` where rates change.
    """
    priced = sales.join(rates, list(keys), "left")
    revenue = F.col("amount") * F.col("rate")
    return priced.groupBy("month", "store", "product", "currency").agg(
        F.max("category").alias("category"),
        F.count(F.lit(1)).alias("sales"),
        F.sum("quantity").alias("units"),
        F.sum("amount").alias("amount"),
        F.sum(revenue).alias("revenue"),
        _returned(F.col("quantity")).alias("units_returned"),
        _returned(F.col("amount")).alias("amount_returned"),
        _returned(revenue).alias("revenue_returned"),
    )


def _returned(figure: Column) -> Column:
    """The part of a sum that comes from returns, the records with a negative quantity."""
    return F.coalesce(F.sum(F.when(F.col("quantity") < 0, figure)), F.lit(0))


_BEFORE_SILVER = (State.CLAIMED, State.IN_BRONZE)


@dataclass
class Made:
    """Months that one call of `aggregate_data` rebuilt, and months that it could not.

    Attributes:
        months: The months that were rebuilt, in order.
        held: What holds other months back; gold keeps them as they were (P8).
        provisional: Months among them whose rates may still change by themselves.
        repriced: Months among them whose sales take other rates than before.
    """

    months: list[date] = field(default_factory=list)
    held: list[HeldRate] = field(default_factory=list)
    provisional: list[date] = field(default_factory=list)
    repriced: list[date] = field(default_factory=list)


def aggregate_data(lakehouse: Lakehouse, ledger: Ledger) -> Made:
    """Rebuilds gold for months that the ledger marks as touched, and for mispriced months.

    Deliveries in silver become `in_gold`. A month with a day that has no rate is held: no
    gold table changes for it, and the ledger keeps it marked.

    Args:
        lakehouse: The tables; `silver.sales` and `silver.exchange_rates` are read, `gold.*`
            written.
        ledger: The deliveries; changed and committed.
    """
    mispriced = _touch_mispriced(lakehouse, ledger)
    touched = [
        delivery for delivery in ledger if delivery.months and delivery.state not in _BEFORE_SILVER
    ]
    months = sorted({month for delivery in touched for month in delivery.months})
    outcome = _make(lakehouse, months) if months else Made()
    outcome.repriced = [month for month in outcome.months if month in mispriced]
    waiting = set(months) - set(outcome.months)
    deliveries = {
        delivery.file_id: delivery for delivery in [*ledger.in_state(State.IN_SILVER), *touched]
    }
    ledger.record(
        delivery.moved_to(
            State.IN_GOLD if delivery.state is State.IN_SILVER else delivery.state,
            months=tuple(month for month in delivery.months if month in waiting),
        )
        for delivery in deliveries.values()
    )
    return outcome


def _touch_mispriced(lakehouse: Lakehouse, ledger: Ledger) -> set[date]:
    """Write-ahead: marks the months whose rates changed in the ledger, before gold changes."""
    months = mispriced_months(lakehouse)
    known = {month for delivery in ledger for month in delivery.months}
    if not months <= known:
        first = next(delivery for delivery in ledger if delivery.state not in _BEFORE_SILVER)
        touched = tuple(sorted(months | set(first.months)))
        ledger.record([replace(first, months=touched)])
    return months


def _make(lakehouse: Lakehouse, months: Sequence[date]) -> Made:
    days = days_sold(lakehouse, in_months(months))
    pricing = price(rate_book(lakehouse), days, months)
    if pricing.months:
        sold = days.filter(pc.is_in(days["month"], pa.array(pricing.months, pa.date32())))
        steps = [partial(_write_cube, lakehouse, pricing, pc.sum(sold["sales"]).as_py() or 0)]
        steps.append(partial(_write_days, lakehouse, pricing, sold))
        together(steps, at_once=len(steps))
        _write_answers(lakehouse, pricing.months)
        _write_rates_taken(lakehouse, pricing)
    return Made(pricing.months, pricing.held, pricing.provisional)


def _write_cube(lakehouse: Lakehouse, pricing: Pricing, count: int) -> None:
    name, condition = "silver.sales", in_months(pricing.months)
    few = None
    if count <= lakehouse.engine.capabilities.rows_held_here:
        few = lakehouse.few_rows(name, condition, columns=CUBED)
    sales = lakehouse.table(name).where(condition) if few is None else lakehouse.frame(few)
    cube = sales_cube(sales, lakehouse.frame(pricing.rates), pricing.keys)
    lakehouse.replace(SALES_CUBE.name, condition, cube, are_few=few is not None)


def _write_days(lakehouse: Lakehouse, pricing: Pricing, sold: pa.Table) -> None:
    rows = daily_sales(sold, pricing.rates, pricing.keys)
    lakehouse.stream(DAILY_SALES.name, in_months(pricing.months), rows.to_reader())


def _write_rates_taken(lakehouse: Lakehouse, pricing: Pricing) -> None:
    """Last of all: as long as it says otherwise, the months are found to be mispriced."""
    name, taken = "gold.rates_taken", pricing.taken
    before = [row for row in lakehouse.rows(name) if row["month"] in set(pricing.months)]
    if sorted(before, key=_in_order) != sorted(taken, key=_in_order):
        lakehouse.put(name, in_months(pricing.months), taken)


def _in_order(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["month"], row["currency"], row["sold_on"] or row["month"]


def _write_answers(lakehouse: Lakehouse, months: Iterable[date]) -> None:
    adding_up = [partial(sums_by_store, lakehouse, in_months(months))]
    adding_up.append(partial(sums_by_product, lakehouse))
    rows = answers(lakehouse.declaration, *together(adding_up, at_once=len(adding_up)))
    conditions = dict.fromkeys((BY_MONTH, BY_STORE), _is_shown_in(months))
    steps = [
        partial(lakehouse.put, name, conditions.get(name, "true"), rows[name]) for name in rows
    ]
    together(steps, at_once=len(steps))


def _is_shown_in(months: Iterable[date]) -> str:
    """A condition on the INT columns `year` and `month` of an answer, of literals only."""
    parts = [f"(year = {month.year} AND month = {month.month})" for month in months]
    return " OR ".join(parts)
