"""Spark on a JVM with Delta Lake: in this process, or behind a Spark Connect server.

Tables in a folder that both sides see are asked for by it: the names of a catalog that several
lakehouses share would lead to the tables of another one.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zipfile import ZipFile

from sales_pipeline.engines.engine import Needs
from sales_pipeline.engines.folder import FolderEngine
from sales_pipeline.engines.session import Session, installed_versions
from sales_pipeline.errors import ExtraMissing, UsageError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

JARS_VARIABLE = "SALES_PIPELINE_JARS"
SESSION_CATALOG = "spark_catalog"
"""What Spark calls the catalog that every session has."""
_USUAL_PORT = 15002
_ANSWERS_WITHIN_SECONDS = 10
_TALKATIVE = ("DataFrameQueryContextLogger", "SQLQueryContextLogger")
"""Loggers of PySpark that print a page of Java stack, as JSON, for every query that fails."""
DELTA_SETTINGS = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
}
_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    # Ten thousand by default: the tasks in which VACUUM lists the files of a table.
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "8",
}
_FORGETFUL = "in-memory"
_CONNECT = "pyspark.sql.connect.session"
_OF_CONNECT = ("SPARK_REMOTE", "SPARK_CONNECT_MODE_ENABLED", "SPARK_LOCAL_REMOTE")


class SparkFolderEngine(FolderEngine):
    """Tables in a folder, known to Spark by their paths."""

    def table_name(self, table: str) -> str:
        """The path of the table, as Delta takes it for a name."""
        return f"delta.`{str(self._folder(table)).replace('`', '``')}`"


class JvmSession(Session):
    """A session on a JVM with Delta Lake."""

    def __init__(self) -> None:
        super().__init__()
        for each in _TALKATIVE:
            logging.getLogger(each).setLevel(logging.CRITICAL)

    def versions(self) -> Mapping[str, str]:
        """The versions of Spark and Java where the session is, and of the packages here."""
        java = "java_method('java.lang.System', 'getProperty', 'java.version')"
        [[spark, of_java]] = self.spark().sql(f"SELECT version(), {java}").collect()
        packages = installed_versions("pyspark", "pyspark-client", "delta-spark", "deltalake")
        return {"spark": str(spark).split(" ")[0], "java": str(of_java), **packages}


class LocalSparkSession(JvmSession):
    """A session of Spark in this process.

    Args:
        catalog: The catalog in which tables have their names; it has to outlive the session.

    Raises:
        ExtraMissing: pyspark, delta-spark or deltalake is not installed.
        UsageError: The catalog is forgotten with the session, the process has sessions of
            Spark Connect, or Java could not start it.
    """

    name = "spark"
    needs = Needs("spark", ("delta-spark", "deltalake", "pandas", "pyspark"), java=True)
    _users = 0
    """How many have it open: a process has one such session, and the last one ends it."""

    def __init__(self, catalog: str | None = None) -> None:
        super().__init__()
        self._catalog = catalog
        self._warehouse: tempfile.TemporaryDirectory[str] | None = None

    def _open(self) -> SparkSession:
        _leave_connect()
        try:
            from delta import configure_spark_with_delta_pip
            from pyspark.sql import SparkSession
        except ImportError as error:
            raise ExtraMissing(self.needs.extra, str(error.name or error)) from error
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        cores = str(self.task_slots)
        builder = SparkSession.builder.master(f"local[{cores}]").appName("sales_pipeline")
        settings = {
            **DELTA_SETTINGS,
            **_SETTINGS,
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.log.level": "ERROR",
            # Finding the line of every call for error messages costs a fifth of a small run.
            "spark.python.sql.dataFrameDebugging.enabled": "false",
            # Fifty by default, for tables of millions of files.
            "spark.databricks.delta.snapshotPartitions": cores,
            "spark.sql.shuffle.partitions": cores,
        }
        if self._catalog is None:
            # Nothing has a name in its catalog, but it makes the folder all the same.
            self._warehouse = tempfile.TemporaryDirectory(prefix="sales_pipeline_")
            settings["spark.sql.warehouse.dir"] = self._warehouse.name
        for key, value in settings.items():
            builder = builder.config(key, value)
        if folder := os.environ.get(JARS_VARIABLE):
            jars = sorted(str(each) for each in Path(folder).glob("*.jar"))
            builder = builder.config("spark.jars", ",".join(jars))
        else:
            builder = configure_spark_with_delta_pip(builder)
        session = self._started(builder)
        LocalSparkSession._users += 1
        if self._catalog == SESSION_CATALOG:
            check_catalog_lasts(session.conf.get("spark.sql.catalogImplementation", _FORGETFUL))
        return session

    def _started(self, builder: SparkSession.Builder) -> SparkSession:
        from pyspark.errors import PySparkRuntimeError

        try:
            return builder.getOrCreate()
        except PySparkRuntimeError as error:
            self._leave_warehouse()
            raise UsageError(
                "engine: Spark did not start; what Java printed says why. Do: where it cannot "
                f"fetch Delta's jars, put them into a folder and name it in {JARS_VARIABLE}."
            ) from error

    def _end(self, spark: SparkSession) -> None:
        LocalSparkSession._users -= 1
        if not LocalSparkSession._users:
            super()._end(spark)
        self._leave_warehouse()

    def _leave_warehouse(self) -> None:
        if self._warehouse is not None:
            self._warehouse.cleanup()
            self._warehouse = None


def _leave_connect() -> None:
    """Takes back what tells PySpark that sessions are those of a server.

    A process has one kind only; what it inherited of another goes before what was asked for.
    """
    if _CONNECT in sys.modules:
        raise UsageError(
            "engine: this process has had sessions of Spark Connect, and spark is one without. "
            "Do: use that engine in a process of its own."
        )
    for each in _OF_CONNECT:
        os.environ.pop(each, None)


class RemoteSparkSession(JvmSession):
    """A session on a Spark Connect server.

    Args:
        url: Where the server is, `sc://host:port`, and what Spark Connect takes behind it.

    Raises:
        ExtraMissing: pyspark or deltalake is not installed.
        UsageError: Nobody answers there.
    """

    needs = Needs("spark", ("deltalake", "pandas", "pyspark-client"))

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        host, port = server_of(url)
        # What follows may hold a token, and the name is recorded with every run.
        self.name = f"sc://{host}:{port}"

    def _open(self) -> SparkSession:
        try:
            from pyspark.sql import SparkSession
        except ImportError as error:
            raise ExtraMissing(self.needs.extra, str(error.name or error)) from error
        check_reachable(self.name)
        session = SparkSession.builder.remote(self._url).create()
        for key, value in _SETTINGS.items():
            session.conf.set(key, value)
        # Workers read landing files with this very package, whatever is installed where they are.
        with tempfile.TemporaryDirectory() as folder:
            session.addArtifacts(str(package_archive(Path(folder))), pyfile=True)
        return session


def check_catalog_lasts(kind: str | None) -> None:
    """Checks that Spark's own catalog knows its tables after the session, too.

    Args:
        kind: What the session has it in: `hive`, or `in-memory`.

    Raises:
        UsageError: It does not.
    """
    if kind == _FORGETFUL:
        raise UsageError(
            f"catalog: a session of Spark forgets {SESSION_CATALOG} with its end. Do: set "
            "spark.sql.catalogImplementation to hive in spark-defaults.conf, or take no catalog."
        )


def package_archive(folder: Path) -> Path:
    """Writes the modules of this package into an archive from which Python imports."""
    package, archive = Path(__file__).resolve().parents[1], folder / "sales_pipeline.zip"
    with ZipFile(archive, "w") as zipped:
        for module in sorted(package.rglob("*.py")):
            zipped.write(module, module.relative_to(package.parent))
    return archive


def server_of(url: str) -> tuple[str, int]:
    """Host and port of a Spark Connect server.

    >>> server_of("sc://spark.example.com/;token=secret")
    ('spark.example.com', 15002)
    """
    parts = urlsplit(url)
    try:
        return parts.hostname or "", parts.port or _USUAL_PORT
    except ValueError as error:
        raise UsageError("engine: not the address of a server. Do: write sc://HOST:PORT") from error


def check_reachable(name: str) -> None:
    """Checks that somebody answers, for the client itself goes on trying for minutes.

    Raises:
        UsageError: Nobody does.
    """
    try:
        socket.create_connection(server_of(name), timeout=_ANSWERS_WITHIN_SECONDS).close()
    except OSError as error:
        why = error.strerror or str(error)
        raise UsageError(
            f"engine: no Spark Connect server at {name}: {why}. Do: start it, or name another."
        ) from error
