"""The embedded engine: Sail in this process, Delta tables in a folder, no JVM.

Sail (`pysail`) answers the Spark Connect protocol on the loopback interface.
"""

from __future__ import annotations

import ctypes
import os
import re
import signal
import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock, RLock
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from sales_pipeline.commit_points import safe_point
from sales_pipeline.engines.engine import Needs
from sales_pipeline.engines.folder import FolderEngine
from sales_pipeline.engines.folder_upkeep import DATA_FILE_BYTES
from sales_pipeline.engines.session import Session, installed_versions
from sales_pipeline.engines.statements import quoted
from sales_pipeline.errors import ExtraMissing
from sales_pipeline.profile import statement

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_PLAIN_PATH = re.compile(r"(?:[A-Za-z]:)?[A-Za-z0-9/._+=@,-]+")
_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    # Finding the line of every call for error messages costs a fifth of a small run.
    "spark.python.sql.dataFrameDebugging.enabled": "false",
}


_NO_COMPRESSION = 1
"""The set of gRPC's algorithms that has none but `identity`."""


class CtrlC:
    """The handler of Ctrl-C that this process had before it started a server.

    The server takes Ctrl-C as an order to end, but a run that stops at its next safe point needs
    its engine until then. Python's own `signal.signal` works in the main thread only, and engines
    start in any thread. Only POSIX has the system call; elsewhere nothing is restored.
    """

    _ROOM_BYTES = 512
    """More than `struct sigaction` takes on any system."""
    _HANDLER = slice(ctypes.sizeof(ctypes.c_void_p))
    _LONGEST_SECONDS = 0.5

    def __init__(self) -> None:
        self._system = ctypes.CDLL(None, use_errno=True) if os.name == "posix" else None
        self._before = self._present()

    def restore(self) -> None:
        """Restores the handler; first waits until a server that just started has set its own."""
        if self._system is None:
            return
        until, before = time.monotonic() + self._LONGEST_SECONDS, self._before.raw[self._HANDLER]
        while self._present().raw[self._HANDLER] == before and time.monotonic() < until:
            time.sleep(self._LONGEST_SECONDS / 100)
        self._system.sigaction(signal.SIGINT, self._before, None)

    def _present(self) -> ctypes.Array[ctypes.c_char]:
        action = ctypes.create_string_buffer(self._ROOM_BYTES)
        if self._system is not None:
            self._system.sigaction(signal.SIGINT, None, action)
        return action


@dataclass
class _Server:
    """The server of this process. It would stop when it is collected, so it is kept for good."""

    server: Any
    port: int
    ctrl_c: CtrlC
    has_ctrl_c: bool = True


_running: list[_Server] = []
_starting = RLock()
"""Several runs may open their sessions at once; a process has one server and one Ctrl-C."""


def _server_port() -> int:
    """Returns the loopback port of the server; starts it at the first call."""
    with _starting:
        if not _running:
            os.environ.setdefault("RUST_LOG", "off")
            from pysail.spark import SparkConnectServer

            server, ctrl_c = SparkConnectServer("127.0.0.1", 0), CtrlC()
            server.start()
            _, port = server.listening_address
            _running.append(_Server(server, int(port), ctrl_c))
        return _running[0].port


def _settle_server() -> None:
    """Takes Ctrl-C back from the server, once, a while after its start."""
    with _starting:
        [running] = _running
        if running.has_ctrl_c:
            running.ctrl_c.restore()
            running.has_ctrl_c = False


@contextmanager
def _main_has_a_file() -> Iterator[None]:
    """Gives `__main__` a file while PySpark is imported by `python -c` or a notebook.

    Without one the client takes the program for its own test run, and asks for a SPARK_HOME.
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


def _connected(port: int) -> SparkSession:
    """Returns a session on the server of this process, whose answers come without compression.

    The server compresses every answer for a client that can read it. In one process that only
    costs time: two thirds of that of collecting numbers.
    """
    os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"  # As `SparkSession.builder.remote` does.
    from pyspark.sql.connect.client import DefaultChannelBuilder
    from pyspark.sql.connect.session import SparkSession as ConnectSession

    options = [("grpc.compression_enabled_algorithms_bitset", _NO_COMPRESSION)]
    channel = DefaultChannelBuilder(f"sc://127.0.0.1:{port}", options)
    return cast("SparkSession", ConnectSession.builder.channelBuilder(channel).create())


class SailSession(Session):
    """A session on the server of this process.

    The first session starts the server, on a free loopback port; the server then stays for the
    next sessions until the process ends.

    Raises:
        ExtraMissing: pysail or pyspark-client is not installed.
    """

    name = "embedded"
    has_spark_csv = False
    needs = Needs("embedded", ("deltalake", "pandas", "pysail", "pyspark-client"))

    def versions(self) -> Mapping[str, str]:
        """Returns the versions of its packages."""
        return installed_versions("pysail", "pyspark", "pyspark-client", "deltalake")

    def _open(self) -> SparkSession:
        try:
            with _starting, warnings.catch_warnings(), _main_has_a_file():
                port = _server_port()
                warnings.simplefilter("ignore", FutureWarning)
                session = _connected(port)
        except ImportError as error:
            raise ExtraMissing("embedded", str(error.name or error)) from error
        # The server is in this process: a client that retries after its end would hang for minutes.
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

    # All users of the tables are on one machine, and Sail's own commits detect no conflict.
    is_leased = False
    # Sail would take the batches through a server in this very process.
    bytes_read_here = sys.maxsize
    counts_keys_here = True
    write_options = MappingProxyType({"targetFileSize": str(DATA_FILE_BYTES)})

    def __init__(self, lakehouse: Path) -> None:
        super().__init__(lakehouse, SailSession())
        self._registered: set[str] = set()
        self._registering = Lock()
        self._links: TemporaryDirectory[str] | None = None

    def table_name(self, table: str) -> str:
        """Returns the table's own name, after registering it with the session once."""
        session = self.spark()
        with self._registering:
            if table not in self._registered:
                schema, name = table.split(".")
                with statement(f"register schema {schema}"):
                    session.sql(f"CREATE SCHEMA IF NOT EXISTS {schema}")
                place = quoted((self._plain_folder() / schema / name).as_posix())
                with statement(f"register {table}"):
                    session.sql(f"CREATE TABLE IF NOT EXISTS {table} USING delta LOCATION {place}")
                self._registered.add(table)
        return table

    def _plain_folder(self) -> Path:
        """Returns the lakehouse under a path without characters that Sail would encode."""
        if _PLAIN_PATH.fullmatch(self._lakehouse.as_posix()):
            return self._lakehouse
        if self._links is None:
            self._links = TemporaryDirectory(prefix="sales_pipeline_")
            Path(self._links.name, "lakehouse").symlink_to(self._lakehouse)
        return Path(self._links.name, "lakehouse")

    def close(self) -> None:
        """Ends the session, and forgets which tables were registered."""
        super().close()
        self._registered.clear()
        if self._links is not None:
            self._links.cleanup()
            self._links = None
