"""The tax that is taken off the amounts of a group of feeds, under `revenue: net_of_tax`.

Whether amounts include tax and at which rates is data, joined by feed, or by store where a listed
store has its own; only the columns that hold a tax or a rate of each record make expressions.

net = amount / (1 + rate), rounded half up to 4 decimals, a return like the sale that it takes back
(P6). Engines disagree on quotients of decimals, and a rounded factor goes wrong at ties: 0.0003 at
20 % is 0.00025, but 0.0003 x 0.8333... is less. So the factor 1 / (1 + rate) is rounded up, once,
in Python: the rounded product is then right or 0.0001 too great, and a comparison of products,
which are exact, finds which.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_CEILING, Decimal, localcontext
from typing import Any

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sales_pipeline.config.feed import Feed
from sales_pipeline.config.taxes import StoreTax
from sales_pipeline.engines.statements import union_of
from sales_pipeline.lakehouse.arrow_types import arrow_type, sql_type
from sales_pipeline.profile import fetched
from sales_pipeline.silver.parsing.numbers import NumberStyle
from sales_pipeline.silver.parsing.spark_expressions import GIVEN, decimal_number, is_blank, step_on

_ALWAYS = date(1600, 1, 1)
"""The first day of a rate that is declared without one; a classic session of Spark takes no literal
of a year with fewer digits."""
INCLUDED, RATES = "_tax_included", "_tax_rates"
"""Whether the amounts of a feed include tax, and its rates."""
STORE_INCLUDED, STORE_RATES = "_store_tax_included", "_store_tax_rates"
"""The same of a listed store that has its own, else null."""
TAX_MISSING, TAX_UNREADABLE = "tax_missing", "tax_unreadable"
TAX_OUT_OF_RANGE = "tax_out_of_range"
PERCENT, FACTOR, GROSS = "_tax_percent", "_tax_factor", "_tax_gross"
"""A rate that a record has in percent, and what it is multiplied by."""
_IS_INCLUDED, _NUMBER, _RATE_TAKEN = "_tax_is_included", "_tax_number", "_tax_rate"
_MONEY_TYPE, _FACTOR_TYPE, _GROSS_TYPE = "DECIMAL(18,4)", "DECIMAL(19,18)", "DECIMAL(7,6)"
_FACTOR_STEP = Decimal(1).scaleb(-18)
_RATE_TYPES = {"since": "DATE", "factor": _FACTOR_TYPE, "gross": _GROSS_TYPE}
_RATE = pa.struct([(name, arrow_type(type_)) for name, type_ in _RATE_TYPES.items()])
FIELDS = {INCLUDED: pa.bool_(), RATES: pa.list_(_RATE)}
STORE_FIELDS = {STORE_INCLUDED: pa.bool_(), STORE_RATES: pa.list_(_RATE)}


def tax_values(tax: StoreTax | None) -> dict[str, Any]:
    """`INCLUDED` and `RATES` of a declared tax, as a row of the table of feeds has them."""
    if tax is None:
        return {INCLUDED: None, RATES: None}
    rates = [{"since": since or _ALWAYS, **vars(TaxFactor.of(rate))} for since, rate in tax.rates]
    return {INCLUDED: tax.included, RATES: rates}


def store_tax_values(tax: StoreTax | None) -> dict[str, Any]:
    """`tax_values` of a listed store, under the names of `STORE_FIELDS`."""
    return dict(zip(STORE_FIELDS, tax_values(tax).values(), strict=True))


def tax_columns(tax: StoreTax | None) -> dict[str, Column]:
    """The values of `tax_values` as constants."""
    values = tax_values(tax)
    rates = [
        F.struct(
            F.lit(rate["since"]).alias("since"),
            F.lit(str(rate["factor"])).cast(_FACTOR_TYPE).alias("factor"),
            F.lit(str(rate["gross"])).cast(_GROSS_TYPE).alias("gross"),
        )
        for rate in values[RATES] or ()
    ]
    array = F.array(*rates) if rates else F.lit(None).cast(sql_type(FIELDS[RATES]))
    return {INCLUDED: F.lit(values[INCLUDED]).cast("BOOLEAN"), RATES: array}


def tax_kind(feed: Feed) -> list[object]:
    """The part of the taxes of a feed that decides expressions; the rest is data."""
    if not feed.includes_tax:
        return []
    taxes = Taxes(feed)
    return [taxes.is_dated, taxes.has_own_stores, taxes.column, taxes.rate_column]


@dataclass(frozen=True)
class Taxes:
    """The taxes of the records of feeds whose amounts include some.

    Attributes:
        feed: The declaration that the feeds share; their rates may differ.
        percents: `PERCENT, FACTOR, GROSS`: the factor of each rate that records have in percent;
            None if none has.
    """

    feed: Feed
    percents: DataFrame | None = None

    @property
    def column(self) -> str | None:
        """The column that holds the tax of each record, if one does."""
        return self.feed.tax.column if self.feed.tax is not None else None

    @property
    def rate_column(self) -> str | None:
        """The column that holds the rate of each record in percent, if one does."""
        return self.feed.tax.rate_column if self.feed.tax is not None else None

    @property
    def is_dated(self) -> bool:
        """True if a rate depends on the day of the sale."""
        rates = [tax.rates for tax in self.feed.taxes if tax is not None]
        return any(len(steps) > 1 or since is not None for steps in rates for since, _ in steps)

    @property
    def has_own_stores(self) -> bool:
        """True if a listed store has a tax of its own."""
        return any(store.tax is not None for store in self.feed.stores.values())

    def percent(self) -> Column:
        """The rate of a record in percent, DECIMAL(18,4); null if it has none."""
        style = NumberStyle.of(self.feed)
        style = replace(style, symbols=(*style.symbols, "%"))
        return decimal_number(self._text(), style, scale=4)

    def with_tax(self, rows: DataFrame) -> DataFrame:
        """The rows with `tax`, which is taken off `amount`; null if none is, or it is not known.

        Args:
            rows: Typed records with `amount` and `sold_on`, and `FIELDS` and `STORE_FIELDS`.
        """
        amount = F.col("amount")
        rows = rows.withColumn(_IS_INCLUDED, self._is_included())
        if self.column is not None:
            number = decimal_number(self._text(), NumberStyle.of(self.feed), scale=4)
            rows = rows.withColumn(_NUMBER, number)
        if self.rate_column is not None:
            rows = rows.withColumn(PERCENT, self.percent())
            if self.percents is None:
                none = {FACTOR: _FACTOR_TYPE, GROSS: _GROSS_TYPE}
                rows = rows.withColumns({n: F.lit(None).cast(kind) for n, kind in none.items()})
            else:
                rows = rows.join(self.percents, PERCENT, "left")
        rows = rows.withColumn(_RATE_TAKEN, self._rate())
        rate = F.col(_RATE_TAKEN)
        tax = amount - net_amount(amount, rate["factor"], rate["gross"])
        if self.column is not None:
            own = F.when(_is_part_of(F.col(_NUMBER), amount), F.col(_NUMBER))
            tax = F.when(self._is_in_column(), own).otherwise(tax)
        return rows.withColumn("tax", F.when(F.col(_IS_INCLUDED), tax).cast(_MONEY_TYPE))

    def is_unknown(self) -> Column:
        """True if the amount of a record includes tax and nothing says how much."""
        return F.col(_IS_INCLUDED) & F.col("tax").isNull()

    def faults(self) -> Iterator[tuple[str, Column]]:
        """The reasons for which the tax is unknown, of records with an amount and a day."""
        in_column = self._is_in_column()
        by_rate = self.is_unknown() & ~in_column & F.col("amount").isNotNull()
        yield TAX_MISSING, by_rate & F.col("sold_on").isNotNull()
        if self.column is None and self.rate_column is None:
            return
        is_blank_ = is_blank(self._text())
        number = F.col(_NUMBER if self.column is not None else PERCENT)
        yield TAX_MISSING, in_column & is_blank_
        yield TAX_UNREADABLE, in_column & ~is_blank_ & number.isNull()
        is_odd = self.is_unknown() & number.isNotNull() & F.col("amount").isNotNull()
        yield TAX_OUT_OF_RANGE, in_column & is_odd

    def _is_included(self) -> Column:
        of_feed = F.coalesce(F.col(INCLUDED), F.lit(False))
        return F.coalesce(F.col(STORE_INCLUDED), of_feed) if self.has_own_stores else of_feed

    def _is_in_column(self) -> Column:
        """True if a column of the record holds its tax or rate."""
        if self.column is None and self.rate_column is None:
            return F.lit(False)
        if not self.has_own_stores:
            return F.col(_IS_INCLUDED)
        return F.col(_IS_INCLUDED) & F.col(STORE_INCLUDED).isNull()

    def _rate(self) -> Column:
        """The rate that a record takes, as a struct of a factor and 1 + rate."""
        rates = F.col(RATES)
        if self.has_own_stores:
            has_own = F.col(STORE_INCLUDED).isNotNull()
            rates = F.when(has_own, F.col(STORE_RATES)).otherwise(rates)
        last = F.try_element_at(rates, F.lit(-1))
        declared = step_on(rates, F.col("sold_on")) if self.is_dated else last
        factor, gross = declared["factor"], declared["gross"]
        if self.rate_column is not None:
            in_column = self._is_in_column()
            factor = F.when(in_column, F.col(FACTOR)).otherwise(factor)
            gross = F.when(in_column, F.col(GROSS)).otherwise(gross)
        return F.struct(factor.alias("factor"), gross.alias("gross"))

    def _text(self) -> Column:
        return F.col(f"{GIVEN}{self.column or self.rate_column}")


def percents_of(records: Iterable[tuple[DataFrame, Taxes]]) -> pa.Table:
    """Finds the rates that records have in percent, in one statement, and their factors.

    Args:
        records: What `DeliveredRecords.rows` gives of some feeds, and their taxes.

    Returns:
        `PERCENT, FACTOR, GROSS`, of rates from 0 to 100 %. Python divides, because no engine does.
    """
    rates = [rows.select(taxes.percent().alias(PERCENT)) for rows, taxes in records]
    percents = fetched("collect the rates of tax", union_of(rates).distinct())[PERCENT].to_pylist()
    known = sorted(percent for percent in percents if percent is not None and 0 <= percent <= 100)
    factors = ((percent, TaxFactor.of(percent / 100)) for percent in known)
    rows = [{PERCENT: percent, FACTOR: tax.factor, GROSS: tax.gross} for percent, tax in factors]
    types = {PERCENT: _MONEY_TYPE, FACTOR: _FACTOR_TYPE, GROSS: _GROSS_TYPE}
    schema = pa.schema([(name, arrow_type(type_)) for name, type_ in types.items()])
    return pa.Table.from_pylist(rows, schema=schema)


def _is_part_of(tax: Column, amount: Column) -> Column:
    """True if a tax is between zero and the amount, which is negative for a return."""
    return F.when(amount < 0, (tax <= 0) & (tax >= amount)).otherwise((tax >= 0) & (tax <= amount))


@dataclass(frozen=True)
class TaxFactor:
    """A rate of tax as it is joined to records.

    Attributes:
        factor: 1 / (1 + rate), rounded up to 18 decimals.
        gross: 1 + rate, of 6 decimals.
    """

    factor: Decimal
    gross: Decimal

    @classmethod
    def of(cls, rate: Decimal) -> TaxFactor:
        """The factor of a rate, which is a share from 0 to 1 of at most 6 decimals.

        >>> TaxFactor.of(Decimal("0.2"))
        TaxFactor(factor=Decimal('0.833333333333333334'), gross=Decimal('1.200000'))
        """
        with localcontext(prec=60):
            gross = (1 + rate).quantize(Decimal("0.000001"))
            factor = (1 / gross).quantize(_FACTOR_STEP, rounding=ROUND_CEILING)
        return cls(factor, gross)


def net_amount(amount: Column, factor: Column, gross: Column) -> Column:
    """The amount without tax, DECIMAL(18,4); null if one of the others is null.

    Args:
        amount: The amount with tax, DECIMAL(18,4).
        factor: `TaxFactor.factor`, DECIMAL(19,18).
        gross: `TaxFactor.gross`, DECIMAL(7,6).
    """
    size, step = F.abs(amount), F.lit("0.0001").cast("DECIMAL(5,4)")
    most = F.round(size * factor, 4).cast(_MONEY_TYPE)
    is_too_great = (most + most - step) * gross > size + size
    net = F.when(is_too_great, most - step).otherwise(most).cast(_MONEY_TYPE)
    return F.when(amount < 0, -net).otherwise(net).cast(_MONEY_TYPE)
