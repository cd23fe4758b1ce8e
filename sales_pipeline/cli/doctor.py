"""`sales-pipeline doctor`: tries everything that a run asks of an engine, in the user's place."""

from __future__ import annotations

import os

import typer

from sales_pipeline.cli.declaration import Given, chosen_path, load_declaration
from sales_pipeline.cli.options import (
    CatalogOption,
    ConfigOption,
    EngineOption,
    JsonOption,
    LakehouseOption,
    SchemaOption,
    VerboseOption,
)
from sales_pipeline.cli.progress import progress_on_stderr
from sales_pipeline.cli.screen import show, show_json
from sales_pipeline.engines.spark_session import engine_name, prepare_process

EXAMPLE = """\b
Examples:
  sales-pipeline doctor
  sales-pipeline doctor --engine sc://spark.example.com:15002
  sales-pipeline doctor --engine databricks --catalog main --schema sales
  sales-pipeline doctor --json | jq '.checks[] | select(.state != "ok")'

\b
Exit code 0: all is well.
Exit code 1: something is wrong, or could not be tried.
Exit code 2: the declaration or the command line is wrong.
"""


def doctor(
    *,
    config: ConfigOption = None,
    lakehouse: LakehouseOption = None,
    engine: EngineOption = None,
    catalog: CatalogOption = None,
    schema: SchemaOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Tries everything that a run asks of an engine.

    That is: versions, the session, its time zone and ANSI mode, exact decimals, the landing folder
    and the lakehouse with what this user may do there, reading a landing file, moving it to the
    archive, the lock, and tables: making them, writing, MERGE, replaceWhere, deleting, earlier
    versions. Each line says ok, or what is wrong and what to do. It works on tables and a file of
    its own, which it removes; nothing else is changed.
    """
    declaration = load_declaration(chosen_path(config), Given(lakehouse, engine, catalog, schema))
    prepare_process(declaration)
    # Arrow comes with these imports, and --help must not wait for it.
    from sales_pipeline.cli.stopping import stopped_by_signals
    from sales_pipeline.databricks.redaction import Secrets
    from sales_pipeline.proofs.doctor import examine
    from sales_pipeline.report.doctor import diagnosis_document, diagnosis_text

    secrets = Secrets(os.environ)
    secrets.learn_address(engine_name(declaration))
    with stopped_by_signals("the same again"), progress_on_stderr() as progress:
        diagnosis = examine(
            declaration, on_check=lambda name: progress.stage(name, 0), hide=secrets.hide
        )
    if as_json:
        show_json(diagnosis_document(diagnosis))
    else:
        show(diagnosis_text(diagnosis))
    raise typer.Exit(diagnosis.exit_code)
