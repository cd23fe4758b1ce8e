"""The declaration of a retailer, loaded from `config.yaml` and validated.

`load_config` is the entry point. Nothing here knows of Spark or of any data. Names are imported
when they are first used, because pydantic takes longer to import than the help takes to print.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sales_pipeline.config.currencies import MINOR_UNITS
    from sales_pipeline.config.dates import DateLayout, check_date_pattern, parse_date_pattern
    from sales_pipeline.config.loader import declaration_from, load_config
    from sales_pipeline.config.model import (
        ENCODINGS,
        REQUIRED_SALE_COLUMNS,
        RESERVED_FEEDS,
        SALE_COLUMNS,
        Catalogue,
        CatalogueLanguage,
        Declaration,
        Dialect,
        Feed,
        Rates,
        Store,
        json_schema,
        schema_text,
    )

__all__ = [
    "ENCODINGS",
    "MINOR_UNITS",
    "REQUIRED_SALE_COLUMNS",
    "RESERVED_FEEDS",
    "SALE_COLUMNS",
    "Catalogue",
    "CatalogueLanguage",
    "DateLayout",
    "Declaration",
    "Dialect",
    "Feed",
    "Rates",
    "Store",
    "check_date_pattern",
    "declaration_from",
    "json_schema",
    "load_config",
    "parse_date_pattern",
    "schema_text",
]

_HOMES = {
    "MINOR_UNITS": "currencies",
    "DateLayout": "dates",
    "check_date_pattern": "dates",
    "parse_date_pattern": "dates",
    "declaration_from": "loader",
    "load_config": "loader",
}
"""The module of each name; the others are in `model`."""


def __getattr__(name: str) -> Any:
    """Imports a name from the module that defines it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'model')}"), name)
    globals()[name] = value
    return value
