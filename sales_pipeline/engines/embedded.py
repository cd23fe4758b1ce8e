"""The embedded engine: Sail in this process, Delta tables in a folder, no JVM.

Sail (`pysail`) answers the Spark Connect protocol on the loopback interface.
"""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import TYPE_CHECKING, Any

from sales_pipeline.commit_points import safe_point
from sales_pipeline.engines.columns import quoted
from sales_pipeline.engines.engine import Needs
from sales_pipeline.engines.folder import FolderEngine
from sales_pipeline.engines.interrupts import Interrupts
from sales_pipeline.engines.session import Session, installed_versions
from sales_pipeline.errors import ExtraMissing

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@cache
def _server_port() -> int:
    """Starts the server of this process on a free loopback port, once."""
    os.environ.setdefault("RUST_LOG", "off")
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer("127.0.0.1", 0)
    interrupts = Interrupts()
    server.start()
    _, port = server.listening_address
    # The server stops when it is collected, so it is kept as long as the process lives.
    _RUNNING.append((server, interrupts))
    return int(port)


@cache
def _settle_server() -> None:
    """Takes Ctrl-C back from the server, once, a while after its start."""
    _, interrupts = _RUNNING[-1]
    interrupts.put_back()


_PLAIN = re.compile(r"[A-Za-z0-9/._~+=@,-]+")
_RUNNING: list[tuple[Any, Interrupts]] = []
_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    # Finding the line of every call for error messages costs a fifth of a small run.
    "spark.python.sql.dataFrameDebugging.enabled": "false",
}


@contextmanager
def _main_has_a_file() -> Iterator[None]:
    """Lets PySpark be imported where `__main__` is no file: `python -c`, a notebook.

    The client takes such a program for its own test run, and asks for a SPARK_HOME.
    """
    main = sys.modules["__main__"]
    if hasattr(main, "__file__"):
        yield
        return
    main.__file__ = "<embedded>"
    try:
        yield
    finally:
        del main.__file__


class SailSession(Session):
    """A session on the server of this process.

    The server starts on a free loopback port with the first session, and stays for the next one
    until the process ends.

    Raises:
        ExtraMissing: pysail or pyspark-client is not installed.
    """

    name = "embedded"
    has_spark_csv = False
    needs = Needs("embedded", ("deltalake", "pandas", "pysail", "pyspark-client"))

    def versions(self) -> Mapping[str, str]:
        """The versions of the packages that it is made of."""
        return installed_versions("pysail", "pyspark", "pyspark-client", "deltalake")

    def _open(self) -> SparkSession:
        try:
            port = _server_port()
            with warnings.catch_warnings(), _main_has_a_file():
                warnings.simplefilter("ignore", FutureWarning)
                from pyspark.sql import SparkSession

                session = SparkSession.builder.remote(f"sc://127.0.0.1:{port}").create()
        except ImportError as error:
            raise ExtraMissing("embedded", str(error.name or error)) from error
        # The server is in this process: who asks again after its end would wait for minutes.
        session.client.set_retry_policies([])
        try:
            for key, value in _SETTINGS.items():
                session.conf.set(key, value)
        except Exception:
            safe_point()  # Until here Ctrl-C ends the server.
            raise
        _settle_server()
        return session


class EmbeddedEngine(FolderEngine):
    """Sail and delta-rs over the tables of one lakehouse folder.

    Raises:
        ExtraMissing: pysail, pyspark-client or deltalake is not installed.
    """

    # All who work on the tables are on one machine, and Sail's own commits see no conflict.
    is_leased = False
    # Sail would take the batches through a server in this very process.
    bytes_read_here = sys.maxsize

    def __init__(self, lakehouse: Path) -> None:
        super().__init__(lakehouse, SailSession())
        self._told: set[str] = set()
        self._telling = Lock()
        self._plain: TemporaryDirectory[str] | None = None

    def table_name(self, table: str) -> str:
        """The table's own name, of which the session is told when it is first asked for."""
        session = self.spark()
        with self._telling:
            if table not in self._told:
                schema = table.split(".")[0]
                session.sql(f"CREATE SCHEMA IF NOT EXISTS {schema}")
                place = quoted(str(self._plain_folder() / schema / table.split(".")[1]))
                session.sql(f"CREATE TABLE IF NOT EXISTS {table} USING delta LOCATION {place}")
                self._told.add(table)
        return table

    def _plain_folder(self) -> Path:
        """The lakehouse under a path that Sail takes as it is: it writes others in codes."""
        if _PLAIN.fullmatch(str(self._lakehouse)):
            return self._lakehouse
        if self._plain is None:
            self._plain = TemporaryDirectory(prefix="sales_pipeline_")
            Path(self._plain.name, "lakehouse").symlink_to(self._lakehouse)
        return Path(self._plain.name, "lakehouse")

    def close(self) -> None:
        """Closes the session, and forgets what it was told."""
        super().close()
        self._told.clear()
        if self._plain is not None:
            self._plain.cleanup()
            self._plain = None
