"""Takes the sales files of an international retailer's stores to four answers in one currency.

    from sales_pipeline import load_config, read_gold, read_silver, run

    declaration = load_config("config.yaml")
    report = run(declaration)
    months = read_gold(declaration, "revenue_per_month")  # a pyarrow.Table
    waiting = read_silver(declaration, "quarantine")

`ingest_data`, `clean_data` and `aggregate_data` are the three stages that `run` calls.
Names are imported when they are first asked for, so that `import sales_pipeline` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sales_pipeline.bronze.ingestion import ingest_data
    from sales_pipeline.config.loader import load_config
    from sales_pipeline.gold.aggregation import aggregate_data
    from sales_pipeline.gold.gold_set import read_gold
    from sales_pipeline.pipeline import run
    from sales_pipeline.silver.cleaning import clean_data
    from sales_pipeline.silver.silver_tables import read_silver
    from sales_pipeline.version import __version__

__all__ = [
    "__version__",
    "aggregate_data",
    "clean_data",
    "ingest_data",
    "load_config",
    "read_gold",
    "read_silver",
    "run",
]

_HOMES = {
    "__version__": "version",
    "aggregate_data": "gold.aggregation",
    "clean_data": "silver.cleaning",
    "ingest_data": "bronze.ingestion",
    "load_config": "config.loader",
    "read_gold": "gold.gold_set",
    "read_silver": "silver.silver_tables",
    "run": "pipeline",
}


def __getattr__(name: str) -> Any:
    """Imports a public name from the module that defines it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names."""
    return list(__all__)
