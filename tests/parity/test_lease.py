"""P10 with clients of a Spark Connect server: the lease in `ops.lock` decides, no lock of a file.

Two clients see the same tables in two folders, by links, as two machines would that share a file
system without locks of files.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from sales_pipeline.engines.catalog import CatalogEngine
from sales_pipeline.engines.embedded import EmbeddedEngine
from sales_pipeline.engines.spark_connect import RemoteSparkSession
from sales_pipeline.lakehouse.arrow_types import arrow_schema
from sales_pipeline.lakehouse.lease import AGE_SECONDS, Lease
from sales_pipeline.lakehouse.ops_tables import LOCK
from tests.retailer import Retailer, sale

RUN = """\
import json, sys
from pathlib import Path
from sales_pipeline import pipeline
from tests.retailer import Retailer
folder, engine, wait = sys.argv[1:]
declaration = Retailer(Path(folder)).declaration.model_copy(update={"engine": engine})
report = pipeline.run(declaration, wait_seconds=float(wait))
print(json.dumps({"is_nothing_new": report.is_nothing_new, "rows": report.rows}))
"""


def test_p10_of_two_clients_of_a_catalog_one_takes_the_lease_that_nobody_ever_took(
    server: str,
) -> None:
    schema = f"t_{secrets.token_hex(6)}"
    engines = [CatalogEngine("spark_catalog", schema, RemoteSparkSession(server)) for _ in "ab"]
    one, two = (Lease(each, "here", "run") for each in engines)
    try:
        assert one.holder() == "it does not say who it is"
        with ThreadPoolExecutor(2) as threads:
            took = list(threads.map(Lease.try_to_take, (one, two)))
        assert sorted(took) == [False, True]
        holder, other = (one, two) if took[0] else (two, one)
        assert f"process {os.getpid()} on " in other.holder()
        [taken] = engines[0].read(LOCK.name).to_pylist()
        holder.renew()
        [renewed] = engines[0].read(LOCK.name).to_pylist()
        assert renewed["renewed_at"] > taken["renewed_at"]
        assert renewed["taken_at"] == taken["taken_at"]
        holder.release()
        assert engines[0].read(LOCK.name).to_pylist() == [renewed | {"token": None}]
    finally:
        name = engines[0].table_name(LOCK.name).rpartition(".")[0]
        engines[0].spark().sql(f"DROP SCHEMA IF EXISTS {name} CASCADE")
        for each in engines:
            each.close()


def test_p10_clients_of_a_server_take_turns_and_a_killed_one_is_taken_over(
    server: str, tmp_path: Path
) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, two = Retailer(tmp_path / "one"), tmp_path / "two"
    one.deliver_catalogue()
    one.deliver("lyon/a.csv", sale("1"))
    _share(one, two)
    killed = _client(one.folder, server)
    _wait_for_lease(one.lakehouse, killed)
    killed.kill()
    killed.communicate()
    left = _client(two, server)
    _, error = left.communicate()
    assert left.returncode == 1
    assert f"another run is at work (process {killed.pid} on " in error
    _let_its_age_pass(one.lakehouse)
    clients = [_client(folder, server, wait="600") for folder in (one.folder, two)]
    told = []
    for each in clients:
        out, error = each.communicate()
        assert each.returncode == 0, error
        told.append(json.loads(out.splitlines()[-1]))
    assert sorted(each["is_nothing_new"] for each in told) == [False, True]
    assert one.rows("silver.sales", "sale_id") == [("1",)]
    assert len(one.run_ids()) == 1
    assert _row(one.lakehouse)["token"] is None


def _share(one: Retailer, two: Path) -> None:
    """Gives a second folder, in which a client finds the landing files and tables of the first."""
    (two / "landing").symlink_to(one.landing)
    (two / "lakehouse").mkdir()
    for each in ("bronze", "silver", "gold", "ops", "archive", "rejected"):
        (one.lakehouse / each).mkdir(parents=True)
        (two / "lakehouse" / each).symlink_to(one.lakehouse / each)


def _client(folder: Path, server: str, wait: str = "0") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", RUN, str(folder), server, wait],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _wait_for_lease(lakehouse: Path, client: subprocess.Popen[str]) -> None:
    engine = EmbeddedEngine(lakehouse)
    while client.poll() is None:
        if engine.exists(LOCK.name) and engine.read(LOCK.name).num_rows:
            return
        time.sleep(0.02)
    raise AssertionError(client.communicate())


def _let_its_age_pass(lakehouse: Path) -> None:
    row = _row(lakehouse)
    row["renewed_at"] -= timedelta(seconds=AGE_SECONDS)
    rows = pa.Table.from_pylist([row], schema=arrow_schema(LOCK))
    EmbeddedEngine(lakehouse).replace(LOCK.name, "true", rows)


def _row(lakehouse: Path) -> dict[str, Any]:
    [row] = EmbeddedEngine(lakehouse).read(LOCK.name).to_pylist()
    return dict(row)
