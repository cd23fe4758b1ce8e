"""Where the product catalogue has names, codes and prices."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from sales_pipeline.config.catalogue_checks import catalogue_findings
from sales_pipeline.config.declared import Declared
from sales_pipeline.config.dialect import Dialect
from sales_pipeline.config.findings import raise_findings
from sales_pipeline.config.values import (
    Currency,
    DatePattern,
    Header,
    LandingPattern,
    Language,
    OneOrMany,
)


class CatalogueLanguage(Declared):
    """The headers of one language in the catalogue file."""

    product: Header
    """The header of the column with the product's name."""
    category: Header
    """The header of the column with the category's name."""


class CatalogueRows(Declared):
    """The headers of a catalogue with a row for each product and language."""

    language: Header
    """The header of the column with the language's ISO 639-1 code."""
    product: Header
    """The header of the column with the product's name in that language."""
    category: Header | None = None
    """The header of the column with the category's name in that language."""


class ListPrice(Declared):
    """Where a catalogue says what a unit costs."""

    amount: Header
    """The header of the column with the price of one unit."""
    currency: Currency | None = None
    """The currency of all prices."""
    currency_column: Header | None = None
    """The header of the column with the currency of each."""
    valid_from: Header | None = None
    """The header of the column with the first day of the price; without one it holds always."""
    date_formats: Annotated[tuple[DatePattern, ...], OneOrMany, Field(min_length=1)] = (
        "yyyy-MM-dd",
    )
    """The patterns of that day, tried in order."""


class Catalogue(Declared):
    """The product catalogue: names in every language, and codes and prices where it has them."""

    landing: LandingPattern = "catalogue/*.csv"
    """The pattern of the catalogue's files below the landing folder."""
    csv: Dialect = Dialect()
    """How the files are written."""
    languages: dict[Language, CatalogueLanguage] = {}
    """Each language and the headers of its two columns, where a row is a product."""
    rows: CatalogueRows | None = None
    """The headers, where a row is a product in one language; `code` tells what belongs together."""
    code: Header | None = None
    """The header of the column with the product's code."""
    price: ListPrice | None = None
    """Where the price of a product stands."""

    @model_validator(mode="after")
    def _parts_fit(self) -> Catalogue:
        plain = self.model_dump()
        raise_findings("Catalogue", plain, catalogue_findings(plain))
        return self
