"""`run-pipeline`: the whole pipeline, nothing else."""

from __future__ import annotations

import typer

from sales_pipeline.cli.declaration import chosen_path, load_declaration
from sales_pipeline.cli.options import ConfigOption, VerboseOption
from sales_pipeline.engines.spark_session import prepare_process

EXAMPLE = """\b
Examples:
  run-pipeline
  run-pipeline --config shops.yaml

Everything else is done by sales-pipeline.
"""


def whole(*, config: ConfigOption = None, verbose: VerboseOption = False) -> None:
    """Runs the whole pipeline: landing files in, four answers out.

    Without a declaration it runs the sample retailer in the working directory and shows
    the four answers.
    """
    path = chosen_path(config)
    declaration = load_declaration(path)
    prepare_process(declaration)
    # Spark comes with these imports, and --help must not wait for it.
    from sales_pipeline import pipeline
    from sales_pipeline.cli.running import place_sample_files, run_and_tell

    if path is None:
        place_sample_files(declaration)
    raise typer.Exit(run_and_tell(declaration, pipeline.run, answers=path is None))
