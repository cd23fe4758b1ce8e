"""`sales-pipeline report`: the answers as a page to send, and as a workbook."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from sales_pipeline.analysis.periods import span_of
from sales_pipeline.cli.options import JsonOption, Shared
from sales_pipeline.cli.sales_options import AsClosedOption, RunOption, month_from
from sales_pipeline.cli.screen import say, show_json
from sales_pipeline.cli.written_files import write_file
from sales_pipeline.errors import UsageError

EXAMPLE = """\b
Examples:
  sales-pipeline report
  sales-pipeline report --from 2025-01 --out sales_2025.html
  sales-pipeline report --xlsx sales.xlsx
  sales-pipeline report --run 20250131T060000-1a2b3c --out january.html
"""
_PAGE = Path("report.html")


def report(
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Where to write the page. Without it: report.html."
        ),
    ] = None,
    xlsx: Annotated[
        Path | None,
        typer.Option(
            "--xlsx",
            metavar="FILE",
            help="Write a workbook with the same figures; with --out, the page too.",
        ),
    ] = None,
    first: Annotated[
        date | None,
        typer.Option(
            "--from", metavar="YYYY-MM", parser=month_from, help="The first month to show."
        ),
    ] = None,
    last: Annotated[
        date | None,
        typer.Option("--to", metavar="YYYY-MM", parser=month_from, help="The last month to show."),
    ] = None,
    as_closed: AsClosedOption = False,
    run: RunOption = None,
    as_json: JsonOption = False,
    shared: Shared,
) -> None:
    """Writes the answers as one HTML file to send, or as a workbook.

    The page opens from disk in any browser, asks nothing of any network, and is under 3 MB. Its
    reader chooses store, range, measure, what is compared, and best sellers by product or category,
    and every figure is then exact as here. It also shows why the last month moved, what waits in
    quarantine, the closed months with what came later, and the balance of the last run. A file that
    is there is replaced. It takes the extra [report].
    """
    if first and last and last < first:
        raise UsageError(f"--to: before --from, got {first:%Y-%m} to {last:%Y-%m}. Do: swap them")
    wanted = {"workbook": xlsx, "page": (out or _PAGE) if xlsx is None or out else None}
    if xlsx and out and os.path.realpath(xlsx) == os.path.realpath(out):
        raise UsageError(f"--out, --xlsx: the same file, got {xlsx}. Do: name two files")
    from sales_pipeline.report.answers_of_run import Asked, answers
    from sales_pipeline.report.figures import size
    from sales_pipeline.report.page.charts import chart_libraries
    from sales_pipeline.report.page.contents import page_of
    from sales_pipeline.report.page.html import page_html
    from sales_pipeline.report.sheets_of_run import sheets_of_run
    from sales_pipeline.report.workbook import workbook_bytes, workbook_writer

    paths = {name: path for name, path in wanted.items() if path is not None}
    if "workbook" in paths:
        workbook_writer()
    if "page" in paths:
        chart_libraries()
    declaration = shared.declaration()
    until = span_of(last).last if last else None
    contents: dict[str, bytes] = {}
    if "workbook" in paths:
        asked = Asked(first=first, last=until, as_closed=as_closed)
        four_answers = answers(declaration, asked, run=run)
        # Another run may finish meanwhile, and all that is written shows the same one.
        run = four_answers.run_id
        further = sheets_of_run(declaration, first=first, last=until, run=run, as_closed=as_closed)
        contents["workbook"] = workbook_bytes(four_answers, further)
    if "page" in paths:
        page = page_of(declaration, first=first, last=until, run=run, as_closed=as_closed)
        contents["page"] = page_html(page).encode()
    for name, path in paths.items():
        write_file(path, contents[name])
    if as_json:
        show_json(
            {name: {"path": str(paths[name]), "bytes": len(contents[name])} for name in paths}
        )
    else:
        for name, path in paths.items():
            say(f"{path}: {size(len(contents[name]))}")
