"""P10 where several machines may share the tables: the lease in `ops.lock`, without a JVM.

The embedded engine needs no lease, but its tables hold one as well: tests ask for it by the
capability. A second client is a process of its own, or one that sees the same tables in another
folder, by links, so that the lock of the file does not keep it out.
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Event

import pyarrow as pa
import pytest

from sales_pipeline import pipeline
from sales_pipeline.commit_points import Watcher, watched_by
from sales_pipeline.engines.embedded import EmbeddedEngine
from sales_pipeline.errors import LakehouseBusy, LeaseLost
from sales_pipeline.lakehouse import holding
from sales_pipeline.lakehouse.arrow_types import arrow_schema
from sales_pipeline.lakehouse.holding import Hold, held
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.lease import AGE_SECONDS, Lease
from sales_pipeline.lakehouse.ledger import Ledger, State
from sales_pipeline.lakehouse.ops_tables import DELIVERIES, LOCK, RUNS
from sales_pipeline.lakehouse.runs import finished_runs
from sales_pipeline.operations.reset import reset
from tests.retailer import Retailer, sale

PACKAGE = Path(__file__).parents[2]
TRYING = """\
import sys
from pathlib import Path
from sales_pipeline.engines.embedded import EmbeddedEngine
from sales_pipeline.lakehouse.lease import Lease
lease = Lease(EmbeddedEngine(Path(sys.argv[1])), "here", "run")
print("ready", flush=True)
sys.stdin.readline()
print("held" if lease.try_to_take() else "not held", flush=True)
sys.stdin.readline()
"""


class Client:
    """Another process that tries to take the lease when it is told to, and holds it."""

    def __init__(self, lakehouse: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", TRYING, str(lakehouse)],
            env={**os.environ, "PYTHONPATH": str(PACKAGE)},
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._line() == "ready"

    def go(self) -> None:
        assert self.process.stdin
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def is_holder(self) -> bool:
        return self._line() == "held"

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def _line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()


@pytest.fixture
def leased(retailer: Retailer, monkeypatch: pytest.MonkeyPatch) -> Retailer:
    """A retailer whose engine asks for the lease."""
    monkeypatch.setattr(EmbeddedEngine, "is_leased", True)
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    return retailer


def _lease(retailer: Retailer, age: int = AGE_SECONDS) -> Lease:
    return Lease(EmbeddedEngine(retailer.lakehouse), "here", "run", age=age)


def _row(lakehouse: Path) -> dict[str, object]:
    [row] = EmbeddedEngine(lakehouse).read(LOCK.name).to_pylist()
    return dict(row)


def _let_pass(seconds: int, lakehouse: Path) -> None:
    """Makes the last renewal so much older."""
    row = _row(lakehouse)
    row["renewed_at"] -= timedelta(seconds=seconds)  # type: ignore[operator]
    rows = pa.Table.from_pylist([row], schema=arrow_schema(LOCK))
    EmbeddedEngine(lakehouse).replace(LOCK.name, "true", rows)


@pytest.mark.long
def test_p10_of_two_clients_at_once_exactly_one_takes_a_lease_that_nobody_ever_took(
    tmp_path: Path,
) -> None:
    for number in range(3):
        clients = [Client(tmp_path / str(number)) for _ in range(2)]
        for client in clients:
            client.go()
        holds = [client.is_holder() for client in clients]
        assert sum(holds) == 1
        assert _row(tmp_path / str(number))["process"] == clients[holds.index(True)].process.pid
        for client in clients:
            client.kill()


@pytest.mark.long
def test_p10_of_two_clients_at_once_exactly_one_takes_over_from_a_killed_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    holder = Client(tmp_path)
    holder.go()
    assert holder.is_holder()
    holder.kill()
    late = Lease(EmbeddedEngine(tmp_path), "here", "run")
    assert not late.try_to_take()
    assert f"process {holder.process.pid} on " in late.holder()
    assert "were it killed, it would hold until 20" in late.holder()
    _let_pass(AGE_SECONDS - 60, tmp_path)
    assert not late.try_to_take()
    _let_pass(60, tmp_path)
    clients = [Client(tmp_path) for _ in range(2)]
    for client in clients:
        client.go()
    assert sum(client.is_holder() for client in clients) == 1
    for client in clients:
        client.kill()
    _let_pass(AGE_SECONDS, tmp_path)
    assert late.try_to_take()
    assert "here: took over from process " in caplog.text


def test_p10_who_lost_the_lease_commits_nothing_more(leased: Retailer) -> None:
    leased.run()
    now = [0.0]
    lakehouse = Lakehouse(leased.declaration, EmbeddedEngine(leased.lakehouse))
    lease = Lease(EmbeddedEngine(leased.lakehouse), "here", "run", clock=lambda: now[0])
    hold, ledger = Hold("run", "here", lease, 0), Ledger(lakehouse)
    with watched_by(hold):
        with pytest.raises(LeaseLost, match="it was never taken"):
            ledger.record([ledger[1].moved_to(State.FAILED)])
        assert lease.try_to_take()
        _let_pass(AGE_SECONDS, leased.lakehouse)
        assert _lease(leased).try_to_take()
        before = lakehouse.engine.version(DELIVERIES.name)
        now[0] += AGE_SECONDS  # As it is for a client that slept meanwhile.
        for _ in range(2):
            with pytest.raises(LeaseLost, match=r"here: the lease of this run was lost.* process "):
                ledger.record([ledger[1].moved_to(State.FAILED)])
    assert lakehouse.engine.version(DELIVERIES.name) == before
    lease.release()
    assert _row(leased.lakehouse)["token"] is not None


def test_p10_an_old_lease_is_renewed_before_the_next_commit(tmp_path: Path) -> None:
    now = [0.0]
    lease = Lease(EmbeddedEngine(tmp_path), "here", "run", clock=lambda: now[0])
    assert lease.try_to_take()
    taken = _row(tmp_path)
    now[0] += AGE_SECONDS / 2
    lease.check()
    assert _row(tmp_path) == taken
    now[0] += AGE_SECONDS
    lease.check()
    renewed = _row(tmp_path)
    assert renewed["renewed_at"] > taken["renewed_at"]  # type: ignore[operator]
    assert renewed["taken_at"] == taken["taken_at"]


def test_p10_a_lease_is_renewed_while_its_holder_works(tmp_path: Path) -> None:
    renewed = Event()

    class Watched(EmbeddedEngine):
        def change_row(self, *args: object, **options: object) -> None:
            super().change_row(*args, **options)  # type: ignore[arg-type]
            if options["stamped"] == ("renewed_at",):
                renewed.set()

    lease = Lease(Watched(tmp_path), "here", "run", age=1)
    assert lease.try_to_take()
    lease.keep()
    assert renewed.wait(60)
    lease.release()
    assert _row(tmp_path)["token"] is None


@pytest.mark.long
def test_p10_a_run_leaves_while_another_client_holds_the_lease_and_names_it(
    leased: Retailer,
) -> None:
    other_client = Client(leased.lakehouse)
    other_client.go()
    assert other_client.is_holder()
    with pytest.raises(
        LakehouseBusy, match=rf"process {other_client.process.pid} on .*, run since 20"
    ):
        leased.run()
    assert not (leased.lakehouse / "silver").exists()
    other_client.kill()
    _let_pass(AGE_SECONDS + 1, leased.lakehouse)
    assert leased.run().rows == 4
    assert leased.rows("silver.sales", "sale_id") == [("1",)]
    assert _row(leased.lakehouse)["token"] is None


def test_p10_the_lease_is_released_after_an_error(leased: Retailer) -> None:
    def fails() -> None:
        with held(leased.declaration, "run") as hold:
            assert hold.take()
            assert not hold.take()
            assert _row(leased.lakehouse)["token"] is not None
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert _row(leased.lakehouse)["token"] is None


@pytest.mark.long
def test_p10_a_run_without_work_takes_no_lease_and_no_run_counts_it_among_its_tables(
    leased: Retailer,
) -> None:
    leased.run()
    engine = EmbeddedEngine(leased.lakehouse)
    taken_and_released = engine.version(LOCK.name)
    assert leased.run().is_nothing_new
    assert engine.version(LOCK.name) == taken_and_released
    first, *_ = leased.run_ids()
    leased.deliver("lyon/b.csv", sale("2"))
    leased.run()
    leased.rollback(first)
    leased.release()
    leased.rebuild()
    assert leased.rows("silver.sales", "sale_id") == [("1",), ("2",)]
    runs = leased.read(finished_runs)
    assert all(LOCK.name not in run.version_of for run in runs)


RUN = """\
import sys
from pathlib import Path
from sales_pipeline.engines.embedded import EmbeddedEngine
from tests.retailer import Retailer
EmbeddedEngine.is_leased = True
assert Retailer(Path(sys.argv[1])).run().rows == 4
"""


@pytest.mark.long
def test_p10_who_waited_looks_again_and_takes_nothing_in_twice(
    leased: Retailer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    elsewhere = tmp_path / "elsewhere"
    _share(leased, elsewhere)
    lease = _lease(leased)
    assert lease.try_to_take()

    def another_runs(_: float) -> None:
        lease.release()
        environment = {**os.environ, "PYTHONPATH": str(PACKAGE)}
        subprocess.run([sys.executable, "-c", RUN, elsewhere], env=environment, check=True)

    monkeypatch.setattr(holding, "_pause", another_runs)
    assert pipeline.run(leased.declaration, wait_seconds=3_600).is_nothing_new
    assert f"waits for another run (process {os.getpid()} on " in caplog.text
    assert leased.rows("silver.sales", "sale_id") == [("1",)]
    assert len(leased.run_ids()) == 1


def _share(retailer: Retailer, elsewhere: Path) -> None:
    """Gives a second folder, in which a client finds the landing files and the tables."""
    (elsewhere / "lakehouse").mkdir(parents=True)
    (elsewhere / "landing").symlink_to(retailer.landing)
    for name in ("bronze", "silver", "gold", "ops", "archive"):
        (retailer.lakehouse / name).mkdir(parents=True)
        (elsewhere / "lakehouse" / name).symlink_to(retailer.lakehouse / name)


@pytest.mark.long
def test_p10_a_reset_keeps_the_lease_to_its_end(leased: Retailer) -> None:
    leased.run()
    assert reset(leased.declaration).moved == ["catalogue/catalogue.csv", "lyon/a.csv"]
    assert [folder.name for folder in (leased.lakehouse / "ops").iterdir()] == ["lock"]
    assert _row(leased.lakehouse)["token"] is None
    assert leased.run().rows == 4


@pytest.mark.long
def test_maintenance_removes_what_earlier_renewals_left(leased: Retailer) -> None:
    leased.run()
    for _ in range(12):
        lease = _lease(leased)
        assert lease.try_to_take()
        lease.release()
    folder = leased.lakehouse / "ops" / "lock"
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (1, 1))
    files = len(list(folder.glob("*.parquet")))
    commits = len(list((folder / "_delta_log").glob("*.json")))
    leased.maintain()
    assert len(list(folder.glob("*.parquet"))) < files / 4
    assert len(list((folder / "_delta_log").glob("*.json"))) < commits
    assert _lease(leased).try_to_take()


class _Meeting(Watcher):
    """Holds a run at its first commit until another run has come as far."""

    def __init__(self, barrier: Barrier) -> None:
        self._barrier = barrier
        self._is_first = True

    def before(self, what: str) -> None:
        if self._is_first:
            self._is_first = False
            self._barrier.wait(60)


def _run_beside(retailer: Retailer, barrier: Barrier) -> int:
    with watched_by(_Meeting(barrier)):
        return retailer.run().rows


@pytest.mark.parametrize("is_leased", [False, True])
def test_p10_two_lakehouses_in_two_threads_of_a_process_do_not_disturb_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_leased: bool
) -> None:
    monkeypatch.setattr(EmbeddedEngine, "is_leased", is_leased)
    retailers = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        retailer = Retailer(tmp_path / name)
        retailer.deliver_catalogue()
        retailer.deliver("lyon/a.csv", sale(name))
        retailers.append(retailer)
    barrier = Barrier(2)
    with ThreadPoolExecutor(2) as threads:
        runs = [threads.submit(_run_beside, retailer, barrier) for retailer in retailers]
        assert [run.result() for run in runs] == [4, 4]
    for name, retailer in zip(("one", "two"), retailers, strict=True):
        assert retailer.rows("silver.sales", "sale_id") == [(name,)]


def test_p10_a_lease_that_was_not_taken_yet_stops_no_run_on_another_lakehouse(
    leased: Retailer, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    with held(Retailer(tmp_path / "other").declaration, "rebuild"), ThreadPoolExecutor(1) as thread:
        assert thread.submit(leased.run).result().rows == 4


def test_p10_what_was_seen_of_tables_before_the_lease_was_taken_is_forgotten(
    leased: Retailer,
) -> None:
    leased.run()
    reading, changing = EmbeddedEngine(leased.lakehouse), EmbeddedEngine(leased.lakehouse)
    assert reading.read(RUNS.name).num_rows == 1
    with held(leased.declaration, "rebuild") as hold:
        changing.drop(RUNS.name)
        changing.create(RUNS.name, RUNS.columns, {})
        assert hold.take(reading)
        assert reading.read(RUNS.name).num_rows == 0
