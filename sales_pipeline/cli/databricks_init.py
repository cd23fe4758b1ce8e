"""`sales-pipeline databricks init`: writes the files that deploy a project to a workspace."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from sales_pipeline.cli.options import JsonOption, VerboseOption
from sales_pipeline.cli.screen import say, show_exactly, show_json
from sales_pipeline.databricks.bundle import WrittenBundle, write_bundle
from sales_pipeline.databricks.bundle_settings import BundleSettings
from sales_pipeline.errors import UsageError

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
    "mail": "Address for mails about failed runs (empty: given when it is deployed)",
    "compute": "serverless or cluster",
}
_NOT_FROM_THE_VOLUME = """\
config.yaml does not take its files from the volume. Do: write in it
  landing: /Volumes/{catalog}/{schema}/landing/incoming
  lakehouse: /Volumes/{catalog}/{schema}/landing/lakehouse"""
_NEXT = (
    "databricks bundle validate --strict --target dev",
    "databricks bundle deploy --target dev",
    "databricks bundle run sales_pipeline --target dev",
)


def _option(name: str, metavar: str, text: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(
        f"--{name}", metavar=metavar, help=text, show_default=False
    )
    return option


def init(
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="The root of the project.", show_default=False),
    ] = Path(),
    *,
    host: Annotated[
        str | None,
        _option("host", "URL", "The address of the workspace. Without it: that of the profile."),
    ] = None,
    catalog: Annotated[
        str | None,
        _option("catalog", "NAME", "The catalog, which exists already. Without it: main."),
    ] = None,
    schema: Annotated[
        str | None,
        _option("schema", "NAME", "The beginning of the names of the schemas. Without it: sales."),
    ] = None,
    mail: Annotated[
        str | None,
        _option("mail", "ADDRESS", "Gets mails about failed runs. Without it: prod asks for it."),
    ] = None,
    compute: Annotated[
        str | None,
        _option("compute", "KIND", "serverless or cluster. Without it: serverless."),
    ] = None,
    node_type: Annotated[
        str | None,
        _option("node-type", "TYPE", "The machine type of a cluster. Without it: i3.xlarge."),
    ] = None,
    analysts: Annotated[
        str | None,
        _option("analysts", "GROUP", "The group that reads gold in prod. Without it: analysts."),
    ] = None,
    engineers: Annotated[
        str | None,
        _option(
            "engineers",
            "GROUP",
            "The group that manages the jobs in prod. Without it: data-engineers.",
        ),
    ] = None,
    run_as: Annotated[
        str | None,
        _option("run-as", "ID", "The application id of the service principal that runs prod."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing; take the defaults.")] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace files of a bundle that are there and differ."),
    ] = False,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Writes the files that deploy a project of yours to a Databricks workspace.

    They are a bundle for the Databricks CLI: schemas and a landing volume, a job that starts when
    files arrive, and a job that tests. On a terminal it asks for each setting without an option.
    Existing files stay as they are; config.yaml is written only if there is none.
    """
    given = {
        "host": host, "catalog": catalog, "schema": schema, "mail": mail, "compute": compute,
        "node_type": node_type, "analysts": analysts, "engineers": engineers, "run_as": run_as,
    }  # fmt: skip
    settings = BundleSettings(**{name: value for name, value in given.items() if value is not None})
    if sys.stdin.isatty() and not yes:
        settings = _asked_for(settings, [name for name in _QUESTIONS if given[name] is None])
    written = write_bundle(folder, settings, force=force)
    if as_json:
        show_json(_document(folder, written))
    else:
        show_exactly(_text(folder, written))


def _asked_for(settings: BundleSettings, names: list[str]) -> BundleSettings:
    """Asks for some settings, for each until it can be used; returns the settings with them."""
    for name in names:
        default = getattr(settings, name)
        while True:
            text = typer.prompt(
                _QUESTIONS[name], default=default or "", show_default=bool(default), err=True
            )
            try:
                settings = replace(settings, **{name: text.strip() or default})
                break
            except UsageError as error:
                say(str(error))
    return settings


def _next_commands(folder: Path) -> list[str]:
    change_folder = [] if folder == Path() else [f"cd {shlex.quote(str(folder))}"]
    return [*change_folder, *_NEXT]


def _document(folder: Path, written: WrittenBundle) -> dict[str, object]:
    return {
        "folder": str(folder),
        "written": list(written.written),
        "left": list(written.left),
        "elsewhere": written.is_elsewhere,
        "next": _next_commands(folder),
    }


def _text(folder: Path, written: WrittenBundle) -> str:
    lines = [
        *(f"written: {folder / name}" for name in written.written),
        *(f"left as it is: {folder / name}" for name in written.left),
        *([_NOT_FROM_THE_VOLUME] if written.is_elsewhere else []),
        "",
        "Next, with the Databricks CLI; docs/databricks.md explains each step:",
        *(f"  {command}" for command in _next_commands(folder)),
    ]
    return "\n".join([*lines, ""])
