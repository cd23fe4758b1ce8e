"""`sales-pipeline quarantine`: records that wait, and how a person mends them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from sales_pipeline.cli.options import JsonOption, Running, Shared
from sales_pipeline.cli.run import run_and_tell
from sales_pipeline.cli.screen import say, show_exactly, show_report
from sales_pipeline.cli.written_files import write_file
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
    typer.Option("--feed", metavar="FEED", help="Only records of this feed."),
]
ReasonOption = Annotated[
    str | None,
    typer.Option(
        "--reason",
        metavar="REASON",
        help="Only records with this reason, such as date_unreadable, or rate_unreadable for every "
        "currency.",
    ),
]
FileOption = Annotated[
    str | None,
    typer.Option(
        "--file",
        metavar="FILE",
        help="Only records of this file, by its path below the landing folder.",
    ),
]


def list_(
    *,
    feed: FeedOption = None,
    reason: ReasonOption = None,
    file: FileOption = None,
    as_json: JsonOption = False,
    shared: Shared,
) -> None:
    """Counts the records that wait, by feed, file and reason.

    It shows their money, as far as it is readable, and since when they wait. A record with two
    reasons is counted under both.
    """
    declaration = shared.declaration()
    from sales_pipeline.operations.quarantine_export import Filters
    from sales_pipeline.report.quarantine import waiting_document, waiting_files, waiting_text

    waiting = waiting_files(declaration, Filters(feed, reason, file))
    show_report(waiting, waiting_document, waiting_text, as_json=as_json)


def show(
    *,
    feed: FeedOption = None,
    reason: ReasonOption = None,
    file: FileOption = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="How many records at most.")
    ] = 20,
    as_json: JsonOption = False,
    shared: Shared,
) -> None:
    """Shows the records that wait, and why each of them does.

    Each is shown with its file, its number there, every reason in a sentence, and its text as
    delivered.
    """
    declaration = shared.declaration()
    from sales_pipeline.operations.quarantine_export import Filters
    from sales_pipeline.report.quarantined_records import (
        quarantined_records,
        records_document,
        records_text,
    )

    records = quarantined_records(declaration, Filters(feed, reason, file), limit=limit)
    show_report(records, records_document, records_text, as_json=as_json)


def export(
    feed: Annotated[str, typer.Argument(metavar="FEED", help="The feed of the records.")],
    *,
    out: Annotated[
        str, typer.Option("--out", metavar="FILE", help="Where to write; - is stdout.")
    ] = "-",
    reason: ReasonOption = None,
    file: FileOption = None,
    shared: Shared,
) -> None:
    """Writes the quarantined records of a feed as CSV, for a person to mend.

    It has the columns of the feed with their text as delivered, then _file_id and _row, which
    identify the record, the reasons, and the text of a record that could not be split. It is
    UTF-8 with a byte order mark, delimited as the feed's files are. Text that a spreadsheet would
    run as a formula has an apostrophe before it, which replay takes off again.
    """
    declaration = shared.declaration()
    from sales_pipeline.operations.quarantine_export import Filters
    from sales_pipeline.operations.quarantine_export import export as exported

    exported_records = exported(declaration, Filters(feed, reason, file))
    if out == "-":
        show_exactly(exported_records.text)
    else:
        write_file(Path(out), exported_records.text.encode())
        say(f"{out}: {counted(exported_records.records, 'record')} of {feed}")


def replay(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="The mended file, with the columns that export wrote."),
    ],
    *,
    as_json: JsonOption = False,
    shared: Running,
) -> None:
    """Takes mended records in, in the place of the quarantined ones.

    Each record of the file replaces the record with its _file_id and _row, which does not count
    any more; records that are not in the file stay in quarantine. A record that is wrong again is
    quarantined again, under the name of the replay. The pipeline runs then, so that the answers
    change at once. The file itself stays where it is.
    """
    declaration = shared.prepared()
    from sales_pipeline.operations.replay import replay as replayed

    verb = partial(replayed, file=file)
    raise typer.Exit(run_and_tell(declaration, verb, shared, as_json=as_json))
