"""Whether what an engine needs of the machine that calls it is there: packages, Java."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

from sales_pipeline.engines.engine import Needs
from sales_pipeline.errors import ExtraMissing, UsageError

_MODULES = {"delta-spark": "delta", "pyspark-client": "pyspark"}
"""Package -> what is imported of it, where that is called otherwise."""


def check_installed(needs: Needs) -> None:
    """Checks that an engine can be used at all, without importing anything.

    Args:
        needs: What the engine needs.

    Raises:
        ExtraMissing: A package is not installed; the message names the extra that has it.
        UsageError: There is no Java, and the engine needs it.
    """
    for package in needs.packages:
        if find_spec(_MODULES.get(package, package)) is None:
            raise ExtraMissing(needs.extra, package)
    if needs.java and shutil.which(java_program() or "") is None:
        raise UsageError(
            f"engine: there is no Java, and the {needs.extra} engine needs it. "
            "Do: install a JRE 17, or set JAVA_HOME to one."
        )


def java_program() -> str | None:
    """The Java that Spark would start; None where nothing says which."""
    home = os.environ.get("JAVA_HOME")
    return str(Path(home, "bin", "java")) if home else shutil.which("java")
