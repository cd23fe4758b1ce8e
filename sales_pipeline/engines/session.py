"""Sessions of Spark: their needs on this machine, their start and their end.

An engine combines a session (in this process, behind a server, provided by a platform) with a
place for tables (a folder, a catalog).
"""

from __future__ import annotations

import os
import secrets
import shutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from sales_pipeline.engines.engine import Needs
from sales_pipeline.errors import ExtraMissing, UsageError
from sales_pipeline.profile import statement

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_MODULES = {"delta-spark": "delta", "pyspark-client": "pyspark"}
"""Package -> the module that it installs, if the names differ."""


def installed_versions(*packages: str) -> dict[str, str]:
    """Returns package -> version, without the packages that are not installed."""
    versions = {}
    for package in packages:
        with suppress(PackageNotFoundError):
            versions[package] = version(package)
    return versions


def check_installed(needs: Needs) -> None:
    """Checks that this machine has what an engine needs, without importing anything.

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
    """Returns the Java program that Spark would start, or None if there is none."""
    home = os.environ.get("JAVA_HOME")
    return str(Path(home, "bin", "java")) if home else shutil.which("java")


def usable_cores() -> int:
    """Returns how many cores this process may use.

    Only Linux restricts a process to some of the cores; elsewhere all of them are counted.
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Session(ABC):
    """A session of Spark, which starts at the first use.

    Attributes:
        name: The name of its engine, as recorded with every run.
        needs: Packages and programs that it needs on this machine.
        has_spark_csv: Whether its CSV reader is Spark's own.
    """

    name: str
    needs: Needs
    has_spark_csv = True

    def __init__(self) -> None:
        self._spark: SparkSession | None = None
        self._opening = Lock()
        self._token = secrets.token_hex(8)
        self._views: set[str] = set()

    def spark(self) -> SparkSession:
        """Returns the session; opens it at the first call. Several threads may call at once."""
        with self._opening:
            if self._spark is None:
                with statement("start the engine", is_statement=False):
                    self._spark = self._open()
            return self._spark

    def close(self) -> None:
        """Ends the session if it was opened."""
        with self._opening:
            if self._spark is not None:
                self._end(self._spark)
                self._spark = None

    def view_name(self, purpose: str) -> str:
        """Returns the name of the temporary view for a purpose; no other engine uses it."""
        name = f"{purpose}_{self._token}"
        self._views.add(name)
        return name

    @abstractmethod
    def versions(self) -> Mapping[str, str]:
        """Returns component -> version."""

    @abstractmethod
    def _open(self) -> SparkSession:
        """Opens the session."""

    def _end(self, spark: SparkSession) -> None:
        """Ends the session that was opened."""
        spark.stop()

    def _drop_views(self, spark: SparkSession) -> None:
        """Drops the temporary views of this engine, where the session outlives it."""
        # A session that was lost or stopped meanwhile has no views.
        with suppress(Exception):
            while self._views:
                spark.catalog.dropTempView(self._views.pop())


class OnSession:
    """The part of an engine that its session provides."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.name, self.needs = session.name, session.needs

    def versions(self) -> Mapping[str, str]:
        """Returns component -> version."""
        return self.session.versions()

    def spark(self) -> SparkSession:
        """Returns the session; opens it at the first call."""
        return self.session.spark()

    def view_name(self, purpose: str) -> str:
        """Returns the name of the temporary view for a purpose; no other engine uses it."""
        return self.session.view_name(purpose)

    def close(self) -> None:
        """Ends the session."""
        self.session.close()
