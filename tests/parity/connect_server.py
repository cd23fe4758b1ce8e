"""A real Spark Connect server with Delta Lake, on a JVM, for as long as a block lasts."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sales_pipeline.engines.jvm_spark import DELTA_SETTINGS, JARS_VARIABLE
from tests.parity.spark_processes import LOCAL, free_port, started, wait_until

_CLASS = "org.apache.spark.sql.connect.service.SparkConnectServer"
QUICK_JAVA = "-XX:TieredStopAtLevel=1"
"""Nearly half of a short life goes into compiling Java as well as it can be."""
LASTING_JAVA = "-XX:+UseParallelGC -XX:MetaspaceSize=512m"
"""In a long one that pays, and what works all the time needs no collector beside its work."""
MEMORY = "3g"
"""With Spark's default of 1g a quarter of the time goes into looking for memory."""
NOTHING: Mapping[str, str] = {}


@contextmanager
def connect_server(
    folder: Path,
    *,
    master: str = "local[2]",
    java: str = LASTING_JAVA,
    settings: Mapping[str, str] = NOTHING,
) -> Iterator[str]:
    """Starts a server and gives its address, `sc://127.0.0.1:PORT`.

    Args:
        folder: What it writes beside tables: its log and its warehouse.
        master: Where its tasks run.
        java: The options of its Java.
        settings: Further settings of Spark.
    """
    port, log = free_port(), folder / "server.log"
    with started(_command(folder, port, master, java, settings), log) as server:

        def is_open() -> bool:
            with socket.socket() as tried:
                return server.poll() is not None or tried.connect_ex((LOCAL, port)) == 0

        wait_until(is_open, "the server did not start", log)
        yield f"sc://{LOCAL}:{port}"


def _command(
    folder: Path, port: int, master: str, java: str, settings: Mapping[str, str]
) -> list[str]:
    told = {
        **DELTA_SETTINGS,
        "spark.connect.grpc.binding.address": LOCAL,
        "spark.connect.grpc.binding.port": str(port),
        "spark.ui.enabled": "false",
        "spark.log.level": "ERROR",
        "spark.python.sql.dataFrameDebugging.enabled": "false",
        # What its pages would show, which nobody sees.
        "spark.sql.ui.retainedExecutions": "10",
        "spark.ui.retainedJobs": "10",
        "spark.ui.retainedStages": "10",
        "spark.ui.retainedTasks": "100",
        # A hundred by default: fewer than one run needs, and each run would compile them again.
        "spark.sql.codegen.cache.maxEntries": "10000",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.sql.shuffle.partitions": "2",
        "spark.databricks.delta.snapshotPartitions": "1",
        **settings,
    }
    command = ["bin/spark-submit", "--master", master, "--class", _CLASS]
    command += ["--driver-memory", MEMORY, "--driver-java-options", java]
    command += [part for key, value in told.items() for part in ("--conf", f"{key}={value}")]
    return [*command, *_delta(), "spark-internal"]


def _delta() -> list[str]:
    if folder := os.environ.get(JARS_VARIABLE):
        return ["--jars", ",".join(sorted(str(each) for each in Path(folder).glob("*.jar")))]
    from delta import configure_spark_with_delta_pip
    from pyspark.sql import SparkSession

    builder = configure_spark_with_delta_pip(SparkSession.builder)
    return ["--packages", builder._options["spark.jars.packages"]]
