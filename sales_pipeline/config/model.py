"""The declaration of a retailer: feeds, stores, currencies, the catalogue and the rates.

The model is the vocabulary of `config.yaml`. It refuses unknown keys, and the JSON Schema
(`sales-pipeline config schema`) is generated from it. Its parts are modules of their own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from sales_pipeline.config.analysis import Classes, Closing, FiscalCalendar, LikeForLike
from sales_pipeline.config.catalogue import Catalogue
from sales_pipeline.config.checks import declaration_mismatches
from sales_pipeline.config.currencies import MINOR_UNITS
from sales_pipeline.config.feed import Feed, Format
from sales_pipeline.config.files import Arrival, FileOrder
from sales_pipeline.config.locations import USUAL_LAKEHOUSE, USUAL_LANDING
from sales_pipeline.config.rates import Rates
from sales_pipeline.config.stores import Store
from sales_pipeline.config.taxes import NET_OF_TAX, RevenueBasis
from sales_pipeline.config.values import (
    CatalogName,
    Currency,
    Declared,
    EngineName,
    Identifier,
    Language,
    Text,
)


class Declaration(Declared):
    """A retailer's whole declaration, as in `config.yaml`."""

    language: Language = "en"
    """The language of product and category names in silver and gold."""
    base_currency: Currency = "EUR"
    """The currency of every revenue in gold; cannot change once a lakehouse is made."""
    revenue: RevenueBasis = "as_delivered"
    """What gold adds up: `as_delivered`, the amounts as the files have them; or `net_of_tax`, the
    amounts without the tax that they include, which makes countries comparable. For the latter
    every feed declares its `tax`."""
    landing: Text = USUAL_LANDING
    """The folder that receives files; relative to the working directory. With a catalog,
    `{catalog}` and `{schema}` in it are replaced by the names that are declared or given."""
    lakehouse: Text = USUAL_LAKEHOUSE
    """The folder of the tables, the archive and the rejected files; not in the landing folder, nor
    around it. `{catalog}` and `{schema}` are replaced as in `landing`. With a catalog, the tables
    are in the catalog and not in this folder."""
    engine: EngineName | None = None
    """The engine that runs it: `embedded`; `spark`, a Spark session in the same process, which
    needs Java; `sc://HOST:PORT`, a Spark Connect server that sees the landing folder and the
    lakehouse under the same paths; or `databricks`, the session that Databricks provides, with its
    tables in a catalog. The default is `$SPARK_REMOTE`, else `embedded`."""
    catalog: CatalogName | None = None
    """The catalog of the tables, which begins their names, such as `main.sales_silver.sales`;
    without it they are in the lakehouse folder. Not possible with `embedded`, required with
    `databricks`."""
    schema_name: CatalogName = Field(default="sales", alias="schema")
    """The beginning of the names of the schemas in the catalog: `sales` for `sales_bronze`,
    `sales_silver`, `sales_gold` and `sales_ops`. Missing schemas are created."""
    reader: Literal["python", "builtin"] = "python"
    """The reader of landing files: this package, as a Python data source of Spark; or, if a
    workspace does not allow that, `builtin`: Spark's own CSV reader, which the embedded engine does
    not have. The records are the same; docs/engines.md lists the files that it cannot read."""
    archive: Literal["move", "leave"] = "move"
    """Whether files move to the archive once their records are safe, or stay in the landing folder,
    which is then never changed."""
    arrival: Arrival = Arrival()
    """How a complete file is told from one that is still being written."""
    order: FileOrder = FileOrder()
    """Which of several files that are found together is the later one; `column` is only possible
    in a feed."""
    batch_bytes: Annotated[int, Field(ge=1)] = 1_000_000_000
    """The approximate size in bytes of the landing files in one batch, which bounds memory."""
    max_unpacked_ratio: Annotated[int, Field(ge=1)] = 200
    """The greatest ratio of a gzip file's unpacked size to its own; a file above it is rejected.
    Any file may unpack to 64 MiB."""
    keep_days: Annotated[int, Field(ge=0)] = 30
    """The number of days for which earlier versions of the tables are kept, so that earlier runs
    can be shown and compared. `sales-pipeline maintain` removes older ones, but never the versions
    of the last run."""
    rates: Rates = Rates()
    """The exchange rates."""
    catalogue: Catalogue
    """The product catalogue."""
    calendar: FiscalCalendar = FiscalCalendar()
    """When the fiscal year starts, and whether months are whole weeks."""
    like_for_like: LikeForLike = LikeForLike()
    """When a store is comparable between two periods."""
    classes: Classes = Classes()
    """The classes A, B and C of best sellers."""
    closing: Closing = Closing()
    """What may be open in a month when it is closed."""
    formats: dict[Identifier, Format] = {}
    """Shapes that several feeds share, by name: any key of a feed except landing, store and stores.
    A feed with `format: NAME` declares only the keys that differ. Its own values take precedence:
    key by key in mappings such as csv and columns, and as a whole everywhere else."""
    feeds: Annotated[dict[Identifier, Feed], Field(min_length=1)]
    """Each feed's name and shape. Files found together are processed in this order."""

    mismatches = staticmethod(declaration_mismatches)

    @property
    def tables_place(self) -> str:
        """The location of the tables for a message: the lakehouse folder, or `main.sales_*`."""
        return f"{self.catalog}.{self.schema_name}_*" if self.catalog else str(Path(self.lakehouse))

    @property
    def minor_units(self) -> int:
        """The decimals of the base currency: 2 for EUR, 0 for JPY."""
        return MINOR_UNITS[self.base_currency]

    @property
    def is_net_of_tax(self) -> bool:
        """True if the tax that amounts include is taken off."""
        return self.revenue == NET_OF_TAX

    @cached_property
    def stores(self) -> Mapping[str, Store]:
        """Every store by its id, in the order of the declaration."""
        stores = (store for feed in self.feeds.values() for store in feed.all_stores)
        return {store.id: store for store in stores}

    def archives(self, feed: str) -> bool:
        """Says whether the files of a feed are moved once their records are safe.

        Args:
            feed: A declared feed; or `catalogue` or `exchange_rates`, which follow the
                declaration's own `archive`.
        """
        declared = self.feeds.get(feed)
        if declared is None:
            return self.archive == "move"
        # Personal data is copied to the archive only if the feed declares it.
        usual = "leave" if declared.never_store else self.archive
        return (declared.archive or usual) == "move"

    def arrival_of(self, feed: str) -> Arrival:
        """Returns how the files of a feed, of the catalogue or of the rates arrive."""
        declared = self.feeds.get(feed)
        return (declared and declared.arrival) or self.arrival

    def order_of(self, feed: str) -> FileOrder:
        """Returns the order of files of a feed, of the catalogue or of the rates."""
        declared = self.feeds.get(feed)
        return (declared and declared.order) or self.order

    def corrects(self, feed: str) -> bool:
        """Says whether a file takes the place of an earlier one of its name.

        Args:
            feed: A declared feed; `catalogue`, whose files always do; or `exchange_rates`.
        """
        declared = self.rates if feed == "exchange_rates" else self.feeds.get(feed)
        return declared is None or declared.same_name == "corrects"

    def meaning_of(self, feed: str) -> str:
        """Returns 16 hex digits that change when validation may treat a feed's records otherwise.

        They depend on the feed's fingerprint, on the language that products are translated to, and
        on the tax that is taken off its amounts. For the catalogue it is that language itself.

        Args:
            feed: A declared feed, `catalogue` or `exchange_rates`.
        """
        if feed == "catalogue":
            return self.language
        if feed == "exchange_rates":
            return self.rates.fingerprint()
        text = f"{self.feeds[feed].fingerprint()} {self.language}"
        if self.is_net_of_tax and (taken_off := self.feeds[feed].tax_taken_off):
            text += f" without {taken_off}"
        return sha256(text.encode()).hexdigest()[:16]

    def verdict_of(self, feed: str) -> str:
        """Returns a text that changes when other files of a feed may be refused or held as wholes.

        It is the meaning of the feed's records and, after a full stop, 16 hex digits of its limits.

        Args:
            feed: A declared feed, `catalogue` or `exchange_rates`.
        """
        if feed == "catalogue":
            by_name = {each.language for each in self.feeds.values() if each.product_by == "name"}
            limits = f"{self.catalogue.verdict} {self.language} {sorted(by_name)}"
        elif feed == "exchange_rates":
            limits = str(self.rates.max_change.normalize())
        else:
            limits = self.feeds[feed].limits
        return f"{self.meaning_of(feed)}.{sha256(limits.encode()).hexdigest()[:16]}"


def json_schema() -> dict[str, Any]:
    """Returns the schema (draft 2020-12), with a description of every property."""
    from sales_pipeline.config.descriptions import describe

    schema = Declaration.model_json_schema()
    describe(schema, Declaration)
    _refuse_other_names(schema)
    _require_less_with_a_format(schema["$defs"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "Sales pipeline declaration",
    }


def schema_text() -> str:
    """Returns the schema as the text of a file: indented and reproducible."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _refuse_other_names(schema: dict[str, Any]) -> None:
    """Makes names of feeds, columns and codes invalid if they do not match their pattern.

    Changes the finished schema, because every command would have to load a generator of our own.
    """
    if "patternProperties" in schema:
        schema.setdefault("additionalProperties", False)
    for part in schema.values():
        if isinstance(part, dict):
            _refuse_other_names(part)


def _require_less_with_a_format(parts: dict[str, Any]) -> None:
    """Lets a feed that names a format leave out the required keys that the format may have."""
    feed, own = parts["Feed"], ["landing"]
    shared = [key for key in feed["required"] if key not in own]
    feed["required"] = own
    feed["anyOf"] = [{"required": ["format"]}, {"required": shared}]
    del parts["Rule"]["required"]
