"""How an engine comes to its session of Spark: opened when first asked for, and once.

Where the session is (in this process, behind a server, given by a platform) and where the tables
are (in a folder, in a catalog) are two things: an engine is put together of one of each.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from threading import Lock
from typing import TYPE_CHECKING

from sales_pipeline.engines.engine import Needs

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def installed_versions(*packages: str) -> dict[str, str]:
    """Package -> its version, for those that are installed."""
    found = {}
    for each in packages:
        with suppress(PackageNotFoundError):
            found[each] = version(each)
    return found


class Session(ABC):
    """A session of Spark, which starts when it is first asked for.

    Attributes:
        name: The name of the engine that has it, as it is recorded with every run.
        needs: What it needs of the machine that calls it.
        has_spark_csv: Whether its CSV reader is Spark's own.
    """

    name: str
    needs: Needs
    has_spark_csv = True

    def __init__(self) -> None:
        self._spark: SparkSession | None = None
        self._opening = Lock()

    @property
    def task_slots(self) -> int:
        """How many tasks work at the same time."""
        return len(os.sched_getaffinity(0))

    def spark(self) -> SparkSession:
        """The session, opened at the first call. Several threads may ask for it at once."""
        with self._opening:
            if self._spark is None:
                self._spark = self._open()
            return self._spark

    def close(self) -> None:
        """Ends the session, where one was opened."""
        with self._opening:
            if self._spark is not None:
                self._end(self._spark)
                self._spark = None

    @abstractmethod
    def versions(self) -> Mapping[str, str]:
        """What it is made of -> the version of that."""

    @abstractmethod
    def _open(self) -> SparkSession:
        """Opens the session."""

    def _end(self, spark: SparkSession) -> None:
        """Ends the session that was opened."""
        spark.stop()


class OnSession:
    """What every engine has from its session."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.name, self.needs = session.name, session.needs

    def versions(self) -> Mapping[str, str]:
        """What the engine is made of -> the version of that."""
        return self.session.versions()

    def spark(self) -> SparkSession:
        """The session, opened at the first call."""
        return self.session.spark()

    def close(self) -> None:
        """Closes the session."""
        self.session.close()
