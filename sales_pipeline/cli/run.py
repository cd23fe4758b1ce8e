"""`sales-pipeline run`: everything new in the landing folder, through to the four answers."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from sales_pipeline.cli.declaration import Given, chosen_path, load_declaration, with_options
from sales_pipeline.cli.options import (
    CatalogOption,
    ConfigOption,
    EngineOption,
    JsonOption,
    LakehouseOption,
    SchemaOption,
    VerboseOption,
    WaitOption,
)
from sales_pipeline.engines.spark_session import prepare_process

EXAMPLE = """\b
Examples:
  sales-pipeline run
  sales-pipeline run --sample --show
  sales-pipeline run --config shops.yaml --wait 600 --json
  sales-pipeline run --rejudge paris

\b
Exit code 0: done, also where records wait in quarantine.
Exit code 1: a file was refused or held, or the run failed.
Exit code 2: the declaration or the command line is wrong.
"""


def run(
    *,
    sample: Annotated[
        bool,
        typer.Option(
            "--sample",
            help="Run the sample retailer: where no lakehouse was made yet, its files are put "
            "into the landing folder first. Its own declaration counts, unless --config is given.",
        ),
    ] = False,
    answers: Annotated[
        bool, typer.Option("--show", help="Show the four answers afterwards.")
    ] = False,
    rejudge: Annotated[
        list[str] | None,
        typer.Option(
            "--rejudge",
            metavar="FEED",
            help="Judge all records of the feed again, under the declaration as it stands. "
            "May be given several times.",
            show_default=False,
        ),
    ] = None,
    wait: WaitOption = 0,
    config: ConfigOption = None,
    lakehouse: LakehouseOption = None,
    engine: EngineOption = None,
    catalog: CatalogOption = None,
    schema: SchemaOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Takes new landing files through to the four answers.

    Files are taken in once, by their content: to run twice changes nothing. A file that is
    not what its feed declares goes to rejected/, with the reason beside it; the others go on.
    A run that was killed is brought to its end by the next one.
    """
    given = Given(lakehouse, engine, catalog, schema)
    if sample:
        declaration = with_options(config, given)
    else:
        declaration = load_declaration(chosen_path(config), given)
    prepare_process(declaration)
    # Spark comes with these imports, and --help must not wait for it.
    from sales_pipeline import pipeline
    from sales_pipeline.cli.running import place_sample_files, run_and_tell

    if sample:
        place_sample_files(declaration)
    raise typer.Exit(
        run_and_tell(
            declaration,
            partial(pipeline.run, rejudge=rejudge or ()),
            wait=wait,
            answers=answers,
            as_json=as_json,
        )
    )
