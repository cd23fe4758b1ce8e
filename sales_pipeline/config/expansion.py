"""Expands a declaration before validation: environment variables and shared formats.

A variable, `${NAME}` in any text value, is replaced after the YAML is parsed, so it cannot change
the structure. Secrets come this way, so a report shows what was written and never the value.

A format is copied into every feed that names it. The feed's own values take precedence: key by
key in mappings such as csv, columns and rules, as a whole in lists and single values. A mistake
in a format is reported where it is written, once, however many feeds share it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sales_pipeline.config.problems import Fault, Loc, Plain, mapping
from sales_pipeline.printable import hide

FEED_KEYS = ("landing", "store", "stores", "format")
"""The keys that a format cannot have, because no two feeds share their values."""

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*")

_SQL = ("exclude_when", "holds", "sql")
"""The keys with SQL, which messages about records quote."""

# sql and value of a computed column exclude each other, so the feed's column replaces the format's.
_WHOLE_BELOW = "computed"
# So do the ways to tell how much tax there is.
_WHOLE = "tax"


@dataclass
class Variables:
    """The environment variables of a declaration.

    Attributes:
        environment: The values of the variables.
        places: The places that have a variable, so their values must not be shown.
        faults: Variables that are not set, or have invalid names.
    """

    environment: Mapping[str, str]
    places: set[Loc] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)

    def expand(self, value: object, loc: Loc = ()) -> object:
        """Returns the value with all variables in it and below it replaced.

        >>> Variables({"CITY": "Paris"}).expand({"stores": ["${CITY} Nord"]})
        {'stores': ['Paris Nord']}
        """
        if isinstance(value, dict):
            return {key: self.expand(item, (*loc, key)) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.expand(item, (*loc, at)) for at, item in enumerate(value)]
        if isinstance(value, str) and "${" in value and _VARIABLE.search(value):
            self.places.add(loc)
            expanded = _VARIABLE.sub(lambda match: self._value(match, loc), value)
            if len(loc) == 1:
                self._hide_names(value)
            if len(loc) == 1 or loc[-1] in _SQL:
                hide(expanded, value)
            return expanded
        return value

    def _hide_names(self, text: str) -> None:
        """Hides the values in a folder or address: messages name parts and forms of it, too."""
        for name in filter(self.environment.__contains__, _VARIABLE.findall(text)):
            hide(self.environment[name], f"${{{name}}}")

    def _value(self, match: re.Match[str], loc: Loc) -> str:
        name = match[1]
        if name in self.environment:
            return self.environment[name]
        message = f"the environment variable {name} is not set; set it, or write the value here"
        if not _NAME.fullmatch(name):
            message = f"{match[0]} names no environment variable; write ${{NAME}}"
        self.faults.append(Fault(loc, message))
        return match[0]


@dataclass
class Resolved:
    """A declaration with its formats copied into the feeds, and the origin of every value.

    Attributes:
        data: The declaration to validate.
        origins: A place that was filled from a format -> its place in the format.
        faults: Keys that a format cannot have.
        unresolved: The feeds whose format does not exist, so what they lack is not known.
    """

    data: dict[str, object]
    origins: dict[Loc, Loc] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    unresolved: set[Loc] = field(default_factory=set)

    def origin(self, loc: Loc) -> Loc:
        """Returns the place where a value of the validated declaration is written.

        >>> filled = {("feeds", "nice", "csv"): ("formats", "till", "csv")}
        >>> Resolved({}, filled).origin(("feeds", "nice", "csv", "quote"))
        ('formats', 'till', 'csv', 'quote')
        """
        for length in range(len(loc), 2, -1):
            if loc[:length] in self.origins:
                return self.origins[loc[:length]] + loc[length:]
        return loc

    def is_unresolved(self, loc: Loc) -> bool:
        """Says whether a place is in a feed whose format does not exist."""
        return loc[:2] in self.unresolved


def resolve_formats(data: Plain) -> Resolved:
    """Returns a declaration in which every feed has the keys of its format."""
    resolved = Resolved(dict(data))
    formats = mapping(data.get("formats"))
    for name, shape in formats.items():
        resolved.faults += _feed_key_faults(("formats", name), mapping(shape))
    feeds = data.get("feeds")
    if isinstance(feeds, Mapping):
        resolved.data["feeds"] = {
            name: _filled(resolved, name, feed, formats) for name, feed in feeds.items()
        }
    return resolved


def without_repeats(faults: Iterable[tuple[Loc, Fault]]) -> list[Fault]:
    """Returns faults without repetitions in feeds of the same format.

    Args:
        faults: Each fault, after its place in the validated declaration.

    >>> fault = Fault(("formats", "till", "key"), "wrong")
    >>> without_repeats([(("feeds", "nice", "key"), fault), (("feeds", "lyon", "key"), fault)])
    [Fault(loc=('formats', 'till', 'key'), message='wrong', line=None)]
    """
    first: dict[Loc, Loc] = {}
    return [fault for loc, fault in faults if first.setdefault(fault.loc, loc) == loc]


def _feed_key_faults(loc: Loc, shape: Plain) -> list[Fault]:
    return [
        Fault((*loc, key), "no two feeds share it; write it in each feed")
        for key in FEED_KEYS
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
    shape = {key: value for key, value in mapping(formats[chosen]).items() if key not in FEED_KEYS}
    return _merged(feed, shape, loc, ("formats", chosen), resolved.origins)


def _merged(
    feed: Plain, shape: Plain, loc: Loc, origin: Loc, origins: dict[Loc, Loc]
) -> dict[str, object]:
    """Merges a format into a feed and records the origin of each place that it fills."""
    result = dict(feed)
    for key, value in shape.items():
        place, source = (*loc, key), (*origin, key)
        own = feed.get(key)
        is_whole = loc[-1] == _WHOLE_BELOW or key == _WHOLE
        if key not in feed:
            result[key], origins[place] = value, source
        elif not is_whole and isinstance(own, dict) and isinstance(value, dict):
            result[key] = _merged(own, value, place, source, origins)
    return result
