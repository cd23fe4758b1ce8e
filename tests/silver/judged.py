"""Judges records at hand by a feed with any options, on the engine of the session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame

from sales_pipeline.config.loader import declaration_from
from sales_pipeline.engines.embedded import EmbeddedEngine
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Delivery, State
from sales_pipeline.lakehouse.runs import utc_now
from sales_pipeline.lakehouse.tables import BRONZE_SALES
from sales_pipeline.silver.batch import Batch
from sales_pipeline.silver.doubtful_days import doubtful_days
from sales_pipeline.silver.parsing.parsed_texts import ParsedTexts
from sales_pipeline.silver.reference.learning import Knowledge
from sales_pipeline.silver.reference.products import Known, Price, Prices, Product
from sales_pipeline.silver.validation.validator import Validator
from tests.retailer import DECLARATION

PLAIN = {"sale_id": "1", "sold_on": "2025-01-15", "product": "Vase", "quantity": "1",
         "unit_price": "10.00", "amount": "10.00"}  # fmt: skip
KNOWN: Known = {
    (language, source): Product(language, source, product, "Home", 1, 1)
    for language, source, product in [
        ("fr", "Vase", "Vase"),
        ("fr", "Thé vert", "Green tea"),
        ("*", "V-1", "Vase"),
    ]
}


def a_price(valid_from: Any, price: Any, currency: str = "EUR") -> Price:
    """A list price."""
    return Price(valid_from, price, currency, 1, 1)


_RETAILER: dict[str, Any] = {
    "rates": {"policy": "fixed", "fixed": dict.fromkeys(["USD", "JPY", "CHF", "BGN"], "0.5")},
    "catalogue": {
        **DECLARATION["catalogue"],
        "code": "code",
        "price": {"amount": "price", "currency": "EUR"},
    },
}
"""A retailer whose feeds may have any option."""


class Records:
    """Records of the feed `lyon`, each with its columns; a plain sale where nothing is said.

    Args:
        engine: The engine.
        rows: Column -> text of each record.
        feed: Options of the feed. A column that is not plain is declared by being in a row.
    """

    def __init__(
        self, engine: EmbeddedEngine, rows: Sequence[Mapping[str, str | None]], **feed: Any
    ) -> None:
        self.engine = engine
        declared = {**DECLARATION["feeds"]["lyon"], **feed}
        declared = {name: value for name, value in declared.items() if value is not None}
        null_columns = dict.fromkeys(name for row in rows for name in row)
        if "columns" not in feed:
            declared["columns"] = {name: name for name in [*PLAIN, *null_columns] if name[0] != "_"}
        declaration = declaration_from({**_RETAILER, "feeds": {"lyon": declared}})
        self.lakehouse = Lakehouse(declaration, engine)
        self.feed = declaration.feeds["lyon"]
        own = {"feed": "lyon", "_file_id": 1}
        full = [{**own, "_row": place, **PLAIN, **row} for place, row in enumerate(rows, 1)]
        names = [column.name for column in self.lakehouse.tables[BRONZE_SALES].columns]
        numbers = {"_file_id", "_row"}
        types = [(name, pa.int64() if name in numbers else pa.string()) for name in names]
        self.bronze = engine.spark().createDataFrame(pa.Table.from_pylist(full, pa.schema(types)))

    def _batch(self, prices: Prices | None = None) -> Batch:
        knowledge = Knowledge(KNOWN, prices or {})
        return Batch(self.lakehouse, (_DELIVERY,), knowledge, bronze=self.bronze)

    def _rows(self, prices: Prices | None, *, with_readings: bool) -> tuple[Validator, DataFrame]:
        """How the records are validated: by distinct texts that are joined, or record by record."""
        batch = self._batch(prices)
        [branch] = batch.branches
        texts = batch.texts
        if not with_readings and texts.priced is not None:
            columns = ["_feed_lookup", "_text_product", "product", "category"]
            columns += [name for name in ("_prices",) if name in texts.priced.columns]
            texts = ParsedTexts(products=texts.priced.select(*columns).distinct())
        keyed = branch.delivered.keyed(branch.delivered.rows(branch.restored(self.bronze)))
        return Validator(branch.delivered, texts), keyed

    def judged(
        self, prices: Prices | None = None, *, with_readings: bool = False
    ) -> list[dict[str, Any]]:
        """The validated records in order; a fit one has no reasons."""
        validator, keyed = self._rows(prices, with_readings=with_readings)
        rows = validator.validated(keyed).toArrow().to_pylist()
        full = [{**row, "reasons": row["reasons"] or []} for row in rows]
        return sorted(full, key=lambda row: int(row["_row"]))

    def amounts(self, *, with_readings: bool = False) -> list[tuple[str | None, Decimal | None]]:
        """The currency and the amount of each record as the balance counts them, sorted."""
        validator, keyed = self._rows(None, with_readings=with_readings)
        rows = validator.amounts(keyed).toArrow().to_pylist()
        return sorted(((row["currency"], row["amount"]) for row in rows), key=repr)

    def key_hashes(self, *, with_readings: bool = False) -> list[int | None]:
        """The hash of each record's key, in order."""
        _, keyed = self._rows(None, with_readings=with_readings)
        rows = keyed.select("_row", "key_hash").toArrow().to_pylist()
        return [row["key_hash"] for row in sorted(rows, key=lambda row: int(row["_row"]))]

    def unknown_stores(self) -> list[dict[str, Any]]:
        """The texts that stand for a store and mean none, with their records."""
        rows = self._batch().unknown_stores()
        return rows.toArrow().to_pylist() if rows is not None else []

    def rule_counts(self) -> list[dict[str, Any]]:
        """How many sales of the delivery break each rule."""
        rows = self._batch().rule_counts()
        return rows.toArrow().to_pylist() if rows is not None else []

    def doubtful_days(self) -> list[str]:
        """The warnings about the texts of days."""
        return [warning.sentence for warning in doubtful_days(self._batch())]

    def values(self, *columns: str, prices: Prices | None = None) -> list[Any]:
        """Some columns of the judged records, as text; a value where there is one column."""
        rows = [[_shown(row[name]) for name in columns] for row in self.judged(prices)]
        return [row[0] if len(columns) == 1 else tuple(row) for row in rows]

    def verdicts(self, prices: Prices | None = None) -> list[tuple[str, list[str]]]:
        """The verdict and the reasons of each record."""
        return [(row["verdict"], row["reasons"]) for row in self.judged(prices)]


_DELIVERY = Delivery(
    file_id=1,
    feed="lyon",
    name="a.csv",
    path="lyon/a.csv",
    sha256="",
    bytes=0,
    state=State.IN_BRONZE,
    fingerprint="",
    claimed_at=utc_now(),
    run_id="",
)


def _shown(value: Any) -> Any:
    return value if value is None or isinstance(value, list) else str(value)
