"""The session that Databricks provides: inside its runtime, or by Databricks Connect."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from sales_pipeline.config.locations import DATABRICKS
from sales_pipeline.engines.engine import Needs
from sales_pipeline.engines.session import Session, installed_versions
from sales_pipeline.errors import UsageError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

RUNTIME_VARIABLE = "DATABRICKS_RUNTIME_VERSION"
"""Set in every process that the runtime starts, serverless or not."""
_REQUIRED = {
    "spark.sql.session.timeZone": ("UTC", "Etc/UTC"),
    "spark.sql.ansi.enabled": ("true",),
}
"""Setting -> the values with which every engine gives the same answers."""


class DatabricksSession(Session):
    """The session of a job or a notebook, which this package does not end.

    Raises:
        UsageError: There is none, or it has settings under which answers would differ.
    """

    name = DATABRICKS
    needs = Needs("databricks", ())  # The runtime has its own packages.

    def versions(self) -> Mapping[str, str]:
        """Returns the versions of Spark, the runtime and, outside of it, Databricks Connect."""
        runtime = os.environ.get(RUNTIME_VARIABLE)
        versions = {"spark": self.spark().version} | ({"runtime": runtime} if runtime else {})
        return versions | installed_versions("databricks-connect")

    def _open(self) -> SparkSession:
        session = _provided() if RUNTIME_VARIABLE in os.environ else _connected()
        for key, good in _REQUIRED.items():
            _require(session, key, good)
        return session

    def _end(self, spark: SparkSession) -> None:
        """Leaves the session, without our views, to the platform or program that provides it."""
        self._drop_views(spark)


def _provided() -> SparkSession:
    from pyspark.sql import SparkSession

    return SparkSession.builder.getOrCreate()


def _connected() -> SparkSession:
    try:
        from databricks.connect import DatabricksSession as Connect
    except ImportError as error:
        raise UsageError(
            "engine: databricks is the engine of jobs and notebooks there, and here is neither. "
            "Do: start the job, or pip install databricks-connect in the version of your runtime."
        ) from error
    session: SparkSession = Connect.builder.getOrCreate()
    return session


def _require(session: SparkSession, key: str, good: tuple[str, ...]) -> None:
    from pyspark.errors import PySparkException

    if session.conf.get(key) in good:
        return
    with suppress(PySparkException):  # Some kinds of compute allow no settings.
        session.conf.set(key, good[0])
    if (got := session.conf.get(key)) not in good:
        raise UsageError(
            f"engine: the session has {key} {got}, and it cannot be set. "
            f"Do: set it to {good[0]} where the compute is configured."
        )
