"""`sales-pipeline catalogue`: what the catalogue knows, and what it lacks."""

from __future__ import annotations

from typing import Annotated

import typer

from sales_pipeline.cli.declaration import Given, chosen_path, load_declaration
from sales_pipeline.cli.options import (
    CatalogOption,
    ConfigOption,
    CsvOption,
    EngineOption,
    JsonOption,
    LakehouseOption,
    SchemaOption,
    VerboseOption,
    check_one_form,
)
from sales_pipeline.cli.screen import show as show_text
from sales_pipeline.cli.screen import show_exactly, show_json

SHOW_EXAMPLE = """\b
Examples:
  sales-pipeline catalogue show
  sales-pipeline catalogue show "green tea" --language fr
  sales-pipeline catalogue show --csv > catalogue.csv
"""
MISSING_EXAMPLE = """\b
Examples:
  sales-pipeline catalogue missing
  sales-pipeline catalogue missing --feed tokyo --limit 100
  sales-pipeline catalogue missing --json | jq -r '.names[].name'
"""


def show(
    text: Annotated[
        str,
        typer.Argument(
            metavar="TEXT",
            help="What the name, the product or the category has in it, whatever its case. "
            "All without it.",
            show_default=False,
        ),
    ] = "",
    *,
    language: Annotated[
        str | None,
        typer.Option("--language", metavar="L", help="Only names in this language, or `code`."),
    ] = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    config: ConfigOption = None,
    lakehouse: LakehouseOption = None,
    engine: EngineOption = None,
    catalog: CatalogOption = None,
    schema: SchemaOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Shows what the catalogue knows.

    That is: every name and code, the product and category that it means, its list prices
    with their first days, and the file that taught it. Nothing is changed.
    """
    check_one_form(as_json=as_json, as_csv=as_csv)
    declaration = load_declaration(chosen_path(config), Given(lakehouse, engine, catalog, schema))
    # Arrow and delta-rs come with these imports, and --help must not wait for them.
    from sales_pipeline.report.catalogue import known_names
    from sales_pipeline.report.catalogue_plain import known_csv, known_document
    from sales_pipeline.report.catalogue_text import known_text

    found = known_names(declaration, text, language=language)
    if as_json:
        show_json(known_document(found))
    elif as_csv:
        show_exactly(known_csv(found))
    else:
        show_text(known_text(found))


def missing(
    *,
    feed: Annotated[
        str | None, typer.Option("--feed", metavar="F", help="Only names that this feed delivers.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="How many names to show.")
    ] = 20,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    config: ConfigOption = None,
    lakehouse: LakehouseOption = None,
    engine: EngineOption = None,
    catalog: CatalogOption = None,
    schema: SchemaOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Shows the names that the catalogue lacks.

    Those that hold back most money come first, by the latest rate of each currency; beside
    each stand the known names that are most like it, and below, how to teach it. Nothing is
    changed.
    """
    check_one_form(as_json=as_json, as_csv=as_csv)
    declaration = load_declaration(chosen_path(config), Given(lakehouse, engine, catalog, schema))
    from sales_pipeline.report.catalogue import missing_from_catalogue
    from sales_pipeline.report.catalogue_plain import missing_csv, missing_document
    from sales_pipeline.report.catalogue_text import missing_text

    found = missing_from_catalogue(declaration, feed=feed)
    if as_json:
        show_json(missing_document(found, limit=limit))
    elif as_csv:
        show_exactly(missing_csv(found, limit=limit))
    else:
        show_text(missing_text(found, limit=limit))


def catalogue_commands() -> typer.Typer:
    """Returns the commands below `catalogue`."""
    commands = typer.Typer(
        help="What the product catalogue knows, and what it lacks.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    commands.command(epilog=SHOW_EXAMPLE)(show)
    commands.command(epilog=MISSING_EXAMPLE)(missing)
    return commands
