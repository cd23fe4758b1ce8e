"""Other ways in which catalogue and rate files may be written, as declarations to try on a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sales_pipeline.config.files import Dialect
from sales_pipeline.config.model import Declaration
from sales_pipeline.lakehouse.tables import CATALOGUE
from sales_pipeline.silver.parsing.date_patterns import date_patterns

_LOOKED_AT = 50
_THOUSANDS = ("", ",", ".", " ", "'")

Option = tuple[str, Declaration]
"""What to declare, and the declaration with it."""


def reference_options(
    declaration: Declaration, feed: str, rows: Iterable[Mapping[str, Any]]
) -> Iterator[Option]:
    """Yields other marks of numbers and date patterns for the catalogue or for rates.

    Args:
        declaration: What the retailer declares.
        feed: The catalogue or the rates.
        rows: The records of a file as in bronze; the patterns are those of their dates.
    """
    column = "valid_from" if feed == CATALOGUE else "date"
    texts = [row[column] for row in rows if row.get(column)][:_LOOKED_AT]
    patterns = dict.fromkeys(pattern for text in texts for pattern in date_patterns(text))
    part = declaration.catalogue if feed == CATALOGUE else declaration.rates
    key = "catalogue" if feed == CATALOGUE else "rates"
    for option, dialect in _dialects(part.csv):
        changed = part.model_copy(update={"csv": dialect})
        yield f"{key}.{option}", declaration.model_copy(update={key: changed})
    yield from _with_patterns(declaration, feed, list(patterns))


def _dialects(now: Dialect) -> Iterator[tuple[str, Dialect]]:
    """The dialect with another decimal mark, or with another mark between thousands."""
    decimal = "," if now.decimal == "." else "."
    if decimal != now.thousands:
        yield f"csv.decimal: {decimal!r}", now.model_copy(update={"decimal": decimal})
    for thousands in _THOUSANDS:
        if thousands not in (now.decimal, now.thousands):
            yield f"csv.thousands: {thousands!r}", now.model_copy(update={"thousands": thousands})


def _with_patterns(
    declaration: Declaration, feed: str, patterns: Iterable[str]
) -> Iterator[Option]:
    for pattern in patterns:
        if feed != CATALOGUE:
            formats = (*declaration.rates.date_formats, pattern)
            rates = declaration.rates.model_copy(update={"date_formats": formats})
            option = f"rates.date_formats: [{', '.join(formats)}]"
            yield option, declaration.model_copy(update={"rates": rates})
        elif declaration.catalogue.price is not None:
            formats = (*declaration.catalogue.price.date_formats, pattern)
            price = declaration.catalogue.price.model_copy(update={"date_formats": formats})
            catalogue = declaration.catalogue.model_copy(update={"price": price})
            option = f"catalogue.price.date_formats: [{', '.join(formats)}]"
            yield option, declaration.model_copy(update={"catalogue": catalogue})
