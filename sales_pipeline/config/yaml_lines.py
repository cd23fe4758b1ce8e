"""Parses YAML into plain data in which every scalar is text, with the line of every key.

Text stays as written: `0.85` never becomes a float, `NO` stays a country and `1:30` does not
become a number of seconds. Only true, false and an empty value are not text.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar

import yaml  # type: ignore[import-untyped]

from sales_pipeline.config.problems import Fault, Loc

MAX_VALUES = 50_000
_TAG = "tag:yaml.org,2002:"
_MERGE = f"{_TAG}merge"


class _TextLoader(yaml.SafeLoader):  # type: ignore[misc]
    """Takes every plain scalar for text except true, false, null and the merge key."""

    yaml_implicit_resolvers: ClassVar[dict[str, list[Any]]] = {}


for _name, _regex, _first in (
    ("bool", "true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", "~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", "<<", "<"),
):
    _TextLoader.add_implicit_resolver(f"{_TAG}{_name}", re.compile(f"^(?:{_regex})$"), list(_first))


class _FastTextLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The same with the parser in C, if there is one: about twenty times as fast."""

    yaml_implicit_resolvers = _TextLoader.yaml_implicit_resolvers


@dataclass
class Document:
    """The content of a YAML file.

    Attributes:
        data: Mappings, lists, text, true and false, and None for an empty value.
        lines: The line, counted from 1, of each key and each entry of a list.
        faults: Keys written twice, refused tags, and syntax errors.
    """

    data: object = None
    lines: dict[Loc, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


class _TooLarge(Exception):
    """The file has, with what its anchors repeat, more values than any declaration."""


def read_yaml(text: str) -> Document:
    """Returns the plain data of a YAML text, with the line of every key."""
    reader = _Reader()
    try:
        root = _root(text)
        data = reader.value(root, ()) if root else None
    except yaml.YAMLError as error:
        return Document(faults=[_syntax_fault(error, text)])
    except (RecursionError, _TooLarge):
        message = "nested too deeply, or an anchor repeats itself too often; write it out flat"
        return Document(faults=[Fault((), message)])
    return Document(data, reader.document.lines, reader.document.faults)


def _root(text: str) -> Any:
    """Returns the root node of a YAML text, or None if it is empty."""
    # The two parsers differ only in their error messages and in the tabs that they accept, and
    # the one in C is not on every machine.
    if "\t" not in text:
        with suppress(yaml.YAMLError):
            return yaml.compose(text, Loader=_FastTextLoader)
    return yaml.compose(text, Loader=_TextLoader)


class _Reader:
    """Converts the nodes of a YAML document to plain data."""

    def __init__(self) -> None:
        self.document = Document()
        self._values = 0

    def value(self, node: Any, loc: Loc) -> object:
        self._values += 1
        if self._values > MAX_VALUES:
            raise _TooLarge
        kind = node.tag.removeprefix(_TAG)
        if kind == "map" and isinstance(node, yaml.MappingNode):
            return self._mapping(node, loc)
        if kind == "seq" and isinstance(node, yaml.SequenceNode):
            return [self._entry(child, (*loc, at)) for at, child in enumerate(node.value)]
        if kind in ("str", "bool", "null", "merge") and isinstance(node, yaml.ScalarNode):
            return _scalar(kind, node.value)
        tag = node.tag.replace(_TAG, "!!")
        self._add_fault(loc, node, f"the tag {tag} is refused; write the value without it")
        return None

    def _entry(self, node: Any, loc: Loc) -> object:
        self.document.lines.setdefault(loc, _line(node))
        return self.value(node, loc)

    def _mapping(self, mapping: Any, loc: Loc) -> dict[str, object]:
        result: dict[str, object] = {}
        first: dict[str, int] = {}
        for key, node in mapping.value:
            if not isinstance(key, yaml.ScalarNode):
                self._add_fault(loc, key, "a key must be a name; write `name: value`")
            elif key.tag != _MERGE and key.value in first:
                message = f"written twice, first on line {first[key.value]}; keep one of them"
                self._add_fault((*loc, key.value), key, message)
            elif key.tag != _MERGE:
                first[key.value] = _line(key)
                self.document.lines.setdefault((*loc, key.value), _line(key))
                result[key.value] = self.value(node, (*loc, key.value))
        for key, node in mapping.value:
            if key.tag == _MERGE:
                result = {**self._merged(node, loc), **result}
        return result

    def _merged(self, node: Any, loc: Loc) -> dict[str, object]:
        """Returns the keys that `<<: *anchor` adds; of several anchors, the first one counts."""
        parts = node.value if isinstance(node, yaml.SequenceNode) else [node]
        result: dict[str, object] = {}
        for part in parts:
            if isinstance(part, yaml.MappingNode):
                result = {**self._mapping(part, loc), **result}
            else:
                self._add_fault((*loc, "<<"), part, "not a mapping; write `<<: *name` of an anchor")
        return result

    def _add_fault(self, loc: Loc, node: Any, message: str) -> None:
        self.document.faults.append(Fault(loc, message, _line(node)))


def _scalar(kind: str, text: str) -> object:
    if kind == "null":
        return None
    return text.lower() == "true" if kind == "bool" else text


def _line(node: Any) -> int:
    line: int = node.start_mark.line
    return line + 1


def _syntax_fault(error: Any, text: str) -> Fault:
    """Returns the message for one of PyYAML's errors."""
    if not isinstance(error, yaml.MarkedYAMLError):
        line = text.count("\n", 0, error.position) + 1
        message = f"not YAML: the character U+{error.character:04X} is not allowed; take it out"
        return Fault((), message, line)
    mark = error.problem_mark
    context = f" {error.context}" if error.context else ""
    if error.context_mark and error.context_mark.line != mark.line:
        context += f" that begins on line {error.context_mark.line + 1}"
    message = f"not YAML:{context}, {error.problem}" if context else f"not YAML: {error.problem}"
    tab = "\\t" in (error.problem or "")
    do = "indent with spaces, not with tabs" if tab else "correct this line or the one before it"
    return Fault((), f"{message}; {do}", mark.line + 1)
