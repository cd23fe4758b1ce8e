"""A real standalone cluster of Spark: a master, two workers, and Spark Connect in front of it.

Each worker has an address and a folder of its own, so that one can break down like a machine.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from tests.parity.connect_server import NOTHING, QUICK_JAVA, connect_server
from tests.parity.spark_processes import (
    LOCAL,
    command_of,
    free_port,
    kill,
    open_files,
    signal_all,
    started,
    started_by,
    wait_until,
)

_DEPLOY = "org.apache.spark.deploy"
_EXECUTOR = "CoarseGrainedExecutorBackend"
_PYTHON = "pyspark.daemon"


@dataclass(frozen=True)
class Worker:
    """One worker, with what it has started: executors, and their Python."""

    host: str
    process: subprocess.Popen[bytes]

    def is_alive(self) -> bool:
        """Says whether it works."""
        return self.process.poll() is None

    def has_read(self) -> bool:
        """Says whether one of its executors was given landing files to read, by Python."""
        return any(_PYTHON in command_of(each) for each in started_by(self.process))

    def is_writing(self, folder: Path) -> bool:
        """Says whether one of its executors is in the middle of a data file below a folder."""
        files = (file for each in self._executors() for file in open_files(each))
        return any(file.startswith(f"{folder}/") and ".parquet" in file for file in files)

    def stops_while_it_writes(self, folder: Path) -> bool:
        """Freezes it if one of its executors is in the middle of a data file; says whether."""
        if not self.is_writing(folder):
            return False
        signal_all(self.process, signal.SIGSTOP)
        # Only now it cannot end the file any more before it is killed.
        if self.is_writing(folder):
            return True
        signal_all(self.process, signal.SIGCONT)
        return False

    def kill(self) -> None:
        """Kills it and its executors at once, as when its machine breaks down."""
        kill(self.process)

    def kill_executors(self) -> None:
        """Kills its executors, and lets it tell the master so."""
        for each in self._executors():
            os.kill(each, signal.SIGKILL)
        signal_all(self.process, signal.SIGCONT)

    def _executors(self) -> list[int]:
        return [each for each in started_by(self.process) if _EXECUTOR in command_of(each)]


@dataclass
class Cluster:
    """A master and its workers; `cluster` starts them."""

    folder: Path
    master: str
    screen: str
    ends: ExitStack
    workers: list[Worker] = field(default_factory=list)

    @property
    def alive(self) -> list[Worker]:
        """The workers that were not killed."""
        return [each for each in self.workers if each.is_alive()]

    def complete(self) -> None:
        """Starts workers until there are two, and waits until the master knows of them."""
        while len(self.alive) < 2:
            self._add_worker()
        log = self.folder / "master.log"
        wait_until(lambda: self._known() == len(self.alive), "the workers did not come", log)

    def kill_bit_by_bit(self, worker: Worker) -> None:
        """Kills the executors of a worker, and itself once the master knows of that."""
        log = self.folder / "master.log"
        worker.kill_executors()
        told = "Removing executor"
        wait_until(lambda: told in log.read_text(encoding="utf-8"), "the master knows nothing", log)
        worker.kill()

    def _add_worker(self) -> None:
        number = len(self.workers) + 1
        # All of these are this machine, and to Spark they are several.
        host, log = f"127.0.0.{number}", self.folder / f"worker_{number}.log"
        command = ["bin/spark-class", f"{_DEPLOY}.worker.Worker", "-c", "1", "-m", "1g"]
        command += ["-h", host, "-p", "0", "--webui-port", "0"]
        command += ["-d", str(self.folder / f"worker_{number}"), self.master]
        process = self.ends.enter_context(started(command, log, host=host))
        self.workers.append(Worker(host, process))

    def _known(self) -> int:
        # A master that is starting answers with a page, before it knows of "/json/".
        with suppress(OSError, json.JSONDecodeError), urlopen(f"{self.screen}/json/") as answer:
            return int(json.load(answer)["aliveworkers"])
        return 0

    @contextmanager
    def connected(self, folder: Path, settings: Mapping[str, str] = NOTHING) -> Iterator[str]:
        """A Spark Connect server on the cluster, by its address, with two workers to begin with.

        Args:
            folder: Where the server writes; `tasks` reads there when it has ended.
            settings: Further settings of Spark.
        """
        self.complete()
        (folder / "events").mkdir()
        own = {
            "spark.driver.host": LOCAL,
            "spark.executor.extraJavaOptions": QUICK_JAVA,
            # Nothing runs before both workers have an executor.
            "spark.cores.max": "2",
            "spark.scheduler.minRegisteredResourcesRatio": "1.0",
            "spark.scheduler.maxRegisteredResourcesWaitingTime": "600s",
            "spark.eventLog.enabled": "true",
            "spark.eventLog.dir": (folder / "events").as_uri(),
            "spark.eventLog.rolling.enabled": "false",
            "spark.eventLog.compress": "false",
        }
        told = {**own, **settings}
        with connect_server(folder, master=self.master, java=QUICK_JAVA, settings=told) as address:
            yield address


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Starts a master and gives its cluster, of which nothing is left at the end."""
    port, screen = free_port(), free_port()
    command = ["bin/spark-class", f"{_DEPLOY}.master.Master", "-h", LOCAL]
    command += ["-p", str(port), "--webui-port", str(screen)]
    with ExitStack() as ends:
        ends.enter_context(started(command, folder / "master.log"))
        yield Cluster(folder, f"spark://{LOCAL}:{port}", f"http://{LOCAL}:{screen}", ends)


@dataclass(frozen=True)
class Tasks:
    """What became of the tasks of a server: the address of a worker -> how many."""

    done: Counter[str]
    lost: Counter[str]


def tasks(folder: Path) -> Tasks:
    """The tasks of a server that has ended, by Spark's own record of them."""
    found = Tasks(Counter(), Counter())
    for event in _events(folder / "events"):
        if event["Event"] == "SparkListenerTaskEnd":
            host, reason = event["Task Info"]["Host"], event["Task End Reason"]["Reason"]
            found.done[host] += reason == "Success"
            found.lost[host] += reason == "ExecutorLostFailure"
    return found


def _events(folder: Path) -> Iterator[dict[str, Any]]:
    for log in folder.iterdir():
        with log.open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)
