"""What the retailer declares, read from `config.yaml` and checked.

`load_config` is the way in. Nothing here knows of Spark or of any data.
"""

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
)
from sales_pipeline.config.schema import json_schema, schema_text

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
