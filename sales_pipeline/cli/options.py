"""The options that commands share, so that they are called, explained and checked alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from sales_pipeline.cli.log import log_everything
from sales_pipeline.errors import UsageError


def _verbose(value: bool) -> bool:
    if value:
        log_everything()
    return value


def check_engine(option: typer.CallbackParam, value: str | None) -> str | None:
    """Checks the name of an engine, as a callback of an option.

    Raises:
        UsageError: There is no such engine.
    """
    from sales_pipeline.config.locations import check_engine_name

    return _checked(option, value, check_engine_name)


def check_name(option: typer.CallbackParam, value: str | None) -> str | None:
    """Checks the name of a catalog or a schema, as a callback of an option.

    Raises:
        UsageError: It is none.
    """
    from sales_pipeline.config.locations import check_catalog_name

    return _checked(option, value, check_catalog_name)


def _checked(
    option: typer.CallbackParam, value: str | None, check: Callable[[str], str]
) -> str | None:
    from sales_pipeline.config.problems import InvalidValue

    try:
        return None if value is None else check(value)
    except InvalidValue as error:
        raise UsageError(f"{option.opts[0]}: {error}") from error


ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="PATH",
        help="The declaration. Without it: $SALES_PIPELINE_CONFIG, else ./config.yaml, "
        "else the sample retailer's.",
        show_default=False,
    ),
]
LakehouseOption = Annotated[
    Path | None,
    typer.Option(
        "--lakehouse",
        metavar="PATH",
        help="The folder of the tables, in place of the declared one.",
        show_default=False,
    ),
]
EngineOption = Annotated[
    str | None,
    typer.Option(
        "--engine",
        metavar="ENGINE",
        help="What runs it: embedded, spark, sc://HOST:PORT, or databricks. Without it: the "
        "declared one, else $SPARK_REMOTE, else embedded.",
        callback=check_engine,
        show_default=False,
    ),
]
CatalogOption = Annotated[
    str | None,
    typer.Option(
        "--catalog",
        metavar="NAME",
        help="The catalog of the tables, in place of the declared one; not with embedded.",
        callback=check_name,
        show_default=False,
    ),
]
SchemaOption = Annotated[
    str | None,
    typer.Option(
        "--schema",
        metavar="NAME",
        help="How the schemas of the tables begin in the catalog, in place of the declared one: "
        "sales for sales_bronze, sales_silver, sales_gold and sales_ops.",
        callback=check_name,
        show_default=False,
    ),
]
VerboseOption = Annotated[
    bool,
    typer.Option(
        "--verbose", help="Say what happens, and show tracebacks.", callback=_verbose, is_eager=True
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
CsvOption = Annotated[bool, typer.Option("--csv", help="Print CSV for a spreadsheet.")]
RunOption = Annotated[
    str | None,
    typer.Option(
        "--run",
        metavar="RUN",
        help="As this finished run left it, by its id from `history`; the last one without it.",
        show_default=False,
    ),
]
WaitOption = Annotated[
    float,
    typer.Option(
        "--wait", metavar="SECONDS", min=0, help="How long to wait for another run to end."
    ),
]


def check_one_form(*, as_json: bool, as_csv: bool) -> None:
    """Checks that an answer is asked for in one form only.

    Raises:
        UsageError: It is asked for as JSON and as CSV.
    """
    if as_csv and as_json:
        raise UsageError("--csv, --json: give one of them, got both")
