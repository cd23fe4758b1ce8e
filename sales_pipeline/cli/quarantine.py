"""`sales-pipeline quarantine`: what waits, and how a person mends it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
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
    WaitOption,
)
from sales_pipeline.cli.screen import say, show_exactly, show_json
from sales_pipeline.cli.screen import show as show_text
from sales_pipeline.engines.spark_session import prepare_process
from sales_pipeline.errors import counted

LIST_EXAMPLE = """\b
Examples:
  sales-pipeline quarantine list
  sales-pipeline quarantine list --feed paris --json
"""
SHOW_EXAMPLE = """\b
Examples:
  sales-pipeline quarantine show --file paris/ventes_2025-01.csv
  sales-pipeline quarantine show --reason date_unreadable --limit 5
"""
EXPORT_EXAMPLE = """\b
Examples:
  sales-pipeline quarantine export paris --out paris.csv
  sales-pipeline quarantine export paris --reason date_unreadable > paris.csv

\b
Mend the file, remove the records that stay as they are, then:
  sales-pipeline quarantine replay paris.csv
"""

REPLAY_EXAMPLE = """\b
Examples:
  sales-pipeline quarantine replay paris.csv
  sales-pipeline quarantine replay paris.csv --json

\b
To take it back: sales-pipeline withdraw, with the name that the run gives it.
"""

FeedOption = Annotated[
    str | None,
    typer.Option("--feed", metavar="FEED", help="Only records of this feed.", show_default=False),
]
ReasonOption = Annotated[
    str | None,
    typer.Option(
        "--reason",
        metavar="REASON",
        help="Only records with this reason, such as date_unreadable.",
        show_default=False,
    ),
]
FileOption = Annotated[
    str | None,
    typer.Option(
        "--file",
        metavar="FILE",
        help="Only records of this file, by its path below the landing folder.",
        show_default=False,
    ),
]


def list_(
    *,
    feed: FeedOption = None,
    reason: ReasonOption = None,
    file: FileOption = None,
    config: ConfigOption = None,
    lakehouse: LakehouseOption = None,
    engine: EngineOption = None,
    catalog: CatalogOption = None,
    schema: SchemaOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Counts what waits, by feed, file and reason.

    With the money that waits, where it is readable, and since when. A record with two reasons
    is counted under both.
    """
    declaration = load_declaration(chosen_path(config), Given(lakehouse, engine, catalog, schema))
    # Arrow and delta-rs come with these imports, and --help must not wait for them.
    from sales_pipeline.operations.quarantine_export import Filters
    from sales_pipeline.report.quarantine_json import waiting_document
    from sales_pipeline.report.quarantine_text import waiting_text
    from sales_pipeline.report.quarantined_records import waiting_files

    found = waiting_files(declaration, Filters(feed, reason, file))
    if as_json:
        show_json(waiting_document(found))
    else:
        show_text(waiting_text(found))


def show(
    *,
    feed: FeedOption = None,
    reason: ReasonOption = None,
    file: FileOption = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="How many records at most.")
    ] = 20,
    config: ConfigOption = None,
    lakehouse: LakehouseOption = None,
    engine: EngineOption = None,
    catalog: CatalogOption = None,
    schema: SchemaOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Shows the records that wait, and why each of them does.

    Each with its file, its number there, every reason in a sentence, and its text as delivered.
    """
    declaration = load_declaration(chosen_path(config), Given(lakehouse, engine, catalog, schema))
    # Arrow and delta-rs come with these imports, and --help must not wait for them.
    from sales_pipeline.operations.quarantine_export import Filters
    from sales_pipeline.report.quarantine_json import records_document
    from sales_pipeline.report.quarantine_text import records_text
    from sales_pipeline.report.quarantined_records import quarantined_records

    found = quarantined_records(declaration, Filters(feed, reason, file), limit=limit)
    if as_json:
        show_json(records_document(found))
    else:
        show_text(records_text(found))


def export(
    feed: Annotated[str, typer.Argument(metavar="FEED", help="The feed of the records.")],
    *,
    out: Annotated[
        str, typer.Option("--out", metavar="FILE", help="Where to write; - is stdout.")
    ] = "-",
    reason: ReasonOption = None,
    file: FileOption = None,
    config: ConfigOption = None,
    lakehouse: LakehouseOption = None,
    engine: EngineOption = None,
    catalog: CatalogOption = None,
    schema: SchemaOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Writes the records of a feed that wait as CSV, to be mended by a person.

    The columns of the feed with their text as delivered, then _file_id and _row, which say
    which record it is, the reasons, and the text of a record that could not be split. UTF-8
    with a byte order mark, delimited as the feed's files are. Text that a spreadsheet would run
    as a formula has an apostrophe before it, which replay takes off again.
    """
    declaration = load_declaration(chosen_path(config), Given(lakehouse, engine, catalog, schema))
    # Spark comes with these imports, and --help must not wait for it.
    from sales_pipeline.operations.quarantine_export import Filters
    from sales_pipeline.operations.quarantine_export import export as exported

    found = exported(declaration, Filters(feed, reason, file))
    if out == "-":
        show_exactly(found.text)
    else:
        Path(out).write_bytes(found.text.encode())
        say(f"{out}: {counted(found.records, 'record')} of {feed}")


def replay(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="The mended file, with the columns that export wrote."),
    ],
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
    """Takes mended records in, each in the place of the one it names.

    Every record of the file stands for the one of its _file_id and _row, which does not count
    any more; records that are not in the file stay in quarantine. One that is wrong again is
    quarantined again, under the name of the replay. The pipeline runs then, so that the answers
    change at once. The file itself stays where it is.
    """
    declaration = load_declaration(chosen_path(config), Given(lakehouse, engine, catalog, schema))
    prepare_process(declaration)
    # Spark comes with these imports, and --help must not wait for it.
    from sales_pipeline.cli.running import run_and_tell
    from sales_pipeline.operations.replay import replay as replayed

    raise typer.Exit(
        run_and_tell(declaration, partial(replayed, file=file), wait=wait, as_json=as_json)
    )


def quarantine_commands() -> typer.Typer:
    """Returns the commands below `quarantine`."""
    commands = typer.Typer(
        help="What waits in quarantine, and how a person mends it.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    commands.command("list", epilog=LIST_EXAMPLE)(list_)
    commands.command(epilog=SHOW_EXAMPLE)(show)
    commands.command(epilog=EXPORT_EXAMPLE)(export)
    commands.command(epilog=REPLAY_EXAMPLE)(replay)
    return commands
