"""Puts environment variables into a declaration: `${NAME}` in any text value.

Secrets come this way, so the values never reach a message: a report shows what was
written. The variables are put in after the YAML is read and cannot change its shape.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sales_pipeline.config.places import Fault, Loc

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*")


@dataclass
class Expansion:
    """Plain data with its variables replaced, and what was found on the way.

    Attributes:
        environment: The variables.
        places: Where a variable was written; what stands there is not to be shown.
        faults: The variables that are not set, or are no names.
    """

    environment: Mapping[str, str]
    places: set[Loc] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)

    def expand(self, value: object, loc: Loc = ()) -> object:
        """Returns the value with all variables in it and below it replaced.

        >>> Expansion({"CITY": "Paris"}).expand({"stores": ["${CITY} Nord"]})
        {'stores': ['Paris Nord']}
        """
        if isinstance(value, dict):
            return {key: self.expand(item, (*loc, key)) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.expand(item, (*loc, at)) for at, item in enumerate(value)]
        if isinstance(value, str) and _VARIABLE.search(value):
            self.places.add(loc)
            return _VARIABLE.sub(lambda match: self._value(match, loc), value)
        return value

    def _value(self, match: re.Match[str], loc: Loc) -> str:
        name = match[1]
        if name in self.environment:
            return self.environment[name]
        message = f"the environment variable {name} is not set; set it, or write the value here"
        if not _NAME.fullmatch(name):
            message = f"{match[0]} names no environment variable; write ${{NAME}}"
        self.faults.append(Fault(loc, message))
        return match[0]
