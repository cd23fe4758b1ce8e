"""`sales-pipeline catalogue`: names that the catalogue knows, and names that it lacks."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from sales_pipeline.cli.options import CsvOption, JsonOption, Shared, check_one_form
from sales_pipeline.cli.screen import show_report

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
            help="Only entries with this text in the name, product or category, in any case. "
            "Without it: all.",
        ),
    ] = "",
    *,
    language: Annotated[
        str | None,
        typer.Option("--language", metavar="L", help="Only names in this language, or `code`."),
    ] = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    shared: Shared,
) -> None:
    """Shows the names and codes that the catalogue knows.

    Each is shown with the product and category that it means, its list prices with their first
    days, and the file that taught it. Nothing is changed.
    """
    check_one_form(as_json=as_json, as_csv=as_csv)
    declaration = shared.declaration()
    # Arrow and delta-rs come with these imports, and --help must not wait for them.
    from sales_pipeline.report.catalogue_names import (
        known_csv,
        known_document,
        known_names,
        known_text,
    )

    names = known_names(declaration, text, language=language)
    csv = known_csv if as_csv else None
    show_report(names, known_document, known_text, as_json=as_json, csv=csv)


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
    shared: Shared,
) -> None:
    """Shows the names that the catalogue lacks.

    Names that hold back most money come first, by the latest rate of each currency; beside
    each are the known names that are most like it, and below, how to teach it. Nothing is
    changed.
    """
    check_one_form(as_json=as_json, as_csv=as_csv)
    declaration = shared.declaration()
    from sales_pipeline.report.catalogue_names import (
        missing_csv,
        missing_document,
        missing_from_catalogue,
        missing_text,
    )

    names = missing_from_catalogue(declaration, feed=feed)
    show_report(
        names,
        partial(missing_document, limit=limit),
        partial(missing_text, limit=limit),
        as_json=as_json,
        csv=partial(missing_csv, limit=limit) if as_csv else None,
    )
