"""The options that commands share: named, explained and checked in one place.

A command that works with a declaration takes `shared: Shared`, one that changes something
`shared: Changing`, and one that runs the pipeline `shared: Running`; `with_shared_options` turns
that into options of the command line. So a new shared option is a new field here and nothing else.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from sales_pipeline.cli.declaration import Given, chosen_path, load_declaration, named_path
from sales_pipeline.cli.screen import log_everything
from sales_pipeline.errors import UsageError

if TYPE_CHECKING:
    from sales_pipeline.config.model import Declaration


def _verbose(value: bool) -> bool:
    if value:
        log_everything()
    return value


def check_engine(option: typer.CallbackParam, value: str | None) -> str | None:
    """Checks the name of an engine, as a callback of an option.

    Raises:
        UsageError: There is no such engine.
    """
    from sales_pipeline.config.locations import check_engine_name

    return _checked(option, value, check_engine_name)


def check_name(option: typer.CallbackParam, value: str | None) -> str | None:
    """Checks the name of a catalog or a schema, as a callback of an option.

    Raises:
        UsageError: It is none.
    """
    from sales_pipeline.config.locations import check_catalog_name

    return _checked(option, value, check_catalog_name)


def _checked(
    option: typer.CallbackParam, value: str | None, check: Callable[[str], str]
) -> str | None:
    from sales_pipeline.config.problems import InvalidValue

    try:
        return None if value is None else check(value)
    except InvalidValue as error:
        raise UsageError(f"{option.opts[0]}: {error}") from error


ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="PATH",
        help="The declaration. Without it: $SALES_PIPELINE_CONFIG, else ./config.yaml; if there is "
        "neither, commands that only read take the sample retailer's.",
    ),
]
SampleOption = Annotated[
    bool,
    typer.Option(
        "--sample",
        help="Take the sample retailer, with its own declaration unless --config is given.",
    ),
]
LakehouseOption = Annotated[
    Path | None,
    typer.Option(
        "--lakehouse",
        metavar="PATH",
        help="The folder of the tables, in place of the declared one.",
    ),
]
EngineOption = Annotated[
    str | None,
    typer.Option(
        "--engine",
        metavar="ENGINE",
        help="What runs it: embedded, spark, sc://HOST:PORT, or databricks. Without it: the "
        "declared one, else $SPARK_REMOTE, else embedded.",
        callback=check_engine,
    ),
]
CatalogOption = Annotated[
    str | None,
    typer.Option(
        "--catalog",
        metavar="NAME",
        help="The catalog of the tables, in place of the declared one; not with embedded.",
        callback=check_name,
    ),
]
SchemaOption = Annotated[
    str | None,
    typer.Option(
        "--schema",
        metavar="NAME",
        help="How the schemas of the tables begin in the catalog, in place of the declared one: "
        "sales for sales_bronze, sales_silver, sales_gold and sales_ops.",
        callback=check_name,
    ),
]
VerboseOption = Annotated[
    bool,
    typer.Option(
        "--verbose", help="Say what happens, and show tracebacks.", callback=_verbose, is_eager=True
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
RowsOption = Annotated[
    int | None,
    typer.Option(
        "--rows",
        metavar="N",
        min=1,
        help="Judge only the first N records of each file of sales; without it whole files.",
    ),
]
CsvOption = Annotated[bool, typer.Option("--csv", help="Print CSV for a spreadsheet.")]
WaitOption = Annotated[
    float,
    typer.Option(
        "--wait", metavar="SECONDS", min=0, help="How long to wait for another run to end."
    ),
]
ProfileOption = Annotated[
    bool,
    typer.Option(
        "--profile",
        help="Show where the time went: each stage of the run, and its slowest statements.",
    ),
]
FileArgument = Annotated[
    str,
    typer.Argument(
        metavar="FILE", help="The file as the run names it: its path below the landing folder."
    ),
]


@dataclass(frozen=True)
class Shared:
    """The options of every command that works with a declaration."""

    config: ConfigOption = None
    sample: SampleOption = False
    lakehouse: LakehouseOption = None
    engine: EngineOption = None
    catalog: CatalogOption = None
    schema: SchemaOption = None
    verbose: VerboseOption = False

    @property
    def path(self) -> Path | None:
        """The file of the declaration; None for the sample retailer's own."""
        return self.config if self.sample else chosen_path(self.config)

    def declaration(self) -> Declaration:
        """Loads the declaration, with the values that options replace.

        Raises:
            DeclarationError: The file cannot be used.
            UsageError: No declaration is named, and the command changes something.
        """
        given = Given(**{field.name: getattr(self, field.name) for field in fields(Given)})
        return load_declaration(self.path, given, sample=self.sample)


@dataclass(frozen=True)
class Changing(Shared):
    """The options of every command that changes something; it never guesses a declaration."""

    wait: WaitOption = 0

    @property
    def path(self) -> Path | None:
        """The file of the declaration; None for the sample retailer's own, if asked for."""
        return self.config if self.sample else named_path(self.config)

    def prepared(self) -> Declaration:
        """Loads the declaration and prepares the process for a Spark session."""
        from sales_pipeline.engines.spark_session import prepare_process

        declaration = self.declaration()
        prepare_process(declaration)
        return declaration


@dataclass(frozen=True)
class Running(Changing):
    """The options of every command that runs the pipeline."""

    profile: ProfileOption = False


def with_shared_options(command: Callable[..., None]) -> Callable[..., None]:
    """Returns a command whose parameter `shared`, if any, became the options of its class."""
    own = dict(inspect.signature(command).parameters)
    if own.pop("shared", None) is None:
        return command
    hints = get_type_hints(command, include_extras=True)
    kind = hints["shared"]
    options = get_type_hints(kind, include_extras=True)
    parameters = [parameter.replace(annotation=hints[name]) for name, parameter in own.items()]
    parameters += [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=field.default,
            annotation=options[field.name],
        )
        for field in fields(kind)
    ]

    def called(**values: Any) -> None:
        shared = kind(**{field.name: values.pop(field.name) for field in fields(kind)})
        command(**values, shared=shared)

    called.__name__, called.__doc__ = command.__name__, command.__doc__
    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    called.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return called


def check_one_form(*, as_json: bool, as_csv: bool) -> None:
    """Checks that an answer is asked for in one form only.

    Raises:
        UsageError: It is asked for as JSON and as CSV.
    """
    if as_csv and as_json:
        raise UsageError("--csv, --json: give one of them, got both")
