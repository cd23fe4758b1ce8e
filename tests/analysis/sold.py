"""Sales in gold's tables, made from single sales in plain Python."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from sales_pipeline.analysis.measures import MEASURES
from sales_pipeline.analysis.sales_of_run import SalesOfRun
from sales_pipeline.config.rates import Rates
from sales_pipeline.gold.rate_book import RateBook
from sales_pipeline.lakehouse.arrow_types import arrow_type
from sales_pipeline.lakehouse.declared_tables import DAILY_SALES, SALES_CUBE
from sales_pipeline.lakehouse.tables import Table, required

AS_OF = date(2026, 6, 1)


@dataclass(frozen=True)
class Sold:
    """One sale; a return has a negative quantity."""

    sold_on: date
    store: str
    product: str
    quantity: int
    price: Decimal
    currency: str = "EUR"
    rate: Decimal = Decimal(1)
    category: str | None = None

    @property
    def amount(self) -> Decimal:
        return self.quantity * self.price

    @property
    def revenue(self) -> Decimal:
        return self.amount * self.rate

    def measures(self) -> dict[str, Decimal | int]:
        is_return = self.quantity < 0
        units = Decimal(self.quantity)
        zero = Decimal(0)
        return {
            "sales": 1,
            "units": units,
            "units_returned": units if is_return else zero,
            "amount": self.amount,
            "amount_returned": self.amount if is_return else zero,
            "revenue": self.revenue,
            "revenue_returned": self.revenue if is_return else zero,
        }


def sales_of(sold: Iterable[Sold], *, as_of: date = AS_OF, **rates: Decimal) -> SalesOfRun:
    """Gold's tables of some sales; `rates` are declared, by currency."""
    given = list(sold)
    book = RateBook(
        Rates(fixed=dict(rates)),
        "EUR",
        {code: {date(1, 1, 1): rate} for code, rate in rates.items()},
    )
    days = _table(_PRODUCT_DAYS, given)
    return SalesOfRun(
        _table(DAILY_SALES, given),
        _table(SALES_CUBE, given),
        book,
        as_of,
        lambda first, last: days.filter(
            (pc.field("sold_on") >= first) & (pc.field("sold_on") <= last)
        ),
    )


_PRODUCT_DAYS = replace(
    SALES_CUBE,
    columns=(required("sold_on", "DATE", ""), *SALES_CUBE.columns),
    key=("sold_on", *SALES_CUBE.key),
)


def _table(table: Table, sold: list[Sold]) -> pa.Table:
    rows: dict[tuple[object, ...], dict[str, Any]] = {}
    for sale in sold:
        values = {**vars(sale), "month": sale.sold_on.replace(day=1)} | dict.fromkeys(MEASURES, 0)
        key = tuple(values[name] for name in table.key)
        row = rows.setdefault(key, {name: values[name] for name in table.column_names})
        for name, measure in sale.measures().items():
            row[name] += measure
    schema = pa.schema([(column.name, arrow_type(column.type)) for column in table.columns])
    return pa.Table.from_pylist(list(rows.values()), schema=schema)
