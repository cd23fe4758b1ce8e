"""What the checks across values find, and the plain data that they work on.

Plain data is what the YAML holds, so checks can also be made on a declaration that
has other mistakes: then all of them are in one report. A finding names its place and
never a value: the report shows that itself, unless it is a secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date

from pydantic import ValidationError
from pydantic_core import InitErrorDetails

from sales_pipeline.config.places import Loc, value_at
from sales_pipeline.config.refusal import ABSENT, Refusal

Plain = Mapping[str, object]


@dataclass(frozen=True)
class Finding:
    """Something that does not fit: its place, what is wrong, and what to do.

    Attributes:
        loc: The place.
        what: What is wrong.
        do: What to do, with the mark before it.
        shows: Whether the value there tells the reader anything.
    """

    loc: Loc
    what: str
    do: str
    shows: bool = True

    def below(self, *loc: str) -> Finding:
        """Returns the same finding, seen from further up in the declaration."""
        return replace(self, loc=(*loc, *self.loc))


def raise_findings(title: str, plain: Plain, findings: Iterable[Finding]) -> None:
    """Raises all findings as one pydantic error, each at its own place, if there are any."""
    details: list[InitErrorDetails] = []
    for finding in findings:
        got = value_at(plain, finding.loc) if finding.shows else ABSENT
        refusal = Refusal(finding.what, got, finding.do)
        details.append(
            {"type": "value_error", "loc": finding.loc, "input": got, "ctx": {"error": refusal}}
        )
    if details:
        raise ValidationError.from_exception_data(title, details)


def mapping(value: object) -> Plain:
    """Returns the value if it is a mapping, and an empty one if it is anything else."""
    return value if isinstance(value, Mapping) else {}


def entries(value: object) -> list[object]:
    """Returns the entries of a list; a single text, taken where a list is, is its only one."""
    if isinstance(value, str):
        return [value]
    return list(value) if isinstance(value, list | tuple) else []


def is_false(value: object) -> bool:
    """Says whether a value reads as false, as it does to the model."""
    return str(value).lower() in {"false", "no", "off", "n", "f", "0"}


def day_of(value: object) -> date | None:
    """Returns a day, from a text where it is one."""
    if isinstance(value, date):
        return value
    with suppress(ValueError):
        return date.fromisoformat(str(value))
    return None


def dated_findings(value: object) -> Iterable[Finding]:
    """Finds entries, each since a day, that are not in the order of their days."""
    if not isinstance(value, list | tuple):
        return
    earlier: date | None = None
    for at, entry in enumerate(map(mapping, value)):
        since = day_of(entry.get("since"))
        if at and entry.get("since") is None:
            yield Finding((at, "since"), "missing", "; write the first day of this entry")
        elif since and earlier and since <= earlier:
            do = "; write the entries in the order of their days"
            yield Finding((at, "since"), "not after the entry before it", do)
        earlier = since or earlier
