"""Loads a declaration, or says everything that is wrong with it in one report."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from math import inf
from pathlib import Path

from pydantic import ValidationError

from sales_pipeline.config.consistency import findings_in
from sales_pipeline.config.environment import Expansion
from sales_pipeline.config.folders import filled
from sales_pipeline.config.formats import Resolved, resolve_formats, told_once
from sales_pipeline.config.model import Declaration
from sales_pipeline.config.places import Fault, Loc, deepest, dotted, is_related, value_at
from sales_pipeline.config.refusal import ABSENT, complaint, shown
from sales_pipeline.config.sentences import Written, faults_of
from sales_pipeline.config.yaml_tree import Document, read_yaml
from sales_pipeline.errors import DeclarationError, Problem


def load_config(
    path: str | Path | None = None, *, instead: Mapping[str, str] | None = None
) -> Declaration:
    """Returns the declaration in a YAML file.

    Args:
        path: The file; without one, the sample retailer that comes with the package.
        instead: Keys at the top -> texts that take the place of what is declared; those of
            `catalog` and `schema` count for the placeholders in folders, too.

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
    """Returns the declaration that plain data makes, as if it had been read from a file.

    Args:
        data: What the YAML would hold; `${NAME}` is replaced here, too.
        source: What the error report calls the data.

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
    expansion = Expansion(os.environ)
    data = expansion.expand(document.data)
    faults = [*document.faults, *expansion.faults]
    if not isinstance(data, dict):
        faults = faults or [_not_a_mapping(data)]
        raise DeclarationError(source, _problems(faults, document))
    resolved = resolve_formats(data)
    faults += resolved.faults
    try:
        declaration = Declaration.model_validate(resolved.data)
    except ValidationError as error:
        known = {fault.loc for fault in faults}
        found = faults_of(error, Written(document.data, expansion.places, resolved))
        found = [fault for fault in found if fault.loc not in known]
        told = [*expansion.faults, *resolved.faults, *found]
        secret = expansion.places
        faults += [*found, *_further_faults(document.data, resolved, told, secret)]
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
    lacking = [
        Fault((key,), f"its placeholders stand for nothing without a catalog{do}")
        for key, folder in folders.items()
        if folder is None
    ]
    if lacking:
        raise DeclarationError(source, _problems(lacking, document))
    return declaration.model_copy(update=folders)


def _not_a_mapping(data: object) -> Fault:
    if data is None:
        return Fault((), "empty; write a declaration, or start from the sample in the package")
    return Fault(
        (), f"not a mapping, got {shown(data)}; write `key: value` lines, feeds among them"
    )


def _further_faults(
    written: object, resolved: Resolved, told: list[Fault], secret: set[Loc]
) -> list[Fault]:
    """Returns what does not fit either, apart from the places already complained about."""
    found: list[tuple[Loc, Fault]] = []
    for finding in findings_in(resolved.data):
        loc = deepest(written, resolved.origin(finding.loc))
        is_lack = value_at(resolved.data, finding.loc) is ABSENT
        if is_lack and resolved.is_unresolved(finding.loc):
            continue
        if not any(is_related(loc, fault.loc) for fault in told):
            got = value_at(written, loc) if finding.shows else ABSENT
            do = "; the variable's value is not shown" if loc in secret else finding.do
            found.append((finding.loc, Fault(loc, complaint(finding.what, got, do))))
    return told_once(found)


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
