"""The days of gold: what each store sold on each day, and what it is worth.

Silver is asked once for its days. They tell which rates are needed and which months have to wait
for some (`pricing`), and with these rates they are `gold.daily_sales`: all sales of a day in one
currency take one rate, so the sum of their amounts times the rate is the sum of their revenues.

The sales of a day by product are not in gold, which keeps them by month. Gold keeps a month on hold
as it was, and silver goes on. So `ProductDays` compares the sums of each day with
`gold.daily_sales`, and where they differ, silver is read as the run left it that made the month.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from sales_pipeline.engines.engine import Engine
from sales_pipeline.errors import UsageError, VersionGone
from sales_pipeline.exact import EXACT
from sales_pipeline.gold.rate_book import RatesTaken
from sales_pipeline.lakehouse.arrow_types import arrow_schema, python_rows
from sales_pipeline.lakehouse.declared_tables import DAILY_SALES, MEASURES, SALES_CUBE
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.runs import RunRecord, runs_before
from sales_pipeline.lakehouse.tables import RECORDS, SALE

Row = dict[str, Any]
_BY = ("month", "sold_on", "store", "currency")
_BY_PRODUCT = ("sold_on", "store", "product", "category", "currency")
_TOLD_APART = ("sold_on", "store", "currency")
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


@dataclass(frozen=True)
class ProductDays:
    """Reads the sales of some days by product, as gold has them.

    Attributes:
        engine: Where the tables are.
        run: The run that left gold as it is read.
        daily: The rows of `gold.daily_sales`.
        cube: The rows of `gold.sales_cube`, each product under its own spelling.
        taken: The rates that the cube took.
    """

    engine: Engine
    run: RunRecord
    daily: pa.Table
    cube: pa.Table
    taken: RatesTaken

    def between(self, first: date, last: date) -> pa.Table:
        """Returns the sales from one day to another.

        Returns:
            `sold_on, store, product, category, currency` and the measures of `gold.sales_cube`;
            without months that gold has not.

        Raises:
            UsageError: What a run left is not kept any more.
        """
        with self.run.asked_for():
            rows = self._sold(self.run, first, last)
        for month in sorted(self._months_that_differ(rows, first, last)):
            own = [row for row in rows if _month(row) != month]
            rows = own + self._as_made(month, first, last)
        types = {field.name: field.type for field in arrow_schema(SALES_CUBE)}
        schema = pa.schema(
            [(name, types.get(name, pa.date32())) for name in (*_BY_PRODUCT, *MEASURES)]
        )
        return pa.Table.from_pylist(list(self._priced(rows)), schema=schema)

    def _sold(self, run: RunRecord, first: date, last: date) -> list[Row]:
        """The sales that silver had when a run finished."""
        days = f"sold_on BETWEEN DATE'{first}' AND DATE'{last}'"
        condition = f"({days}) AND status = '{SALE}'"
        version = run.version_left(RECORDS)
        sold = self.engine.totals(
            RECORDS, by=_BY_PRODUCT, of=SUMS, where=condition, version=version
        )
        return python_rows(sold.rename_columns({"records": "sales"}))

    def _months_that_differ(self, rows: Sequence[Row], first: date, last: date) -> set[date]:
        """The months whose sales in silver are others than gold shows."""
        silver, gold = _sums(rows), _sums(self._in_gold(first, last))
        days = (key for key in silver.keys() | gold.keys() if silver.get(key) != gold.get(key))
        return {day.replace(day=1) for day, *_ in days}

    def _in_gold(self, first: date, last: date) -> list[Row]:
        days = self.daily["sold_on"]
        since, until = (pa.scalar(day, pa.date32()) for day in (first, last))
        is_asked = pc.and_(pc.greater_equal(days, since), pc.less_equal(days, until))
        columns = self.daily.select([*_TOLD_APART, "sales", "amount"])
        return python_rows(columns.filter(is_asked))

    def _as_made(self, month: date, first: date, last: date) -> list[Row]:
        """The sales of a month on hold, as they were when gold was made of them.

        Raises:
            UsageError: Silver is not kept any more as it was then.
        """
        wanted = _sums(row for row in self._in_gold(first, last) if _month(row) == month)
        if not wanted:
            return []
        try:
            for run in reversed(runs_before(self.engine, self.run)):
                sold = [row for row in self._sold(run, first, last) if _month(row) == month]
                if _sums(sold) == wanted:
                    return sold
        except VersionGone:
            pass
        raise UsageError(
            f"{month:%Y-%m}: on hold, and the sales that gold shows are not kept by day and "
            f"product any more, got {first} to {last}. Do: ask for whole months, or deliver the "
            "rates that sales-pipeline status names."
        )

    def _priced(self, rows: Sequence[Row]) -> Iterator[Row]:
        """The rows with their revenue and the category that the cube has; without unpriced ones."""
        categories = self._categories({_month(row) for row in rows})
        for row in rows:
            rate = self.taken.rate(row["currency"], row["sold_on"])
            if rate is not None:
                place = (_month(row), row["store"], row["product"], row["currency"])
                yield row | {
                    "category": categories.get(place, row["category"]),
                    "revenue": EXACT.multiply(row["amount"], rate),
                    "revenue_returned": EXACT.multiply(row["amount_returned"], rate),
                }

    def _categories(self, months: Collection[date]) -> dict[tuple[Any, ...], str | None]:
        """Month, store, product and currency -> category of the cube, in some months.

        The cube has one category of each product, also where silver has two.
        """
        names = ("month", "store", "product", "currency", "category")
        cube = self.cube.filter(pc.is_in(self.cube["month"], pa.array(months, pa.date32())))
        rows = zip(*(cube[name].to_pylist() for name in names), strict=True)
        return {tuple(place): category for *place, category in rows}


def _month(row: Row) -> date:
    first: date = row["sold_on"].replace(day=1)
    return first


def _sums(rows: Iterable[Row]) -> dict[tuple[Any, ...], tuple[int, Any]]:
    """Day, store and currency -> number of sales and their amount."""
    sums: dict[tuple[Any, ...], tuple[int, Any]] = {}
    for row in rows:
        key = tuple(row[name] for name in _TOLD_APART)
        sales, amount = sums.get(key, (0, 0))
        sums[key] = (sales + row["sales"], EXACT.add(amount, row["amount"]))
    return sums
