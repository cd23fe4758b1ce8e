"""The keys that the model knows at a place, for the advice in a report."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sales_pipeline.config.model import Declaration
from sales_pipeline.config.places import Loc


def keys_at(loc: Loc) -> dict[str, FieldInfo]:
    """Returns the keys of the part of a declaration that stands at a place.

    >>> list(keys_at(("rates",)))
    ['policy', 'fixed']
    """
    kind: Any = Declaration
    for step in loc:
        kind = _below(kind, str(step))
    return dict(kind.model_fields) if _is_part(kind) else {}


def _below(kind: Any, key: str) -> Any:
    if _is_part(kind):
        field = kind.model_fields.get(key)
        return field.annotation if field else None
    return get_args(kind)[-1] if get_origin(kind) is dict else None


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
