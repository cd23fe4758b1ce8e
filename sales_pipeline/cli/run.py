"""`sales-pipeline run`, and `run-pipeline`: everything new, through to the four answers."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from sales_pipeline.cli.options import (
    Changing,
    ConfigOption,
    JsonOption,
    SampleOption,
    VerboseOption,
)

EXAMPLE = """\b
Examples:
  sales-pipeline run
  sales-pipeline run --sample --show
  sales-pipeline run --config shops.yaml --wait 600 --json
  sales-pipeline run --rejudge paris

\b
Exit code 0: done, even if records wait in quarantine.
Exit code 1: a file was refused or held, or the run failed.
Exit code 2: the declaration or the command line is wrong.
"""
RUN_PIPELINE_EXAMPLE = """\b
Examples:
  run-pipeline
  run-pipeline --config shops.yaml
  run-pipeline --sample

Everything else is done by sales-pipeline.
"""


def run(
    *,
    answers: Annotated[
        bool, typer.Option("--show", help="Show the four answers afterwards.")
    ] = False,
    rejudge: Annotated[
        list[str] | None,
        typer.Option(
            "--rejudge",
            metavar="FEED",
            help="Judge all records of the feed again, under the present declaration. "
            "May be given several times.",
        ),
    ] = None,
    as_json: JsonOption = False,
    shared: Changing,
) -> None:
    """Takes new landing files through to the four answers.

    Files are taken in once, by their content: to run twice changes nothing. A file that is
    not what its feed declares goes to rejected/, with the reason beside it; the others go on.
    A run that was killed is finished by the next one.

    With --sample, and no lakehouse yet, the files of the sample retailer are put into the
    landing folder first.
    """
    declaration = shared.prepared()
    # Spark comes with these imports, and --help must not wait for it.
    from sales_pipeline import pipeline
    from sales_pipeline.cli.running import place_sample_files, run_and_tell

    if shared.sample:
        place_sample_files(declaration)
    verb = partial(pipeline.run, rejudge=rejudge or ())
    raise typer.Exit(
        run_and_tell(declaration, verb, wait=shared.wait, answers=answers, as_json=as_json)
    )


def run_pipeline(
    *, config: ConfigOption = None, sample: SampleOption = False, verbose: VerboseOption = False
) -> None:
    """Runs the whole pipeline: landing files in, four answers out.

    With --sample it runs the sample retailer in the working directory and shows the four answers.
    """
    run(answers=sample, shared=Changing(config=config, sample=sample))
