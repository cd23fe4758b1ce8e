"""The descriptions of declared keys: the docstrings below them in the code of the model.

Reading code takes longer than reading a declaration, so it is done when a description is asked
for: for the JSON Schema, and for a message about a wrong value.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from functools import cache
from textwrap import dedent
from typing import Any

from pydantic import BaseModel

from sales_pipeline.config.values import Declared


@cache
def descriptions(part: type[BaseModel]) -> dict[str, str]:
    """Returns key -> its description, of a part of the declaration and of what it inherits.

    >>> from sales_pipeline.config.catalogue import Catalogue
    >>> descriptions(Catalogue)["landing"]
    "The pattern of the catalogue's files below the landing folder."
    """
    of_fields: dict[str, str] = {}
    for kind in reversed(part.__mro__):
        if issubclass(kind, BaseModel) and kind is not BaseModel:
            of_fields |= dict(_documented(kind))
    return {
        field.alias or name: of_fields[name]
        for name, field in part.model_fields.items()
        if name in of_fields
    }


def describe(schema: dict[str, Any], part: type[BaseModel]) -> None:
    """Adds the descriptions of all keys to pydantic's JSON Schema of a part and those below it."""
    kinds = {kind.__name__: kind for kind in _with_subclasses(Declared)}
    for name, of_part in {part.__name__: schema, **schema["$defs"]}.items():
        for key, text in descriptions(kinds[name]).items() if name in kinds else ():
            of_key = of_part["properties"][key]
            of_part["properties"][key] = dict(sorted({"description": text, **of_key}.items()))


def _with_subclasses(kind: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _with_subclasses(below)


def _documented(kind: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Yields the fields that a class itself declares with a docstring below them."""
    declared: Any = ast.parse(dedent(inspect.getsource(kind))).body[0]
    for field, below in zip(declared.body, declared.body[1:], strict=False):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                yield name, inspect.cleandoc(text)
