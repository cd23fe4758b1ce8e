"""The four answers as data, as a finished run left them, the last one unless told otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from sales_pipeline.config.model import Declaration
from sales_pipeline.gold.gold_set import GoldSet, gold_set
from sales_pipeline.report.answer_rows import (
    MonthRevenue,
    ProductByValue,
    ProductByVolume,
    Row,
    StoreRevenue,
)
from sales_pipeline.report.chosen_sales import ChosenSales, check_choice
from sales_pipeline.report.questions import Question

_Product = TypeVar("_Product", ProductByVolume, ProductByValue)


@dataclass(frozen=True)
class Answers:
    """The four answers of one finished run.

    Attributes:
        currency: The base currency; every revenue is in it.
        minor_units: Its decimals.
        run_id: The run that left them.
        finished_at: When it finished, UTC.
        month: The only month counted, or None for all.
        store: The only store counted, or None for all.
        global_performance: Revenue per month, the earliest first.
        store_performance: Revenue per month and store, the best store of a month first.
        best_by_volume: Products by units, then by name.
        best_by_value: Products by shown revenue, then by name.
        products: Number of products there are, where the two rankings hold fewer.
    """

    currency: str
    minor_units: int
    run_id: str
    finished_at: datetime
    month: date | None
    store: str | None
    global_performance: tuple[MonthRevenue, ...]
    store_performance: tuple[StoreRevenue, ...]
    best_by_volume: tuple[ProductByVolume, ...]
    best_by_value: tuple[ProductByValue, ...]
    products: int

    def rows(self, question: Question) -> Sequence[Row]:
        """The rows that answer one question."""
        by_question: dict[Question, Sequence[Row]] = {
            Question.GLOBAL: self.global_performance,
            Question.STORES: self.store_performance,
            Question.VOLUME: self.best_by_volume,
            Question.VALUE: self.best_by_value,
        }
        return by_question[question]


def answers(
    declaration: Declaration,
    *,
    month: date | None = None,
    store: str | None = None,
    top: int | None = None,
    run: str | None = None,
) -> Answers:
    """Returns the four answers, over everything or for one month, one store, or both.

    Over everything they are the four gold tables; otherwise they are computed from
    `gold.sales_cube`, and rounded half up once.

    Args:
        declaration: What the retailer declares.
        month: The first day of the only month to count.
        store: The id of the only store to count.
        top: How many products the two rankings hold; all without it.
        run: The finished run that left them; the last one without it.

    Raises:
        UsageError: No run has finished yet, or there is no such run or are no such sales; says
            what there is.
    """
    with gold_set(declaration, run=run) as gold:
        stores = _store_performance(gold)
        volume: Sequence[ProductByVolume]
        value: Sequence[ProductByValue]
        if month is None and store is None:
            months = _global_performance(gold)
            volume = _products(gold, "gold.top_selling_products", ProductByVolume)
            value = _products(gold, "gold.top_selling_products_by_revenue", ProductByValue)
        else:
            check_choice(declaration, stores, month=month, store=store)
            chosen = ChosenSales(gold, month, store)
            months, stores = chosen.global_performance(), chosen.store_performance(stores)
            volume, value = chosen.best_by_volume(), chosen.best_by_value()
    return Answers(
        currency=declaration.base_currency,
        minor_units=declaration.minor_units,
        run_id=gold.run_id,
        finished_at=gold.finished_at,
        month=month,
        store=store,
        global_performance=tuple(months),
        store_performance=tuple(stores),
        best_by_volume=tuple(volume[:top]),
        best_by_value=tuple(value[:top]),
        products=len(volume),
    )


def _global_performance(gold: GoldSet) -> list[MonthRevenue]:
    rows = gold.read("gold.revenue_per_month").to_pylist()
    return [MonthRevenue(_first_day(row), row["revenue"]) for row in rows]


def _store_performance(gold: GoldSet) -> list[StoreRevenue]:
    rows = gold.read("gold.revenue_per_month_and_shop").to_pylist()
    found = [
        StoreRevenue(
            month=_first_day(row),
            store=row["store"],
            name=row["shop"],
            city=row["city"],
            country=row["country"],
            revenue=row["revenue"],
            rank=row["rank"],
        )
        for row in rows
    ]
    return sorted(found, key=lambda each: (each.month, each.rank))


def _products(gold: GoldSet, table: str, kind: type[_Product]) -> list[_Product]:
    rows = gold.read(table).drop_columns(["currency"]).to_pylist()
    return [kind(**row) for row in rows]


def _first_day(row: dict[str, Any]) -> date:
    return date(row["year"], row["month"], 1)
