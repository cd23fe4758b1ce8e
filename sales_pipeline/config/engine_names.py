"""The names of engines, as they are declared and given on the command line."""

from __future__ import annotations

import re

from sales_pipeline.config.refusal import Refusal, did_you_mean

EMBEDDED, SPARK, DATABRICKS = "embedded", "spark", "databricks"
_NAMED = (EMBEDDED, SPARK, DATABRICKS)
_REMOTE = "sc://.+"
ENGINE_PATTERN = "|".join((*_NAMED, _REMOTE))


def check_engine_name(name: str) -> str:
    """Returns the name of an engine.

    Raises:
        Refusal: There is no such engine.
    """
    if re.fullmatch(ENGINE_PATTERN, name):
        return name
    guess = name.strip().lower()
    usable = guess if re.fullmatch(ENGINE_PATTERN, guess) else None
    advice = "write embedded, spark, databricks, or sc://HOST:PORT for a Spark Connect server"
    raise Refusal("not an engine", name, did_you_mean(usable, otherwise=advice))
