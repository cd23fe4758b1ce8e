"""The days of gold: what each store sold on each day, and what it is worth.

Silver is asked once for its days. They tell which rates are needed and which months have to wait
for some (`pricing`), and with these rates they are `gold.daily_sales`: all sales of a day in one
currency take one rate, so the sum of their amounts times the rate is the sum of their revenues.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from sales_pipeline.lakehouse.arrow_types import arrow_schema
from sales_pipeline.lakehouse.declared_tables import DAILY_SALES
from sales_pipeline.lakehouse.lakehouse import Lakehouse

_BY = ("month", "sold_on", "store", "currency")
SUMS = {
    "units": "quantity",
    "amount": "amount",
    "units_returned": "CASE WHEN quantity < 0 THEN quantity ELSE 0 END",
    "amount_returned": "CASE WHEN quantity < 0 THEN amount ELSE 0 END",
}
"""Measure of gold -> what is added up for it over `silver.sales`."""
_EXACT_AMOUNT, _EXACT_RATE = pa.decimal256(38, 4), pa.decimal256(19, 14)


def days_sold(lakehouse: Lakehouse, condition: str) -> pa.Table:
    """Adds up the sales of each day, store and currency, in their own currency.

    Args:
        lakehouse: The tables; `silver.sales` is read.
        condition: The SQL condition of the sales, made of literals only.

    Returns:
        The columns of `gold.daily_sales` without the revenue columns.
    """
    days = lakehouse.totals("silver.sales", by=_BY, of=SUMS, where=condition)
    days = days.rename_columns({"records": "sales"})
    types = arrow_schema(DAILY_SALES)
    return days.cast(pa.schema([types.field(name) for name in days.column_names]))


def daily_sales(days: pa.Table, rates: pa.Table, keys: Sequence[str]) -> pa.Table:
    """`gold.daily_sales`: day x store x currency.

    Args:
        days: What `days_sold` returned, of months whose rates are all known.
        rates: `rate` (base currency for one unit) and the keys.
        keys: The columns that tell the rate of a day, as in `sales_cube`.
    """
    priced = days.join(rates, list(keys), join_type="inner")
    for name in ("revenue", "revenue_returned"):
        amount = priced[name.replace("revenue", "amount")].cast(_EXACT_AMOUNT)
        revenue = pc.multiply(amount, priced["rate"].cast(_EXACT_RATE))
        priced = priced.append_column(name, revenue)
    return priced.select(DAILY_SALES.column_names).cast(arrow_schema(DAILY_SALES))
