"""`sales-pipeline check`: is the declaration right, and how would files be understood?"""

from __future__ import annotations

from typing import Annotated

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
from sales_pipeline.cli.screen import show, show_json
from sales_pipeline.engines.spark_session import prepare_process

EXAMPLE = """\b
Examples:
  sales-pipeline check
  sales-pipeline check --config shops.yaml --rows 10

\b
Exit code 0: everything fits, though records may wait in quarantine.
Exit code 1: a file would be rejected.
Exit code 2: the declaration is wrong; every problem is named with its line, or with its SQL.
"""


def check(
    *,
    rows: Annotated[
        int, typer.Option("--rows", metavar="N", min=1, help="How many records of each file.")
    ] = 3,
    config: ConfigOption = None,
    lakehouse: LakehouseOption = None,
    engine: EngineOption = None,
    catalog: CatalogOption = None,
    schema: SchemaOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Checks the declaration, and how files are understood.

    Declared SQL is tried over the columns that it may speak of. The first records of each file in
    the landing folder are read and judged as a run would do it. Nothing is changed: do it before
    the first run of a new store.
    """
    path = chosen_path(config)
    declaration = load_declaration(path, Given(lakehouse, engine, catalog, schema))
    prepare_process(declaration)
    # Spark comes with these imports, and --help must not wait for it.
    from sales_pipeline.cli.understanding import understand
    from sales_pipeline.report.preview_json import check_document
    from sales_pipeline.report.preview_text import check_text

    source = "the sample retailer's declaration" if path is None else str(path)
    found = understand(declaration, source=source, rows=rows)
    if as_json:
        show_json(check_document(found))
    else:
        show(check_text(found))
    raise typer.Exit(found.exit_code)
