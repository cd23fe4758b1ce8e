"""The options that commands share, so that they are called and explained alike."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sales_pipeline.cli.log import log_everything


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
WaitOption = Annotated[
    float,
    typer.Option(
        "--wait", metavar="SECONDS", min=0, help="How long to wait for another run to end."
    ),
]
