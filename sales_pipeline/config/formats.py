"""Puts the formats that feeds share under each feed that names one, before validation.

What a feed says comes first: key by key in mappings such as csv, columns and rules,
as a whole in lists and single values. What is wrong in a format is told where it is
written, once, however many feeds share it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sales_pipeline.config.findings import Plain, mapping
from sales_pipeline.config.places import Fault, Loc

OWN_KEYS = ("landing", "store", "stores", "format")
"""The keys that a format cannot have: no two feeds share them."""

# sql and value of a computed column exclude each other: the feed's takes the format's place.
_WHOLE_BELOW = "computed"


@dataclass
class Resolved:
    """A declaration with its formats put in, and where everything in it is written.

    Attributes:
        data: The declaration as it is validated.
        origins: A place that was filled from a format -> where that stands in the format.
        faults: Keys that no format can have.
        unresolved: The feeds whose format there is not: what they lack cannot be told.
    """

    data: dict[str, object]
    origins: dict[Loc, Loc] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    unresolved: set[Loc] = field(default_factory=set)

    def origin(self, loc: Loc) -> Loc:
        """Returns where a place of the validated declaration is written.

        >>> filled = {("feeds", "nice", "csv"): ("formats", "till", "csv")}
        >>> Resolved({}, filled).origin(("feeds", "nice", "csv", "quote"))
        ('formats', 'till', 'csv', 'quote')
        """
        for length in range(len(loc), 2, -1):
            if loc[:length] in self.origins:
                return self.origins[loc[:length]] + loc[length:]
        return loc

    def is_unresolved(self, loc: Loc) -> bool:
        """Says whether a place is in a feed whose format there is not."""
        return loc[:2] in self.unresolved


def resolve_formats(data: Plain) -> Resolved:
    """Returns a declaration in which every feed has what its format says."""
    resolved = Resolved(dict(data))
    formats = mapping(data.get("formats"))
    for name, shape in formats.items():
        resolved.faults += _own_key_faults(("formats", name), mapping(shape))
    feeds = data.get("feeds")
    if isinstance(feeds, Mapping):
        resolved.data["feeds"] = {
            name: _filled(resolved, name, feed, formats) for name, feed in feeds.items()
        }
    return resolved


def told_once(found: Iterable[tuple[Loc, Fault]]) -> list[Fault]:
    """Returns faults without those that another feed of the same format has told.

    Args:
        found: Each fault, after the place in the validated declaration at which it was found.

    >>> fault = Fault(("formats", "till", "key"), "wrong")
    >>> told_once([(("feeds", "nice", "key"), fault), (("feeds", "lyon", "key"), fault)])
    [Fault(loc=('formats', 'till', 'key'), message='wrong', line=None)]
    """
    teller: dict[Loc, Loc] = {}
    return [fault for loc, fault in found if teller.setdefault(fault.loc, loc) == loc]


def _own_key_faults(loc: Loc, shape: Plain) -> list[Fault]:
    return [
        Fault((*loc, key), "no two feeds share it; write it in each feed")
        for key in OWN_KEYS
        if key in shape
    ]


def _filled(resolved: Resolved, name: str, feed: object, formats: Plain) -> object:
    chosen = mapping(feed).get("format")
    if not isinstance(feed, Mapping) or not isinstance(chosen, str):
        return feed
    loc: Loc = ("feeds", name)
    if chosen not in formats:
        resolved.unresolved.add(loc)
        return feed
    shape = {key: value for key, value in mapping(formats[chosen]).items() if key not in OWN_KEYS}
    return _Merge(resolved.origins).merged(feed, shape, loc, ("formats", chosen))


@dataclass(frozen=True)
class _Merge:
    """Merges a format under a feed and keeps where each place that it fills is written."""

    origins: dict[Loc, Loc]

    def merged(self, own: Plain, shared: Plain, loc: Loc, origin: Loc) -> dict[str, object]:
        result = dict(own)
        for key, value in shared.items():
            there, here = (*origin, key), (*loc, key)
            mine = own.get(key)
            if key not in own:
                result[key], self.origins[here] = value, there
            elif loc[-1] != _WHOLE_BELOW and isinstance(mine, dict) and isinstance(value, dict):
                result[key] = self.merged(mine, value, here, there)
        return result
