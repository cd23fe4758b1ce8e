"""The options that commands share, so that they are called, explained and checked alike."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sales_pipeline.cli.log import log_everything
from sales_pipeline.errors import UsageError


def _verbose(value: bool) -> bool:
    if value:
        log_everything()
    return value


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
