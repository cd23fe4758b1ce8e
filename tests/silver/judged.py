"""Judges records at hand by a feed with any options, on the engine of the session."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame

from sales_pipeline.config.model import Feed
from sales_pipeline.engines.embedded import EmbeddedEngine
from sales_pipeline.landing.shape import bronze_schema
from sales_pipeline.silver.judging import Judge
from sales_pipeline.silver.learning import Knowledge
from sales_pipeline.silver.meanings import Meanings
from sales_pipeline.silver.prices import Price, Prices
from sales_pipeline.silver.products import Known, Product
from sales_pipeline.silver.reading import NUMBERS, ORIGIN
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


class Records:
    """Records of the feed `lyon`, each with its columns; a plain sale where nothing is said.

    Args:
        engine: The engine.
        rows: Column -> text of each record.
        feed: Options of the feed. A column that is not plain is declared by being in a row.
    """

    def __init__(
        self, engine: EmbeddedEngine, rows: Sequence[dict[str, str | None]], **feed: Any
    ) -> None:
        self.engine = engine
        declared = {**DECLARATION["feeds"]["lyon"], **feed}
        declared = {name: value for name, value in declared.items() if value is not None}
        others = dict.fromkeys(name for row in rows for name in row)
        if "columns" not in feed:
            declared["columns"] = {name: name for name in [*PLAIN, *others] if name[0] != "_"}
        columns = list(declared["columns"].items())
        full = [{"_file_id": 1, "_row": place, **PLAIN, **row} for place, row in enumerate(rows, 1)]
        self.feed = Feed.model_validate(declared)
        self.judge = Judge("lyon", self.feed)
        table = pa.Table.from_pylist(full, bronze_schema(columns))
        self.bronze = engine.spark().createDataFrame(table)

    def judged(
        self, prices: Prices | None = None, *, with_readings: bool = False
    ) -> list[dict[str, Any]]:
        """The judged records in order."""
        known = self._readings if with_readings else None
        rows = self.judge.judged(self.bronze, self.names(prices), known).toArrow().to_pylist()
        return sorted(rows, key=lambda row: int(row["_row"]))

    def amounts(self, *, with_readings: bool = False) -> list[tuple[str | None, Decimal | None]]:
        """The currency and the amount of each record as the balance counts them, sorted."""
        known = self._readings if with_readings else {}
        rows = self.judge.amounts(self.bronze, self.names(), known).toArrow().to_pylist()
        return sorted(((row["currency"], row["amount"]) for row in rows), key=repr)

    def key_hashes(self, *, with_readings: bool = False) -> list[int | None]:
        """The hash of each record's key, in order."""
        known = self._readings if with_readings else None
        rows = self.judge.keyed(self.bronze, known).toArrow().to_pylist()
        return [row["key_hash"] for row in sorted(rows, key=lambda row: int(row["_row"]))]

    @property
    def _readings(self) -> dict[tuple[str, ...], DataFrame]:
        reader = self.judge.reader
        return {
            columns: reader.readings(reader.texts(self.bronze, columns), columns)
            for columns in (("sold_on",), NUMBERS, ORIGIN)
        }

    def values(self, *columns: str, prices: Prices | None = None) -> list[Any]:
        """Some columns of the judged records, as text; a value where there is one column."""
        rows = [[_shown(row[name]) for name in columns] for row in self.judged(prices)]
        return [row[0] if len(columns) == 1 else tuple(row) for row in rows]

    def verdicts(self, prices: Prices | None = None) -> list[tuple[str, list[str]]]:
        """The verdict and the reasons of each record."""
        return [(row["verdict"], row["reasons"]) for row in self.judged(prices)]

    def names(self, prices: Prices | None = None) -> DataFrame:
        """What the catalogue makes of the products as delivered."""
        delivered = self.judge.source_products(self.bronze).toArrow().to_pylist()
        meanings = Meanings({"lyon": self.feed}, Knowledge(KNOWN, prices or {}))
        table = meanings.table(delivered)
        if not table.num_rows:
            table = meanings.table([{"feed": "lyon", "source_product": "Vase"}])
        return self.engine.spark().createDataFrame(table)


def _shown(value: Any) -> Any:
    return value if value is None or isinstance(value, list) else str(value)
