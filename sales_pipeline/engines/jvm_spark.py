"""Spark on a JVM with Delta Lake, in this process.

Tables in a folder are addressed by their paths, because several lakehouses may share a catalog,
in which a name would lead to the table of another lakehouse.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, ClassVar

from sales_pipeline.engines.engine import Needs
from sales_pipeline.engines.folder import FolderEngine
from sales_pipeline.engines.session import Session, installed_versions, usable_cores
from sales_pipeline.errors import ExtraMissing, UsageError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

JARS_VARIABLE = "SALES_PIPELINE_JARS"
SESSION_CATALOG = "spark_catalog"
"""Spark's name for the catalog that every session has."""
_TALKATIVE = ("DataFrameQueryContextLogger", "SQLQueryContextLogger")
"""Loggers of PySpark that print a page of Java stack, as JSON, for every query that fails."""
DELTA_SETTINGS = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
}
SESSION_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    # Only in this catalog Delta takes a path as a name.
    "spark.sql.defaultCatalog": SESSION_CATALOG,
    # Ten thousand by default: the tasks in which VACUUM lists the files of a table.
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "8",
}
_IN_MEMORY, _BUILT_IN = "in-memory", "builtin"
_CONNECT = "pyspark.sql.connect.session"
_CONNECT_VARIABLES = ("SPARK_REMOTE", "SPARK_CONNECT_MODE_ENABLED", "SPARK_LOCAL_REMOTE")


class SparkFolderEngine(FolderEngine):
    """Tables in a folder, known to Spark by their paths."""

    def table_name(self, table: str) -> str:
        """Returns the path of the table in the form in which Delta takes it as a name."""
        return f"delta.`{str(self._folder(table)).replace('`', '``')}`"


class JvmSession(Session):
    """A session on a JVM with Delta Lake."""

    def __init__(self) -> None:
        super().__init__()
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.CRITICAL)

    def versions(self) -> Mapping[str, str]:
        """Returns the versions of Spark and Java of the session, and of the packages here."""
        java = "java_method('java.lang.System', 'getProperty', 'java.version')"
        [[spark, of_java]] = self.spark().sql(f"SELECT version(), {java}").collect()
        packages = installed_versions("pyspark", "pyspark-client", "delta-spark", "deltalake")
        return {"spark": str(spark).split(" ")[0], "java": str(of_java), **packages}


@dataclass
class _OwnSpark:
    """The Spark that this package started in this process; all its engines here share it.

    Attributes:
        spark: The session.
        warehouse: A folder for tables without a place of their own; None with a catalog.
        users: The number of engines that have it open; the last one stops it.
    """

    spark: SparkSession
    warehouse: tempfile.TemporaryDirectory[str] | None
    users: int = 0

    def stop(self) -> None:
        self.spark.stop()
        if self.warehouse is not None:
            self.warehouse.cleanup()


class LocalSparkSession(JvmSession):
    """A session of Spark in this process.

    A process has one Spark. If a program such as a notebook has started it, this is a further
    session beside its own one, with settings of its own, and nothing of the program is changed or
    stopped. Otherwise Spark is started, and stopped with its last session.

    Args:
        catalog: The catalog of the tables, which has to outlive the session.

    Raises:
        ExtraMissing: pyspark, delta-spark or deltalake is not installed.
        UsageError: The catalog is lost with the session, the program's own Spark lacks Delta Lake,
            the process has sessions of Spark Connect, or Java could not start Spark.
    """

    name = "spark"
    needs = Needs("spark", ("delta-spark", "deltalake", "pandas", "pyspark"), java=True)
    _own: ClassVar[_OwnSpark | None] = None
    _changing: ClassVar[Lock] = Lock()

    def __init__(self, catalog: str | None = None) -> None:
        super().__init__()
        self._catalog = catalog
        self._shared: _OwnSpark | None = None
        self._borrowed_from: SparkSession | None = None

    def _open(self) -> SparkSession:
        _leave_connect()
        with LocalSparkSession._changing:
            own, running = LocalSparkSession._own, self._running()
            if running is None:
                own = self._started()
            elif own is None or own.spark.sparkContext is not running.sparkContext:
                return self._beside(running)
            return self._sharing(own)

    def _running(self) -> SparkSession | None:
        """Returns a session of the Spark that runs in this process, or None."""
        try:
            from pyspark import SparkContext
            from pyspark.errors import PySparkRuntimeError
            from pyspark.sql import SparkSession
        except ImportError as error:
            raise ExtraMissing(self.needs.extra, str(error.name or error)) from error
        context = SparkContext._active_spark_context
        if context is None:
            return None
        try:
            session = SparkSession.active()
        except PySparkRuntimeError:
            session = None
        if session is None or session.sparkContext is not context:
            raise UsageError(
                "engine: this process has a SparkContext without a session. Do: stop it, or make a "
                "session with Delta Lake first."
            )
        return session

    def _beside(self, running: SparkSession) -> SparkSession:
        """Opens a session beside the one of a program; they share nothing but Spark itself."""
        check_delta(running)
        session = running.newSession()
        self._check_catalog(session)
        for key, value in SESSION_SETTINGS.items():
            session.conf.set(key, value)
        self._borrowed_from = running
        return session

    def _sharing(self, own: _OwnSpark) -> SparkSession:
        """Returns the session that this package started, and counts one more user."""
        try:
            self._check_catalog(own.spark)
            if self._catalog == SESSION_CATALOG and own.warehouse is not None:
                raise UsageError(
                    "catalog: this process has started Spark without a catalog, for tables in a "
                    "folder. Do: use the catalog in a process of its own."
                )
        except UsageError:
            if not own.users:
                own.stop()
            raise
        own.users += 1
        LocalSparkSession._own = self._shared = own
        return own.spark

    def _check_catalog(self, session: SparkSession) -> None:
        """Checks that tables in Spark's own catalog are kept, if they are to be there."""
        if self._catalog == SESSION_CATALOG:
            check_catalog_lasts(session.conf.get("spark.sql.catalogImplementation", _IN_MEMORY))

    def _started(self) -> _OwnSpark:
        try:
            from delta import configure_spark_with_delta_pip
            from pyspark.errors import PySparkRuntimeError
            from pyspark.sql import SparkSession
        except ImportError as error:
            raise ExtraMissing(self.needs.extra, str(error.name or error)) from error
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        cores = str(usable_cores())
        builder = SparkSession.builder.master(f"local[{cores}]").appName("sales_pipeline")
        settings = {
            **DELTA_SETTINGS,
            **SESSION_SETTINGS,
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.log.level": "ERROR",
            # Finding the line of every call for error messages costs a fifth of a small run.
            "spark.python.sql.dataFrameDebugging.enabled": "false",
            # Fifty by default, for tables of millions of files.
            "spark.databricks.delta.snapshotPartitions": cores,
            "spark.sql.shuffle.partitions": cores,
        }
        warehouse = None
        if self._catalog is None:
            # No table gets a name in Spark's catalog, but Spark makes the folder all the same.
            warehouse = tempfile.TemporaryDirectory(prefix="sales_pipeline_")
            settings["spark.sql.warehouse.dir"] = warehouse.name
        if folder := os.environ.get(JARS_VARIABLE):
            settings["spark.jars"] = ",".join(sorted(map(str, Path(folder).glob("*.jar"))))
        else:
            builder = configure_spark_with_delta_pip(builder)
        for key, value in settings.items():
            builder = builder.config(key, value)
        try:
            return _OwnSpark(builder.getOrCreate(), warehouse)
        except PySparkRuntimeError as error:
            if warehouse is not None:
                warehouse.cleanup()
            raise UsageError(
                "engine: Spark did not start; Java printed the reason. Do: if it cannot "
                f"fetch Delta's jars, put them into a folder and name it in {JARS_VARIABLE}."
            ) from error

    def _end(self, spark: SparkSession) -> None:
        with LocalSparkSession._changing:
            if self._shared is None:
                self._give_back()
                return
            own, self._shared = self._shared, None
            own.users -= 1
            if own.users:
                self._drop_views(spark)
            else:
                own.stop()
                if LocalSparkSession._own is own:
                    LocalSparkSession._own = None

    def _give_back(self) -> None:
        """Makes the session of the program the active one again, as it was before ours."""
        program, self._borrowed_from = self._borrowed_from, None
        # Without an active session the program has stopped Spark meanwhile.
        if program is not None and type(program).getActiveSession() is not None:
            # PySpark activates the session that last made a frame of local rows.
            program.createDataFrame([], "nothing INT")


def check_delta(session: SparkSession) -> None:
    """Checks that a session that this package did not start has Delta Lake.

    Raises:
        UsageError: It does not.
    """
    extension, catalog = DELTA_SETTINGS
    extensions = session.conf.get(extension, "") or ""
    # Catalogs other than Delta's may take Delta tables too, but Spark's built-in one does not.
    has_catalog = session.conf.get(catalog, _BUILT_IN) != _BUILT_IN
    if DELTA_SETTINGS[extension] in extensions and has_catalog:
        return
    settings = " and ".join(f"{key}={value}" for key, value in DELTA_SETTINGS.items())
    raise UsageError(
        f"engine: this process has a session of Spark without Delta Lake, got {extension}="
        f"{extensions!r}. Do: stop it, and Spark is started with Delta Lake, or start it with "
        f"{settings}."
    )


def check_catalog_lasts(kind: str | None) -> None:
    """Checks that Spark's own catalog, `hive` or `in-memory`, keeps its tables after the session.

    Raises:
        UsageError: It does not.
    """
    if kind == _IN_MEMORY:
        raise UsageError(
            f"catalog: a session of Spark forgets {SESSION_CATALOG} with its end. Do: set "
            "spark.sql.catalogImplementation to hive in spark-defaults.conf, or take no catalog."
        )


def _leave_connect() -> None:
    """Removes the variables that make PySpark open sessions of a server.

    A process has one kind of sessions. The engine that was asked for takes precedence over
    variables that the process inherited.
    """
    if _CONNECT in sys.modules:
        raise UsageError(
            "engine: this process has had sessions of Spark Connect, and spark is one without. "
            "Do: use that engine in a process of its own."
        )
    for name in _CONNECT_VARIABLES:
        os.environ.pop(name, None)
