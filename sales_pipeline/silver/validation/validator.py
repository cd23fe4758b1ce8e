"""Classifies single records by their own content: excluded, quarantined or fit.

DESIGN "The state, as a function", 2: a declared condition is tested first, on the text; then
the record is malformed, breaks a rule (all its reasons are kept), or is fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sales_pipeline.config.feed import Feed
from sales_pipeline.lakehouse.tables import EXCLUDED, QUARANTINED
from sales_pipeline.silver.parsing.numbers import SCALES, NumberStyle, looks_grouped
from sales_pipeline.silver.parsing.parsed_texts import ParsedTexts
from sales_pipeline.silver.parsing.spark_expressions import (
    GIVEN,
    any_of,
    as_json,
    calendar_day,
    decimal_number,
    is_blank,
    month_of,
    product_of,
    step_on,
)
from sales_pipeline.silver.validation.delivered_records import DeliveredRecords
from sales_pipeline.silver.validation.faults import Faults, rule_counts, rule_faults
from sales_pipeline.silver.validation.feed_groups import NUMBERS

FIT = "fit"
NO_STORE = ""
"""The store of a record that names none, or one that is not declared; it is never fit."""
_BODY = ("sold_on", "month", "product", "category", "unit_price", "quantity", "amount", "tax",
         "currency", "source_product", "_file_id", "_row")  # fmt: skip


@dataclass(frozen=True)
class Validator:
    """Validates the records of one group of feeds.

    Attributes:
        delivered: The records as delivered.
        texts: What their texts are parsed as.
    """

    delivered: DeliveredRecords
    texts: ParsedTexts

    @property
    def feed(self) -> Feed:
        """The declaration that all feeds of the group share."""
        return self.delivered.feed

    def validated(self, keyed: DataFrame) -> DataFrame:
        """The records, parsed, each with its verdict.

        Args:
            keyed: What `DeliveredRecords.keyed` gives, or some rows of it.

        Returns:
            The columns of a sale (see `tables.sale_columns`), null where they cannot be parsed;
            `key_hash`; `verdict` (`fit`, `quarantined` or `excluded`); and of a quarantined
            record `reasons` (ARRAY<STRING>) and `raw`, null for the others.
        """
        typed = self.typed(keyed)
        is_broken = self.faults.is_broken()
        broken_rules = rule_faults(self.feed, is_broken)
        codes = [F.when(fault, F.lit(code)) for code, fault in self.faults.all()]
        broken = typed.withColumn("_is_broken", is_broken)
        if broken_rules:
            codes += [F.when(fault, F.lit(code)) for code, fault in broken_rules]
            breaks = any_of(fault for _, fault in rule_faults(self.feed, F.col("_is_broken")))
            broken = broken.withColumn("_is_broken", F.col("_is_broken") | breaks)
        judged = broken.withColumn("verdict", _fenced(self._verdict()))
        is_quarantined = F.col("verdict") == QUARANTINED
        reasons = F.array_compact(F.array(F.col("_problem"), *codes))
        return judged.select(
            *self._sale_columns(),
            F.when(~is_quarantined, F.col("key_hash")).alias("key_hash"),
            "verdict",
            F.when(is_quarantined, reasons).alias("reasons"),
            F.when(is_quarantined, self.raw()).alias("raw"),
        )

    def amounts(self, keyed: DataFrame) -> DataFrame:
        """The money of the records as delivered; null if it cannot be determined.

        Returns:
            `feed, _file_id, _row, currency, amount`; `money, money_text`: what was delivered of
            it, parsed and as delivered; `is_grouped`: see `numbers.looks_grouped`.
        """
        name, text = self.delivered.group.money_column, F.lit(None).cast("STRING")
        if name is not None:
            text = self._text(name)
        money = F.lit(None).cast("DECIMAL(18,4)") if name is None else F.col(name)
        return self._as_delivered(keyed).select(
            *("feed", "_file_id", "_row", "currency", "amount"),
            money.alias("money"),
            text.alias("money_text"),
            text.rlike(looks_grouped(self.feed.csv.decimal)).alias("is_grouped"),
        )

    def rule_counts(self, keyed: DataFrame) -> DataFrame:
        """Counts, for each delivery, the sales that keep the feed's rules: `faults.rule_counts`."""
        fit = ~F.col("_is_excluded") & ~self.faults.is_broken()
        return rule_counts(self.typed(keyed), self.feed, fit)

    @property
    def needs_records_for_amounts(self) -> bool:
        """True if the currency or the amount depends on more than product and numbers."""
        group = self.delivered.group
        return (
            self.delivered.is_priced_by_catalogue
            or group.states_currency
            or group.has_dated_currency
        )

    @property
    def faults(self) -> Faults:
        """The possible faults of the records."""
        return Faults(self.delivered)

    def _verdict(self) -> Column:
        verdict = F.when(F.col("_is_broken"), F.lit(QUARANTINED)).otherwise(F.lit(FIT))
        if self.feed.exclude_when is None:
            return verdict
        return F.when(F.col("_is_excluded"), F.lit(EXCLUDED)).otherwise(verdict)

    def typed(self, keyed: DataFrame) -> DataFrame:
        """The records with their columns parsed, and everything that their verdict depends on.

        `amount` is as delivered: rules compare it with the price; `tax` is what is taken off it.
        """
        rows = self._as_delivered(keyed)
        if self.delivered.taxes is None:
            return rows.withColumn("tax", F.lit(None).cast("DECIMAL(18,4)"))
        return self.delivered.taxes.with_tax(rows)

    def _as_delivered(self, keyed: DataFrame) -> DataFrame:
        """The records with their columns parsed, except the tax."""
        rows = keyed.withColumn("source_product", F.col(f"{GIVEN}product"))
        rows = self._with_prices(self._with_day(rows))
        if self.delivered.last_days is not None:
            rows = rows.join(self.delivered.last_days, "_file_id", "left")
        rows = self._with_money(rows)
        return rows.withColumn("month", month_of(F.col("sold_on")))

    def _with_day(self, rows: DataFrame) -> DataFrame:
        if self.texts.days is None:
            day = calendar_day(self._text("sold_on"), self.feed.date_formats)
            return rows.withColumn("sold_on", day)
        return self._joined(rows, self.texts.days, ["sold_on"], ["sold_on"])

    def _with_prices(self, rows: DataFrame) -> DataFrame:
        """The rows with product, category, the delivered numbers, and list prices if taken."""
        meaning = ["product", "category"]
        if self.delivered.is_priced_by_catalogue:
            meaning.append("_prices")
        numbers = self.delivered.number_columns
        if self.texts.priced is not None:
            texts = ["product", *NUMBERS]
            return self._joined(rows, self.texts.priced, texts, [*meaning, *numbers], named=True)
        if self.texts.products is not None:
            products = self.texts.products
            rows = self._joined(rows, products, ["product"], meaning, named=True, of_group=False)
        for column in numbers:
            if column in self.texts.numbers:
                rows = self._joined(rows, self.texts.numbers[column], [column], [column])
            else:
                rows = rows.withColumn(column, self._number(column))
        return rows

    def _joined(
        self,
        rows: DataFrame,
        known: DataFrame,
        texts: Sequence[str],
        values: Sequence[str],
        *,
        named: bool = False,
        of_group: bool = True,
    ) -> DataFrame:
        """The rows with values that are known of their texts.

        Args:
            rows: The records.
            known: The texts and their values.
            texts: The columns whose texts are looked up.
            values: The columns that are added.
            named: Whether what a text means depends on how a feed's products are looked up.
            of_group: Whether it depends on the group of feeds.
        """
        keys = [f"_text_{name}" for name in texts]
        if of_group:
            known = known.where(F.col("_feed_group") == self.delivered.group.number)
        by_lookup = ["_feed_lookup"] if named else []
        known = known.select(*by_lookup, *keys, *values)
        # No row of it joins without its texts. The optimiser of the embedded engine overestimates
        # the size of what was sent, and would move all records to join them; not so with this.
        for key in keys:
            known = known.where(F.col(key).isNotNull())
        rows = rows.withColumns({f"_text_{name}": self.delivered.joinable(name) for name in texts})
        return rows.join(known, [*by_lookup, *keys], "left").drop(*keys)

    def _text(self, column: str) -> Column:
        return F.col(f"{GIVEN}{column}")

    def _number(self, column: str) -> Column:
        text = self._text(column)
        number = decimal_number(text, NumberStyle.of(self.feed), scale=SCALES[column])
        if column == "quantity" and self.feed.missing_quantity is not None:
            usual = F.lit(str(self.feed.missing_quantity)).cast("DECIMAL(18,3)")
            return F.when(is_blank(text), usual).otherwise(number)
        return number

    def _with_money(self, rows: DataFrame) -> DataFrame:
        """Adds the price and the amount where the feed does not deliver them, and the currency."""
        numbers = self.delivered.number_columns
        if self.delivered.is_priced_by_catalogue:
            on_day = step_on(F.col("_prices"), F.col("sold_on"), since="valid_from")
            rows = rows.withColumn("_list_price", on_day)
            listed = F.col("_list_price")
            rows = rows.withColumns({"unit_price": listed["price"], "currency": listed["currency"]})
        else:
            rows = rows.withColumn("currency", self.delivered.currency())
            if "unit_price" not in numbers:
                rows = rows.withColumn("unit_price", F.lit(None).cast("DECIMAL(18,4)"))
        if "amount" not in numbers:
            rows = rows.withColumn("amount", product_of(F.col("unit_price"), F.col("quantity")))
        return rows

    def raw(self) -> Column:
        """The record's own text, or its columns as JSON under the headers of the file."""
        fields = [
            F.col(f"{GIVEN}{name}").alias(header) for name, header in self.feed.columns.items()
        ]
        return F.coalesce(F.col("_raw"), as_json(F.struct(*fields, F.col("_extra"))))

    def _sale_columns(self) -> list[Column]:
        names = ["sale_id", *self.delivered.further_keys, *_BODY]
        store = F.coalesce(F.col("store"), F.lit(NO_STORE)).alias("store")
        columns = {name: F.col(name) for name in names}
        if self.delivered.taxes is not None:
            tax = F.coalesce(F.col("tax"), F.lit(0).cast("DECIMAL(18,4)"))
            columns["amount"] = (F.col("amount") - tax).cast("DECIMAL(18,4)").alias("amount")
        return [F.col("feed"), store, *columns.values()]


def _fenced(value: Column) -> Column:
    """The value, in a form that keeps a filter on it behind the projection that makes it.

    An optimiser moves a filter below the projection and so computes every expression twice, once
    to filter and once to keep; measured, that costs as much again as the whole statement. It may
    not move what is not deterministic, and `rand() < 0` never holds.
    """
    return F.when(F.rand() < 0, F.lit(None).cast("STRING")).otherwise(value)
