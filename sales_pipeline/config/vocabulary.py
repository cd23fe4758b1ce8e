"""The keys that the model knows at a place, for the advice in a report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sales_pipeline.config.model import Declaration
from sales_pipeline.config.places import Loc


def keys_at(loc: Loc) -> dict[str, FieldInfo]:
    """Returns the keys of the part of a declaration that stands at a place.

    >>> list(keys_at(("catalogue", "languages", "fr")))
    ['product', 'category']
    """
    kinds: list[Any] = [Declaration]
    for step in loc:
        kinds = [below for kind in kinds for below in _below(kind, step)]
    return {name: field for kind in kinds if _is_part(kind) for name, field in _fields(kind)}


def _fields(kind: type[BaseModel]) -> Iterable[tuple[str, FieldInfo]]:
    return [(field.alias or name, field) for name, field in kind.model_fields.items()]


def _below(kind: Any, step: str | int) -> Iterator[Any]:
    """Yields what a key's value, or an entry of a list, can be."""
    fields = dict(_fields(kind)) if _is_part(kind) else {}
    if step in fields:
        yield from _forms(fields[str(step)].annotation)
    elif get_origin(kind) is dict or (get_origin(kind) is tuple and isinstance(step, int)):
        yield from _forms(get_args(kind)[-1 if get_origin(kind) is dict else 0])


def _forms(kind: Any) -> Iterator[Any]:
    """Yields every form of a type: that of a union, without what annotates them."""
    if get_origin(kind) is Annotated:
        yield from _forms(get_args(kind)[0])
    elif get_origin(kind) in (Union, UnionType):
        for each in get_args(kind):
            yield from _forms(each)
    else:
        yield kind


def _is_part(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def probable_key(loc: Loc) -> str | None:
    """Returns the key that an unknown one was probably meant to be, below the same part.

    >>> probable_key(("base_curency",)), probable_key(("catalogue", "delimiter"))
    ('base_currency', 'csv.delimiter')
    """
    known = keys_at(loc[:-1])
    wrong = str(loc[-1])
    close = get_close_matches(wrong.lower().replace("-", "_"), known, n=1)
    if close:
        return close[0]
    deeper = (f"{key}.{wrong}" for key in known if wrong in keys_at((*loc[:-1], key)))
    return next(deeper, None)


def meaning(loc: Loc) -> str:
    """Returns what belongs at a place, in the words of the model's description.

    >>> meaning(("feeds", "paris", "currency"))
    'the currency of every amount, an ISO 4217 code'
    """
    text = " ".join((keys_at(loc[:-1])[str(loc[-1])].description or "").split())
    sentence = text.split(". ")[0].split("; ")[0].removesuffix(".")
    return sentence[:1].lower() + sentence[1:]
