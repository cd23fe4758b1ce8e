"""Takes the sales files of an international retailer's stores to four answers in one currency.

    from sales_pipeline import load_config, read_gold, read_silver, run

    declaration = load_config("config.yaml")
    report = run(declaration)
    months = read_gold(declaration, "revenue_per_month")  # a pyarrow.Table
    waiting = read_silver(declaration, "quarantine")

`ingest_data`, `clean_data` and `aggregate_data` are the three stages that `run` calls. `answers`,
`why_moved`, `why_restated`, `why_since_closing` and `explained` return what the commands `show`,
`why` and `explain` show; docs/figures.md has an example.
Names are imported when they are first asked for, so that `import sales_pipeline` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sales_pipeline.analysis.asked_sales import AskedPeriod
    from sales_pipeline.analysis.periods import By, Compare, ToDate
    from sales_pipeline.analysis.ranking import Kind
    from sales_pipeline.analysis.sales_of_run import Choice
    from sales_pipeline.bronze.ingestion import ingest_data
    from sales_pipeline.config.loader import load_config
    from sales_pipeline.gold.aggregation import aggregate_data
    from sales_pipeline.gold.gold_set import read_gold
    from sales_pipeline.pipeline import run
    from sales_pipeline.report.answers_of_run import Asked, answers
    from sales_pipeline.report.explained import AskedFigure, explained
    from sales_pipeline.report.questions import Question
    from sales_pipeline.report.why_moved import AskedChange, why_moved
    from sales_pipeline.report.why_restated import AskedRestatement, why_restated, why_since_closing
    from sales_pipeline.silver.cleaning import clean_data
    from sales_pipeline.silver.silver_tables import read_silver
    from sales_pipeline.version import __version__

__all__ = [
    "Asked",
    "AskedChange",
    "AskedFigure",
    "AskedPeriod",
    "AskedRestatement",
    "By",
    "Choice",
    "Compare",
    "Kind",
    "Question",
    "ToDate",
    "__version__",
    "aggregate_data",
    "answers",
    "clean_data",
    "explained",
    "ingest_data",
    "load_config",
    "read_gold",
    "read_silver",
    "run",
    "why_moved",
    "why_restated",
    "why_since_closing",
]

_HOMES = {
    "Asked": "report.answers_of_run",
    "AskedChange": "report.why_moved",
    "AskedFigure": "report.explained",
    "AskedPeriod": "analysis.asked_sales",
    "AskedRestatement": "report.why_restated",
    "By": "analysis.periods",
    "Choice": "analysis.sales_of_run",
    "Compare": "analysis.periods",
    "Kind": "analysis.ranking",
    "Question": "report.questions",
    "ToDate": "analysis.periods",
    "__version__": "version",
    "aggregate_data": "gold.aggregation",
    "answers": "report.answers_of_run",
    "clean_data": "silver.cleaning",
    "explained": "report.explained",
    "ingest_data": "bronze.ingestion",
    "load_config": "config.loader",
    "read_gold": "gold.gold_set",
    "read_silver": "silver.silver_tables",
    "run": "pipeline",
    "why_moved": "report.why_moved",
    "why_restated": "report.why_restated",
    "why_since_closing": "report.why_restated",
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
