"""`sales-pipeline restore`: the ledger again, from bronze and the archive."""

from __future__ import annotations

from sales_pipeline.cli.declaration import Given, chosen_path, load_declaration
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
from sales_pipeline.cli.screen import show, show_json

EXAMPLE = """\b
Examples:
  sales-pipeline restore
  sales-pipeline restore && sales-pipeline run
"""


def restore(
    *,
    wait: WaitOption = 0,
    config: ConfigOption = None,
    lakehouse: LakehouseOption = None,
    engine: EngineOption = None,
    catalog: CatalogOption = None,
    schema: SchemaOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Makes a lost ledger again, from bronze and the archive.

    Do it if a command says that ops.deliveries or ops.runs is missing or damaged. Each archived
    file is found again in bronze by its records; what cannot be known is said. Then a run makes
    silver and gold again from the deliveries. No delivered file is moved or removed.
    """
    declaration = load_declaration(chosen_path(config), Given(lakehouse, engine, catalog, schema))
    # Arrow and delta-rs come with these imports, and --help must not wait for them.
    from sales_pipeline.cli.stopping import stopped_by_signals
    from sales_pipeline.operations import restore as operation
    from sales_pipeline.report.restored import restored_document, restored_text

    with stopped_by_signals("the same again, which begins anew"):
        restored = operation.restore(declaration, wait_seconds=wait)
    if as_json:
        show_json(restored_document(restored))
    else:
        show(restored_text(restored))
