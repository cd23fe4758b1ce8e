"""The versions of packages that this one works with, as pyproject.toml declares them.

They are said again here because a checkout, or a wheel that was put in place without its
dependencies, has no metadata that could be asked; a test compares.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Collection
from itertools import zip_longest

PYTHON = ">=3.11"
CORE = {
    "filelock": ">=3.13",
    "numpy": ">=1.26",
    "pyarrow": ">=19.0",
    "pydantic": ">=2.10",
    "pyyaml": ">=6.0",
    "rich": ">=13.7",
    "sqlglot": ">=26.0",
    "typer": ">=0.15",
}
OF_ENGINES = {
    "delta-spark": ">=4.0,!=4.4.1",
    "deltalake": ">=1.1",
    "pandas": ">=2.2,<3",
    "pysail": ">=0.7.2",
    "pyspark": ">=4.0",
    "pyspark-client": ">=4.1",
}
# The whole of pyspark is a client, too.
INSTEAD = {"pyspark-client": "pyspark"}
_COMPARE = {">=": operator.ge, "<": operator.lt, "!=": operator.ne}


def required(packages: Collection[str]) -> dict[str, str]:
    """Package -> the versions that do, for all that is needed with some packages of engines."""
    return CORE | {name: OF_ENGINES[name] for name in packages}


def fits(version: str, wanted: str) -> bool:
    """Says whether a version is one of those that do.

    >>> fits("4.2.0", ">=4.1"), fits("3.0.0rc1", ">=2.2,<3"), fits("2.10", ">=2.9,!=2.10.1")
    (True, False, True)
    """
    bounds = (re.fullmatch(r"(>=|<|!=)([\d.]+)", each) for each in wanted.split(","))
    found = _numbers(version)
    return all(
        _COMPARE[bound[1]](*zip(*zip_longest(found, _numbers(bound[2]), fillvalue=0), strict=True))
        for bound in bounds
        if bound is not None
    )


def _numbers(version: str) -> list[int]:
    leading = re.match(r"\d+(\.\d+)*", version)
    return [int(each) for each in leading[0].split(".")] if leading else [0]
