"""Spark with Delta Lake behind a Spark Connect server."""

from __future__ import annotations

import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zipfile import ZipFile

from sales_pipeline.engines.engine import Needs
from sales_pipeline.engines.jvm_spark import SESSION_SETTINGS, JvmSession
from sales_pipeline.errors import ExtraMissing, UsageError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_USUAL_PORT = 15002
_ANSWERS_WITHIN_SECONDS = 10
_READY_WITHIN_SECONDS = 30


class RemoteSparkSession(JvmSession):
    """A session on a Spark Connect server.

    Args:
        url: The address of the server, `sc://host:port`, with the options of Spark Connect.

    Raises:
        ExtraMissing: pyspark or deltalake is not installed.
        UsageError: No server answers there.
    """

    needs = Needs("spark", ("deltalake", "pandas", "pyspark-client"))

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        host, port = server_of(url)
        # The options may hold a token, and the name is recorded with every run.
        self.name = f"sc://{host}:{port}"

    def _open(self) -> SparkSession:
        try:
            from pyspark.sql import SparkSession
        except ImportError as error:
            raise ExtraMissing(self.needs.extra, str(error.name or error)) from error
        check_reachable(self.name)
        check_answers(self._url, self.name)
        session = SparkSession.builder.remote(self._url).create()
        for key, value in SESSION_SETTINGS.items():
            session.conf.set(key, value)
        # Workers read landing files with exactly this package, not with an installed one.
        with tempfile.TemporaryDirectory() as folder:
            session.addArtifacts(str(package_archive(Path(folder))), pyfile=True)
        return session


def package_archive(folder: Path) -> Path:
    """Writes the modules of this package into an archive from which Python imports."""
    package, archive = Path(__file__).resolve().parents[1], folder / "sales_pipeline.zip"
    with ZipFile(archive, "w") as zipped:
        for module in sorted(package.rglob("*.py")):
            zipped.write(module, module.relative_to(package.parent))
    return archive


def server_of(url: str) -> tuple[str, int]:
    """Returns host and port of a Spark Connect server.

    >>> server_of("sc://spark.example.com/;token=secret")
    ('spark.example.com', 15002)
    """
    parts = urlsplit(url)
    try:
        return parts.hostname or "", parts.port or _USUAL_PORT
    except ValueError as error:
        raise UsageError("engine: not the address of a server. Do: write sc://HOST:PORT") from error


def check_reachable(name: str) -> None:
    """Checks that a server answers, because the client would retry for minutes.

    Raises:
        UsageError: None does.
    """
    try:
        socket.create_connection(server_of(name), timeout=_ANSWERS_WITHIN_SECONDS).close()
    except OSError as error:
        why = error.strerror or str(error)
        raise UsageError(
            f"engine: no Spark Connect server at {name}: {why}. Do: start it, or name another."
        ) from error


def check_answers(url: str, name: str) -> None:
    """Checks that a server speaks Spark Connect's protocol, with TLS if the address asks for it.

    The client would retry a failed handshake for half an hour, and say nothing meanwhile.

    Args:
        url: The address, with its options.
        name: The address without options, which may hold a token.

    Raises:
        UsageError: It does not, or the options cannot be read.
    """
    import grpc
    from pyspark.errors import PySparkValueError
    from pyspark.sql.connect.client import DefaultChannelBuilder

    try:
        channel = DefaultChannelBuilder(url).toChannel()
    except PySparkValueError:
        raise UsageError(
            f"engine: the options of the address {name} cannot be read. "
            "Do: write sc://HOST:PORT/;NAME=VALUE;NAME=VALUE"
        ) from None
    try:
        grpc.channel_ready_future(channel).result(timeout=_READY_WITHIN_SECONDS)
    except grpc.FutureTimeoutError:
        raise UsageError(
            f"engine: what listens at {name} did not answer as a Spark Connect server within "
            f"{_READY_WITHIN_SECONDS} s. Do: check the port, the certificate, and whether there is "
            "TLS, which use_ssl=true and a token ask for."
        ) from None
    finally:
        channel.close()
