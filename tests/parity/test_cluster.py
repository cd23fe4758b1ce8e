"""P1 and P7 on a cluster of Spark that loses a worker while it writes.

One test, for a cluster is dear to start. The sample's run goes on without the worker, which Spark
does not count against the task. The run of 300,000 generated rows fails: the executor dies before
its worker, and Spark is told to give a task up that failed once.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmarks.generator import Scale, generate
from sales_pipeline.bronze.feed_files import folders_of
from sales_pipeline.config.loader import load_config
from sales_pipeline.config.locations import EMBEDDED
from sales_pipeline.config.model import Declaration
from sales_pipeline.lakehouse.ledger import Ledger, State
from sales_pipeline.lakehouse.opening import opened_lakehouse
from sales_pipeline.proofs.retailer_copies import contents, differences
from sales_pipeline.sample import place_sample
from tests.parity.cluster import Cluster, Worker, cluster, tasks

ROWS = 300_000
GIVE_UP_AT_ONCE = {"spark.task.maxFailures": "1"}
ROOT = Path(__file__).resolve().parents[2]
READ_BY_WORKERS = """
from sales_pipeline.cli.app import main
from sales_pipeline.engines.folder import FolderEngine

FolderEngine.bytes_read_here = FolderEngine.rows_held_here = 0
main()
"""
"""Files as small as these would be read and held by the client, and no worker would read any."""
_WITHIN_SECONDS = 900


@dataclass(frozen=True)
class Side:
    """Landing files in a folder, and the lakehouse that one engine makes of them."""

    folder: Path

    @property
    def declaration(self) -> Declaration:
        """The declaration in the folder, or that of the sample; read by the embedded engine."""
        declared = self.folder / "config.yaml"
        places = {each: str(self.folder / each) for each in ("landing", "lakehouse")}
        found = load_config(declared if declared.exists() else None)
        return found.model_copy(update={**places, "engine": EMBEDDED})

    @contextmanager
    def started(self, engine: str) -> Iterator[subprocess.Popen[bytes]]:
        """Starts a run as a user does; it is over at the end of the block."""
        which = [] if (self.folder / "config.yaml").exists() else ["--sample"]
        with self._file("out").open("wb") as out, self._file("said").open("wb") as said:
            run = subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    READ_BY_WORKERS,
                    "run",
                    "--json",
                    "--engine",
                    engine,
                    *which,
                ],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=out,
                stderr=said,
            )
        try:
            yield run
        finally:
            run.kill()
            run.wait()

    def run(self, engine: str) -> dict[str, Any]:
        """Runs to the end, and tells what the run reports."""
        with self.started(engine) as run:
            assert run.wait(_WITHIN_SECONDS) == 0, self.said()
        return self.report()

    def report(self) -> dict[str, Any]:
        """What the last run says on stdout."""
        found: dict[str, Any] = json.loads(self._file("out").read_text(encoding="utf-8"))
        return found

    def said(self) -> str:
        """What the last run says on stderr."""
        return self._file("said").read_text(encoding="utf-8")

    def states(self) -> set[State]:
        """The states of all deliveries."""
        with opened_lakehouse(self.declaration) as lakehouse:
            return {each.state for each in Ledger(lakehouse)}

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table."""
        with opened_lakehouse(self.declaration) as lakehouse:
            return lakehouse.rows(table)

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.txt"


@pytest.mark.usefixtures("spark")
def test_p1_p7_a_cluster_that_loses_a_worker_gives_what_the_embedded_engine_gives(
    tmp_path: Path,
) -> None:
    sample, generated, server = (tmp_path / each for each in ("sample", "generated", "server"))
    place_sample(sample / "landing")
    generate(generated, Scale(rows=ROWS))
    expected = {each: embedded(each) for each in (sample, generated)}
    server.mkdir()
    with cluster(server) as spark, spark.connected(server, GIVE_UP_AT_ONCE) as address:
        lost = [
            goes_on_without_a_worker(spark, address, Side(sample)),
            fails_and_is_finished(spark, address, Side(generated)),
        ]
    found = tasks(server)
    for each in lost:
        assert found.done[each.host] > 0, found
        # A statement that failed is tried again, feed by feed, so that it may lose more than one.
        assert found.lost[each.host] >= 1, found
    for folder, side in expected.items():
        assert differing(side, Side(folder)) == []


def embedded(folder: Path) -> Side:
    """The same files, run on the embedded engine."""
    side = Side(folder.with_name(f"{folder.name}_embedded"))
    shutil.copytree(folder, side.folder)
    side.run(EMBEDDED)
    return side


def goes_on_without_a_worker(spark: Cluster, address: str, side: Side) -> Worker:
    spark.complete()
    with side.started(address) as run:
        lost = stopped_worker(spark, run, side, "bronze")
        lost.kill()
        assert run.wait(_WITHIN_SECONDS) == 0, side.said()
    assert side.report()["rows"] > 3_000
    assert side.run(address)["run_id"] is None
    return lost


def fails_and_is_finished(spark: Cluster, address: str, side: Side) -> Worker:
    spark.complete()
    with side.started(address) as run:
        lost = stopped_worker(spark, run, side, "silver/records")
        spark.kill_bit_by_bit(lost)
        ended = run.wait(_WITHIN_SECONDS)
    assert "Traceback" not in side.said()
    assert State.CLAIMED not in side.states()
    spark.complete()
    if ended:
        # No feed went through any more; else the run took them in apart, on what was left.
        assert State.IN_BRONZE in side.states()
        assert side.rows("silver.sales") == []
        assert side.run(address)["resumed"] > 0
    assert side.states() == {State.ARCHIVED}
    return lost


def stopped_worker(
    spark: Cluster, run: subprocess.Popen[bytes], side: Side, written: str
) -> Worker:
    """Freezes a worker that is writing below a folder of the lakehouse, once both have read."""
    folder, until = side.folder / "lakehouse" / written, time.monotonic() + _WITHIN_SECONDS
    while time.monotonic() < until:
        assert run.poll() is None, f"the run ended before: {side.said()}"
        if all(each.has_read() for each in spark.alive):
            for each in spark.alive:
                if each.stops_while_it_writes(folder):
                    return each
        time.sleep(0.01)
    raise AssertionError(f"no worker was seen writing {written}: {side.said()}")


def differing(expected: Side, found: Side) -> list[str]:
    with opened_lakehouse(expected.declaration) as lakehouse:
        seen = contents(lakehouse, folders_of(expected.declaration))
    with opened_lakehouse(found.declaration) as lakehouse:
        return differences(seen, lakehouse, folders_of(found.declaration))
