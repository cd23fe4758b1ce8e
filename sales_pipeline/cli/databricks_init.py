"""`sales-pipeline databricks init`: the files by which a project is deployed to a workspace."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sales_pipeline.cli.options import JsonOption, VerboseOption
from sales_pipeline.cli.screen import say, show_exactly, show_json
from sales_pipeline.errors import UsageError

if TYPE_CHECKING:
    from sales_pipeline.databricks.answers import Answers
    from sales_pipeline.databricks.project import Written

EXAMPLE = """\b
Examples:
  sales-pipeline databricks init
  sales-pipeline databricks init shops --catalog main --schema sales --mail sales@example.com
  sales-pipeline databricks init --compute cluster --node-type Standard_D4ds_v5 --force --yes

\b
Exit code 0: the files are there.
Exit code 2: an answer cannot be used, or files are in the way; nothing was written.
"""
_QUESTIONS = {
    "host": "Address of the workspace (empty: that of your profile)",
    "catalog": "Catalog",
    "schema": "Schema",
    "mail": "Whom to tell by mail of failed runs (empty: said when it is deployed)",
    "compute": "serverless or cluster",
}
_ELSEWHERE = """\
config.yaml does not take its files from the volume. Do: write in it
  landing: /Volumes/{catalog}/{schema}/landing/incoming
  lakehouse: /Volumes/{catalog}/{schema}/landing/lakehouse"""
_NEXT = (
    "databricks bundle validate --strict --target dev",
    "databricks bundle deploy --target dev",
    "databricks bundle run sales_pipeline --target dev",
)


def _option(name: str, metavar: str, text: str) -> typer.models.OptionInfo:
    made: typer.models.OptionInfo = typer.Option(
        f"--{name}", metavar=metavar, help=text, show_default=False
    )
    return made


def init(
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="The root of the project.", show_default=False),
    ] = Path(),
    *,
    host: Annotated[
        str | None, _option("host", "URL", "The workspace. Without it: that of the profile.")
    ] = None,
    catalog: Annotated[
        str | None, _option("catalog", "NAME", "The catalog, which is there. Without it: main.")
    ] = None,
    schema: Annotated[
        str | None,
        _option("schema", "NAME", "What the names of the schemas begin with. Without it: sales."),
    ] = None,
    mail: Annotated[
        str | None,
        _option("mail", "ADDRESS", "Who is told of failed runs. Without it: prod asks for it."),
    ] = None,
    compute: Annotated[
        str | None,
        _option("compute", "KIND", "serverless or cluster. Without it: serverless."),
    ] = None,
    node_type: Annotated[
        str | None,
        _option("node-type", "TYPE", "The machines of a cluster. Without it: i3.xlarge."),
    ] = None,
    analysts: Annotated[
        str | None, _option("analysts", "GROUP", "Who reads gold in prod. Without it: analysts.")
    ] = None,
    engineers: Annotated[
        str | None,
        _option("engineers", "GROUP", "Who manages the jobs in prod. Without it: data-engineers."),
    ] = None,
    run_as: Annotated[
        str | None,
        _option("run-as", "ID", "The application id of the service principal that runs prod."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing; take what is usual.")] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace files of a bundle that are there and differ."),
    ] = False,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Writes the files by which a project of yours is deployed to a Databricks workspace.

    A bundle for the Databricks CLI: schemas and a landing volume, a job that starts when files
    arrive, and one that tests. On a terminal it asks for what no option says. Files that are
    there are left as they are; config.yaml is written only where there is none.
    """
    given = {
        "host": host, "catalog": catalog, "schema": schema, "mail": mail, "compute": compute,
        "node_type": node_type, "analysts": analysts, "engineers": engineers, "run_as": run_as,
    }  # fmt: skip
    # The package's data is found here only: --help must not wait for it.
    from sales_pipeline.databricks.answers import Answers
    from sales_pipeline.databricks.project import write_bundle

    answers = Answers(**{name: value for name, value in given.items() if value is not None})
    if sys.stdin.isatty() and not yes:
        answers = _asked(answers, [name for name in _QUESTIONS if given[name] is None])
    written = write_bundle(folder, answers, force=force)
    if as_json:
        show_json(_document(folder, written))
    else:
        show_exactly(_text(folder, written))


def _asked(answers: Answers, names: list[str]) -> Answers:
    """Asks for the answers of some names, each until it can be used."""
    from dataclasses import replace

    for name in names:
        usual = getattr(answers, name)
        while True:
            text = typer.prompt(
                _QUESTIONS[name], default=usual or "", show_default=bool(usual), err=True
            )
            try:
                answers = replace(answers, **{name: text.strip() or usual})
                break
            except UsageError as error:
                say(str(error))
    return answers


def _next_commands(folder: Path) -> list[str]:
    there = [] if folder == Path() else [f"cd {shlex.quote(str(folder))}"]
    return [*there, *_NEXT]


def _document(folder: Path, written: Written) -> dict[str, object]:
    return {
        "folder": str(folder),
        "written": list(written.written),
        "left": list(written.left),
        "elsewhere": written.elsewhere,
        "next": _next_commands(folder),
    }


def _text(folder: Path, written: Written) -> str:
    lines = [
        *(f"written: {folder / name}" for name in written.written),
        *(f"left as it is: {folder / name}" for name in written.left),
        *([_ELSEWHERE] if written.elsewhere else []),
        "",
        "Next, with the Databricks CLI; docs/databricks.md explains each step:",
        *(f"  {command}" for command in _next_commands(folder)),
    ]
    return "\n".join([*lines, ""])
