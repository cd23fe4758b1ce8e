"""What a retailer declares: feeds, stores, currencies, the catalogue, the rates.

The model is the vocabulary of `config.yaml`. It refuses keys it does not know,
and its JSON Schema (`sales-pipeline config schema`) is generated from it. Its parts
are modules of their own and can be imported from here.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from sales_pipeline.config.catalogue import (
    Catalogue,
    CatalogueLanguage,
    CatalogueRows,
    ListPrice,
)
from sales_pipeline.config.checks import declaration_findings
from sales_pipeline.config.currencies import MINOR_UNITS
from sales_pipeline.config.declared import Declared
from sales_pipeline.config.dialect import ENCODINGS, Dialect, Encoding
from sales_pipeline.config.feed import Computed, DatedCurrency, Feed, Format, Rule
from sales_pipeline.config.feed_checks import REQUIRED_SALE_COLUMNS, SALE_COLUMNS
from sales_pipeline.config.findings import raise_findings
from sales_pipeline.config.folders import USUAL_LAKEHOUSE, USUAL_LANDING
from sales_pipeline.config.rates import DatedRate, Policy, RateColumns, Rates
from sales_pipeline.config.reserved import RESERVED_FEEDS
from sales_pipeline.config.stores import ListedStore, Store
from sales_pipeline.config.values import (
    CatalogName,
    Country,
    Currency,
    DatePattern,
    EngineName,
    Header,
    Identifier,
    LandingPattern,
    Language,
    Rate,
    Share,
    Text,
)

__all__ = [
    "ENCODINGS",
    "REQUIRED_SALE_COLUMNS",
    "RESERVED_FEEDS",
    "SALE_COLUMNS",
    "Catalogue",
    "CatalogueLanguage",
    "CatalogueRows",
    "Computed",
    "Country",
    "Currency",
    "DatePattern",
    "DatedCurrency",
    "DatedRate",
    "Declaration",
    "Declared",
    "Dialect",
    "Encoding",
    "Feed",
    "Format",
    "Header",
    "Identifier",
    "LandingPattern",
    "Language",
    "ListPrice",
    "ListedStore",
    "Policy",
    "Rate",
    "RateColumns",
    "Rates",
    "Rule",
    "Share",
    "Store",
]


class Declaration(Declared):
    """A retailer's whole declaration, as in `config.yaml`."""

    language: Language = "en"
    """The language of product and category names in silver and gold."""
    base_currency: Currency = "EUR"
    """The currency of every revenue in gold; cannot change once a lakehouse is made."""
    landing: Text = USUAL_LANDING
    """The folder that receives files; relative to the working directory. `{catalog}` and
    `{schema}` in it stand for the names that are declared or given, where there is a catalog."""
    lakehouse: Text = USUAL_LAKEHOUSE
    """The folder of the tables, the archive and the rejected files; not in the landing folder, nor
    around it. `{catalog}` and `{schema}` stand for the same as in `landing`; with a catalog, no
    table is in it."""
    engine: EngineName | None = None
    """What runs it: `embedded`; `spark`, a session of Spark in the same process, which needs Java;
    `sc://HOST:PORT`, a Spark Connect server that sees the landing folder and the lakehouse under
    the same paths; or `databricks`, the session that Databricks provides, with its tables in a
    catalog. Without it: `$SPARK_REMOTE`, else `embedded`."""
    catalog: CatalogName | None = None
    """The catalog of the tables, of which they have their names, such as
    `main.sales_silver.sales`; without it they lie in the lakehouse folder. Not with `embedded`,
    always with `databricks`."""
    schema_name: CatalogName = Field(default="sales", alias="schema")
    """How the schemas of the tables begin in the catalog: `sales` for `sales_bronze`,
    `sales_silver`, `sales_gold` and `sales_ops`. A schema that is not there is made."""
    reader: Literal["python", "builtin"] = "python"
    """What reads landing files: this package, as a Python data source of Spark; or, where a
    workspace allows none, `builtin`: Spark's own CSV reader, which the embedded engine does not
    have. The records are the same; docs/engines.md lists the files that it cannot read."""
    archive: Literal["move", "leave"] = "move"
    """Whether files move to the archive once their records are safe, or the landing folder is
    never changed."""
    batch_bytes: Annotated[int, Field(ge=1)] = 1_000_000_000
    """The bytes of landing files that are taken at a time, about, which bounds memory."""
    max_unpacked_ratio: Annotated[int, Field(ge=1)] = 200
    """How many times its own size a file in gzip may unpack to. One that goes further is rejected,
    but for the first 64 MiB, which any may unpack to."""
    keep_days: Annotated[int, Field(ge=0)] = 30
    """The days for which earlier versions of the tables are kept, so that earlier runs can be shown
    and compared; `sales-pipeline maintain` removes older ones, but never what the last run left."""
    rates: Rates = Rates()
    """The exchange rates."""
    catalogue: Catalogue
    """The product catalogue."""
    formats: dict[Identifier, Format] = {}
    """Shapes that several feeds share, by name: any key of a feed but landing, store and stores.
    A feed that says `format: NAME` needs to declare only what is its own: what it says comes
    first, key by key in mappings such as csv and columns, and as a whole everywhere else."""
    feeds: Annotated[dict[Identifier, Feed], Field(min_length=1)]
    """Each feed's name and shape. Files found together are taken in this order."""

    @model_validator(mode="after")
    def _parts_fit(self) -> Declaration:
        plain = self.model_dump(by_alias=True)
        raise_findings("Declaration", plain, declaration_findings(plain))
        return self

    @property
    def tables_place(self) -> str:
        """Where the tables are, for a message: the lakehouse folder, or `main.sales_*`."""
        return f"{self.catalog}.{self.schema_name}_*" if self.catalog else str(Path(self.lakehouse))

    @property
    def minor_units(self) -> int:
        """The decimals of the base currency: 2 for EUR, 0 for JPY."""
        return MINOR_UNITS[self.base_currency]

    @property
    def stores(self) -> dict[str, Store]:
        """Every store by its id, in the order of the declaration."""
        return {each.id: each for feed in self.feeds.values() for each in feed.all_stores}

    def archives(self, feed: str) -> bool:
        """Says whether the files of a feed are moved once their records are safe.

        Args:
            feed: A declared feed, or `catalogue` or `exchange_rates`, for which the
                declaration's own `archive` holds.
        """
        declared = self.feeds.get(feed)
        if declared is None:
            return self.archive == "move"
        # A copy of personal data is made only where somebody says so.
        usual = "leave" if declared.never_store else self.archive
        return (declared.archive or usual) == "move"

    def meaning_of(self, feed: str) -> str:
        """Returns 16 hex digits that change when the records of a feed would be judged otherwise.

        That is the feed's own fingerprint and the language that products are translated into.
        """
        text = f"{self.feeds[feed].fingerprint()} {self.language}"
        return sha256(text.encode()).hexdigest()[:16]
