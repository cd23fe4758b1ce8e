"""Gold: the months that were touched are made again, and the four answers with them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from pyspark.sql import functions as F

from sales_pipeline.errors import RunFailed, examples
from sales_pipeline.gold import answers
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Ledger, State
from sales_pipeline.lakehouse.stores import store_rows

_BEFORE_SILVER = (State.CLAIMED, State.IN_BRONZE)


def aggregate_data(lakehouse: Lakehouse, ledger: Ledger) -> list[date]:
    """Makes gold again for the months that the ledger says were touched.

    Deliveries in silver become `in_gold`.

    Args:
        lakehouse: The tables; `silver.sales` and `silver.exchange_rates` are read, `gold.*`
            written.
        ledger: The deliveries; changed and committed.

    Returns:
        The months, in order.

    Raises:
        RunFailed: A currency of those months has no rate; no gold table was changed (P8).
    """
    touched = [each for each in ledger if each.months and each.state not in _BEFORE_SILVER]
    months = sorted({month for each in touched for month in each.months})
    if months:
        _check_rates(lakehouse, months)
        _write_cube(lakehouse, months)
        _write_answers(lakehouse, months)
    done = {each.file_id: each for each in [*ledger.in_state(State.IN_SILVER), *touched]}
    ledger.record(
        each.moved_to(State.IN_GOLD if each.state is State.IN_SILVER else each.state, months=())
        for each in done.values()
    )
    return months


def _check_rates(lakehouse: Lakehouse, months: Iterable[date]) -> None:
    known = {row["currency"] for row in lakehouse.rows("silver.exchange_rates")}
    sales = lakehouse.table("silver.sales").where(_is_in(months))
    unpriced = sales.where(~F.col("currency").isin(*known)) if known else sales
    held = unpriced.groupBy("currency").agg(
        F.sum("amount").alias("amount"),
        F.count(F.lit(1)).alias("sales"),
        F.min("sold_on").alias("first"),
        F.max("sold_on").alias("last"),
    )
    lines = [
        f"{row['currency']} ({row['sales']:,} sales, {row['amount']:f} {row['currency']}, "
        f"{row['first']} to {row['last']})"
        for row in held.toArrow().to_pylist()
    ]
    if lines:
        raise RunFailed(
            f"rates: no rate for {examples(lines)}; gold was left as it is. "
            "Do: add it to rates.fixed and run again."
        )


def _write_cube(lakehouse: Lakehouse, months: Iterable[date]) -> None:
    condition = _is_in(months)
    sales = lakehouse.table("silver.sales").where(condition)
    cube = answers.sales_cube(sales, lakehouse.table("silver.exchange_rates"))
    lakehouse.replace("gold.sales_cube", condition, cube)


def _write_answers(lakehouse: Lakehouse, months: Iterable[date]) -> None:
    declaration = lakehouse.declaration
    money: dict[str, Any] = {
        "currency": declaration.base_currency,
        "minor_units": declaration.minor_units,
    }
    cube = lakehouse.table("gold.sales_cube")
    touched, shown = cube.where(_is_in(months)), _is_shown_in(months)
    stores = lakehouse.frame(store_rows(declaration))
    lakehouse.replace("gold.revenue_per_month", shown, answers.revenue_per_month(touched, **money))
    lakehouse.replace(
        "gold.revenue_per_month_and_shop",
        shown,
        answers.revenue_per_month_and_shop(touched, stores, **money),
    )
    for rank in (answers.top_selling_products, answers.top_selling_products_by_revenue):
        lakehouse.replace(f"gold.{rank.__name__}", "true", rank(cube, **money))


def _is_in(months: Iterable[date]) -> str:
    """A condition on a DATE column `month`, of literals only."""
    days = ", ".join(f"DATE'{month.isoformat()}'" for month in months)
    return f"month IN ({days})"


def _is_shown_in(months: Iterable[date]) -> str:
    """The same on the INT columns `year` and `month` of an answer."""
    parts = [f"(year = {month.year} AND month = {month.month})" for month in months]
    return " OR ".join(parts)
