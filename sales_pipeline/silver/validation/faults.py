"""Why a record is quarantined: every reason, as a condition on its texts and typed columns.

The rules that a retailer declares are asked of sales that are fit otherwise. A rule quarantines the
sales that break it, only counts them, or refuses the file; one that is null for a sale holds.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sales_pipeline.config.feed import Feed
from sales_pipeline.config.sql.expressions import failing_columns, rule_condition
from sales_pipeline.silver.parsing.spark_expressions import any_of, is_blank, is_in_range
from sales_pipeline.silver.validation import reasons
from sales_pipeline.silver.validation.delivered_records import (
    COMPUTED_FAILED,
    EXCLUDE_FAILED,
    LAST_DAY,
    DeliveredRecords,
)
from sales_pipeline.silver.validation.reasons import (
    PRICE_UNKNOWN,
    PRODUCT_UNKNOWN,
    RULE,
    STORE_UNKNOWN,
)

Fault = tuple[str, Column]
"""A reason's code, and the condition under which a well-split record has it."""


@dataclass(frozen=True)
class Faults:
    """The possible faults of the records of one group of feeds.

    Attributes:
        delivered: How the records are delivered.
    """

    delivered: DeliveredRecords

    @property
    def _feed(self) -> Feed:
        return self.delivered.feed

    @property
    def _may_lack_currency(self) -> bool:
        group = self.delivered.group
        return not group.has_plain_currency or group.states_currency

    def is_broken(self) -> Column:
        """True if any fault holds; uses the typed columns only, which is cheaper than `all`."""
        needed = ["sold_on", "product", "quantity", "amount", *self.delivered.key_columns]
        broken = [F.col("_problem").isNotNull(), ~self._is_in_range()]
        broken += [condition for _, condition in self._sql_faults()]
        if "unit_price" in self.delivered.number_columns:
            broken.append(_is_unreadable("unit_price"))
        if self.delivered.group.has_stores:
            needed.append("store")
        if self._may_lack_currency:
            needed.append("currency")
        if self._feed.returns == "quarantine":
            broken.append(_is_return())
        if self.delivered.taxes is not None:
            broken.append(self.delivered.taxes.is_unknown())
        return F.coalesce(
            any_of([*broken, *(F.col(name).isNull() for name in dict.fromkeys(needed))]),
            F.lit(True),
        )

    def all(self) -> list[Fault]:
        """Every fault that a record of the feed can have."""
        given, day = F.col("_given_sold_on"), F.col("sold_on")
        source, product = F.col("source_product"), F.col("product")
        faults = [
            ("key_missing", any_of(F.col(key).isNull() for key in self.delivered.key_columns)),
            *self._store_faults(),
            ("date_missing", is_blank(given)),
            ("date_unreadable", ~is_blank(given) & day.isNull()),
            *self._range_faults(),
            ("product_missing", is_blank(source)),
            (PRODUCT_UNKNOWN, ~is_blank(source) & product.isNull()),
            *self._number_faults(),
            *self._currency_faults(),
            *(self.delivered.taxes.faults() if self.delivered.taxes is not None else ()),
        ]
        faults += self._sql_faults()
        well_split = F.col("_problem").isNull()
        return [(code, well_split & fault) for code, fault in faults]

    def _sql_faults(self) -> list[Fault]:
        """The faults of records on which declared SQL fails."""
        faults = [
            (f"{reasons.COMPUTED_FAILED}{name}", F.col(COMPUTED_FAILED) == name)
            for name in failing_columns(self._feed)
        ]
        if self._feed.exclude_when is not None:
            faults.append(("exclude_failed", F.col(EXCLUDE_FAILED)))
        return faults

    def _range_faults(self) -> list[Fault]:
        day, latest = F.col("sold_on"), self._feed.latest
        if latest != "delivery":
            return [("date_out_of_range", day.isNotNull() & ~self._is_in_range())]
        is_late = day > F.col(LAST_DAY)
        return [
            ("date_out_of_range", day.isNotNull() & ~is_late & ~self._is_in_range()),
            ("sold_after_delivery", is_late),
        ]

    def _is_in_range(self) -> Column:
        latest = self._feed.latest
        last = F.col(LAST_DAY) if latest == "delivery" else latest
        return is_in_range(F.col("sold_on"), self._feed.earliest, last)

    def _store_faults(self) -> list[Fault]:
        if not self.delivered.group.has_stores:
            return []
        blank, unknown = is_blank(F.col("_given_store")), F.col("store").isNull()
        return [("store_missing", blank), (STORE_UNKNOWN, ~blank & unknown)]

    def _number_faults(self) -> list[Fault]:
        faults = []
        for name in self.delivered.number_columns:
            if not self._may_be_empty(name):
                faults.append((f"{name}_missing", is_blank(F.col(f"_given_{name}"))))
            faults.append((f"{name}_unreadable", _is_unreadable(name)))
        if self._feed.returns == "quarantine":
            faults.append(("return_refused", _is_return()))
        if self.delivered.is_priced_by_catalogue:
            priced = F.col("product").isNotNull() & self._is_in_range()
            faults.append((PRICE_UNKNOWN, priced & F.col("unit_price").isNull()))
        if "amount" not in self.delivered.number_columns:
            factors = F.col("unit_price").isNotNull() & F.col("quantity").isNotNull()
            faults.append(("amount_too_large", factors & F.col("amount").isNull()))
        return faults

    def _may_be_empty(self, name: str) -> bool:
        if name == "quantity":
            return self._feed.missing_quantity is not None
        return name == "unit_price" and "amount" in self.delivered.number_columns

    def _currency_faults(self) -> list[Fault]:
        """Faults of the currency; none where another fault is the cause that it is not known."""
        if self.delivered.is_priced_by_catalogue:
            return []
        unknown = F.col("currency").isNull()
        faults, stated = [], F.lit(False)
        if self._feed.has("currency"):
            stated = ~is_blank(F.col("_given_currency"))
            faults.append(("currency_unknown", stated & unknown))
        if not self.delivered.group.has_plain_currency:
            cause = F.col("store").isNull() | F.col("sold_on").isNull()
            faults.append(("currency_missing", ~stated & unknown & ~cause))
        return faults


def _is_unreadable(name: str) -> Column:
    return F.col(name).isNull() & ~is_blank(F.col(f"_given_{name}"))


def _is_return() -> Column:
    return F.coalesce(F.col("quantity") < 0, F.lit(False))


def rule_faults(feed: Feed, is_broken: Column) -> list[Fault]:
    """The reasons of the rules that quarantine, for records without any other fault."""
    return [
        (f"{RULE}{name}", ~is_broken & _breaks(feed, name))
        for name, rule in feed.rules.items()
        if rule.severity == "quarantine"
    ]


def rule_counts(typed: DataFrame, feed: Feed, fit: Column) -> DataFrame:
    """`_file_id, checked, broken, first`: the sales of each delivery, and which break each rule.

    Args:
        typed: The records of feeds, with the columns that rules may name (`SALE_KINDS`).
        feed: The declaration that the feeds share.
        fit: Whether a record is asked for the rules.

    Returns:
        `broken` is an array with a count for each rule, in its order; `first` one with the number
        of the first record that breaks it.
    """
    breaking = [F.when(fit & _breaks(feed, name), F.col("_row")) for name in feed.rules]
    names = [f"breaking_{place}" for place in range(len(breaking))]
    marked = typed.select(
        "_file_id",
        F.when(fit, 1).otherwise(0).alias("is_fit"),
        *(row.alias(name) for row, name in zip(breaking, names, strict=True)),
    )
    return marked.groupBy("_file_id").agg(
        F.sum("is_fit").cast("BIGINT").alias("checked"),
        F.array(*map(F.count, names)).alias("broken"),
        F.array(*map(F.min, names)).alias("first"),
    )


def _breaks(feed: Feed, name: str) -> Column:
    """True if a sale breaks a rule: it does not hold, or its SQL fails on a value of the sale."""
    condition = rule_condition(feed, name)
    breaks = ~F.coalesce(F.expr(condition.safe_sql), F.lit(True))
    return breaks if condition.failed_sql is None else F.expr(condition.failed_sql) | breaks
