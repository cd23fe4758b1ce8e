"""The names of catalogs and schemas, as they are declared and given on the command line."""

from __future__ import annotations

import re

from sales_pipeline.config.refusal import Refusal, did_you_mean

CATALOG_NAME_PATTERN = "[A-Za-z0-9_][A-Za-z0-9_-]{0,99}"


def check_catalog_name(name: str) -> str:
    """Returns the name of a catalog or a schema.

    Raises:
        Refusal: It has characters that would have to be quoted everywhere, or is too long.
    """
    if re.fullmatch(CATALOG_NAME_PATTERN, name):
        return name
    guess = re.sub("[^A-Za-z0-9_-]+", "_", name).strip("_-")
    usable = guess if re.fullmatch(CATALOG_NAME_PATTERN, guess) else None
    advice = "write at most 100 ASCII letters, digits, _ and -, and no - first"
    do = did_you_mean(usable, otherwise=advice)
    raise Refusal("not a name for a catalog or a schema", name, do)
