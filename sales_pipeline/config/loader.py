"""Loads a declaration, or reports all its problems at once, each with its line."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from math import inf
from pathlib import Path

from pydantic import ValidationError

from sales_pipeline.config.catalogue import Catalogue
from sales_pipeline.config.expansion import (
    Variables,
    resolve_formats,
    without_repeats,
)
from sales_pipeline.config.feed import Feed
from sales_pipeline.config.files import Dialect
from sales_pipeline.config.locations import filled
from sales_pipeline.config.messages import Written, faults_of
from sales_pipeline.config.model import Declaration
from sales_pipeline.config.problems import (
    ABSENT,
    Fault,
    Loc,
    Mismatch,
    Plain,
    below,
    dotted,
    mapping,
    shown,
    value_at,
)
from sales_pipeline.config.rates import Rates
from sales_pipeline.config.values import Declared
from sales_pipeline.config.yaml_lines import Document, read_yaml
from sales_pipeline.errors import DeclarationError, Problem


def load_config(
    path: str | Path | None = None, *, instead: Mapping[str, str] | None = None
) -> Declaration:
    """Loads the declaration of a YAML file.

    Args:
        path: The file; without one, the sample retailer that comes with the package.
        instead: Keys at the top -> texts that replace the declared ones; `catalog` and
            `schema` also fill the placeholders in folders.

    Raises:
        DeclarationError: The file cannot be read or used; holds every problem found,
            each with its line and dotted key.
    """
    sample = files("sales_pipeline.config") / "config.yaml"
    place: Traversable = sample if path is None else Path(path)
    source = str(place)
    document = read_yaml(_text(place, source))
    declaration = _declaration(document, source)
    aliases = {field.alias: name for name, field in Declaration.model_fields.items() if field.alias}
    update = {aliases.get(key, key): text for key, text in (instead or {}).items()}
    return _with_folders(declaration.model_copy(update=update), document, source)


def declaration_from(data: dict[str, object], source: str = "declaration") -> Declaration:
    """Returns the declaration of plain data, validated as if it came from a file.

    Args:
        data: The content that the YAML would have; `${NAME}` is replaced here, too.
        source: The name of the data in the error report.

    Raises:
        DeclarationError: The data cannot be used; holds every problem found.
    """
    document = Document(data)
    return _with_folders(_declaration(document, source), document, source)


def _text(place: Traversable, source: str) -> str:
    try:
        data = place.read_bytes()
        return data.decode("utf-8-sig")
    except FileNotFoundError:
        message = "no such file; write the path of a declaration, such as config.yaml"
    except IsADirectoryError:
        message = "a folder; write the path of the file in it, such as config.yaml"
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"not UTF-8, got the byte 0x{data[error.start]:02X}; save the file as UTF-8"
        raise DeclarationError(source, [Problem(line, "", message)]) from None
    raise DeclarationError(source, [Problem(None, "", message)])


def _declaration(document: Document, source: str) -> Declaration:
    variables = Variables(os.environ)
    data = variables.expand(document.data)
    faults = [*document.faults, *variables.faults]
    if not isinstance(data, dict):
        faults = faults or [_not_a_mapping(data)]
        raise DeclarationError(source, _problems(faults, document))
    resolved = resolve_formats(data)
    faults += resolved.faults
    try:
        declaration = Declaration.model_validate(resolved.data)
    except ValidationError as error:
        known = {fault.loc for fault in faults}
        written = Written(document.data, variables.places, resolved)
        invalid = [fault for fault in faults_of(error, written) if fault.loc not in known]
        reported = [*variables.faults, *resolved.faults, *invalid]
        faults += [*invalid, *_further_faults(written, reported)]
    if faults:
        raise DeclarationError(source, _problems(faults, document))
    return declaration


def _with_folders(declaration: Declaration, document: Document, source: str) -> Declaration:
    """Returns the declaration with the placeholders in its folders filled."""
    catalog, schema = declaration.catalog, declaration.schema_name
    folders = {
        key: filled(getattr(declaration, key), catalog=catalog, schema=schema)
        for key in ("landing", "lakehouse")
    }
    do = "; declare it under catalog:, or give --catalog NAME"
    faults = [
        Fault((key,), f"its placeholders stand for nothing without a catalog{do}")
        for key, folder in folders.items()
        if folder is None
    ]
    if faults:
        raise DeclarationError(source, _problems(faults, document))
    return declaration.model_copy(update=folders)


def _not_a_mapping(data: object) -> Fault:
    if data is None:
        return Fault((), "empty; write a declaration, or start from the sample in the package")
    return Fault(
        (), f"not a mapping, got {shown(data)}; write `key: value` lines, feeds among them"
    )


def _further_faults(written: Written, reported: list[Fault]) -> list[Fault]:
    """Returns the mismatches of a declaration, apart from places that are reported already."""
    places = {fault.loc for fault in reported}
    around = {loc[:length] for loc in places for length in range(len(loc))}
    faults: list[tuple[Loc, Fault]] = []
    data = written.resolved.data
    for mismatch in _all_mismatches(data):
        loc = written.place(mismatch.loc)
        is_missing = value_at(data, mismatch.loc) is ABSENT
        if is_missing and written.resolved.is_unresolved(mismatch.loc):
            continue
        is_within = any(loc[:length] in places for length in range(len(loc) + 1))
        if loc not in around and not is_within:
            fault = written.fault(loc, mismatch.what, mismatch.do, shows=mismatch.shows)
            faults.append((mismatch.loc, fault))
    return without_repeats(faults)


def _all_mismatches(data: Plain) -> Iterator[Mismatch]:
    """Yields the mismatches in plain data, of which every part may be wrong or missing."""
    catalogue = _with_csv(Catalogue, data.get("catalogue"))
    rates = _with_csv(Rates, data.get("rates"))
    declaration = {**_with_defaults(Declaration, data), "catalogue": catalogue, "rates": rates}
    yield from Declaration.mismatches(declaration)
    if isinstance(data.get("catalogue"), dict):
        yield from below(("catalogue",), Catalogue.mismatches(catalogue))
    yield from below(("rates",), Rates.mismatches(rates))
    for name, part in mapping(data.get("feeds")).items():
        if isinstance(part, dict):
            yield from below(("feeds", name), Feed.mismatches(_with_csv(Feed, part)))


def _with_csv(kind: type[Declared], part: object) -> dict[str, object]:
    plain = _with_defaults(kind, part)
    return plain | {"csv": _with_defaults(Dialect, mapping(part).get("csv"))}


def _with_defaults(kind: type[Declared], part: object) -> dict[str, object]:
    fields = kind.model_fields.items()
    defaults = {
        field.alias or name: field.default for name, field in fields if not field.is_required()
    }
    return {**defaults, **mapping(part)}


def _problems(faults: list[Fault], document: Document) -> list[Problem]:
    """Returns the faults in the order of the file."""
    problems = [
        Problem(fault.line or _line(fault.loc, document.lines), dotted(fault.loc), fault.message)
        for fault in faults
    ]
    return sorted(problems, key=lambda problem: problem.line or inf)


def _line(loc: Loc, lines: Mapping[Loc, int]) -> int | None:
    """Returns the line of a place, or of the nearest part around it."""
    around = (loc[:length] for length in range(len(loc), 0, -1))
    return next((lines[place] for place in around if place in lines), None)
