"""P10: two runs on one lakehouse: one works, the other waits or leaves, naming the holder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sales_pipeline import pipeline
from sales_pipeline.commit_points import Watcher, watched_by
from sales_pipeline.errors import LakehouseBusy, Stopped
from sales_pipeline.lakehouse.lock import hold
from sales_pipeline.operations import decisions
from sales_pipeline.operations.rebuild import rebuild
from sales_pipeline.operations.replay import replay
from sales_pipeline.operations.reset import reset
from tests.retailer import Retailer, sale

HOLDER = """\
import sys
from pathlib import Path
from sales_pipeline.lakehouse.lock import hold
with hold(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
PACKAGE = Path(__file__).parents[2]


def _holder(lakehouse: Path) -> subprocess.Popen[str]:
    """Another process that holds a lakehouse until its input ends."""
    command = [sys.executable, "-c", HOLDER, str(lakehouse)]
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE)}
    pipe = subprocess.PIPE
    holder = subprocess.Popen(command, env=environment, text=True, stdin=pipe, stdout=pipe)
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    return holder


def _end(holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.communicate()


VERBS: dict[str, Callable[[Retailer], object]] = {
    "run": lambda it: pipeline.run(it.declaration),
    "rebuild": lambda it: rebuild(it.declaration),
    "reset": lambda it: reset(it.declaration),
    "accept": lambda it: decisions.accept(it.declaration, "lyon/a.csv"),
    "withdraw": lambda it: decisions.withdraw(it.declaration, "lyon/a.csv"),
    "rollback": lambda it: it.rollback("any"),
    "release": lambda it: it.release(),
    "replay": lambda it: replay(it.declaration, it.folder / "mend.csv"),
}


def test_p10_every_verb_leaves_with_the_holders_pid_host_and_start(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", total="x"))
    retailer.run()
    retailer.export("lyon")
    before = retailer.states()
    holder = _holder(retailer.lakehouse)
    it = json.loads((retailer.lakehouse / "run.holder.json").read_text())
    for verb in VERBS.values():
        with pytest.raises(LakehouseBusy) as busy:
            verb(retailer)
        assert f"process {holder.pid} on {it['host']}, since {it['started']}" in str(busy.value)
        assert busy.value.exit_code == 1
    _end(holder)
    # The dead holder's note still lies there; it stops nobody.
    assert retailer.run().is_nothing_new
    assert retailer.states() == before


def test_p10_after_a_kill_of_the_holder_the_next_goes_on_at_once(tmp_path: Path) -> None:
    holder = _holder(tmp_path)
    os.kill(holder.pid, signal.SIGKILL)
    holder.communicate()
    with hold(tmp_path):
        assert json.loads((tmp_path / "run.holder.json").read_text())["pid"] == os.getpid()
    assert not (tmp_path / "run.holder.json").exists()


def test_p10_who_waits_goes_on_when_the_holder_ends(tmp_path: Path) -> None:
    holder = _holder(tmp_path)
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(_held, tmp_path)
        _end(holder)
        assert waiting.result() == os.getpid()


def _held(folder: Path) -> int:
    with hold(folder, wait_seconds=60):
        pid: int = json.loads((folder / "run.holder.json").read_text())["pid"]
        return pid


def test_p10_who_waits_can_be_stopped(tmp_path: Path) -> None:
    class Impatient(Watcher):
        def pause(self) -> None:
            raise Stopped("SIGTERM", signal.SIGTERM, then="wait")

    with (
        hold(tmp_path),
        watched_by(Impatient()),
        pytest.raises(Stopped, match="stopped by SIGTERM"),
        hold(tmp_path, wait_seconds=3_600),
    ):
        raise AssertionError("the lock was given twice")


def test_p10_who_waits_says_once_for_whom(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Patient(Watcher):
        pauses = 0

        def pause(self) -> None:
            self.pauses += 1
            if self.pauses > 3:
                raise Stopped("SIGTERM", signal.SIGTERM, then="wait")

    with (
        hold(tmp_path),
        watched_by(Patient()),
        pytest.raises(Stopped),
        hold(tmp_path, wait_seconds=3_600),
    ):
        raise AssertionError("the lock was given twice")
    [said] = caplog.messages
    assert f"{tmp_path}: waits for another run (process {os.getpid()} on " in said
    assert said.endswith(" s at most")


def test_p10_a_note_of_a_dead_holder_names_nobody(tmp_path: Path) -> None:
    with hold(tmp_path):
        note = tmp_path / "run.holder.json"
        it = json.loads(note.read_text())
        dead = subprocess.Popen([sys.executable, "-c", ""])
        dead.wait()
        note.write_text(json.dumps({**it, "pid": dead.pid}))
        with pytest.raises(LakehouseBusy, match="it does not say who it is"), hold(tmp_path):
            raise AssertionError("the lock was given twice")


@pytest.mark.long
def test_p10_of_two_runs_at_once_one_works_and_the_other_waits_twenty_times(
    retailer: Retailer,
) -> None:
    retailer.deliver_catalogue()
    with ThreadPoolExecutor(2) as threads:
        for number in range(20):
            if number % 10 == 0:
                retailer.deliver(f"lyon/{number}.csv", sale(str(number)))
            runs = [
                threads.submit(pipeline.run, retailer.declaration, wait_seconds=600)
                for _ in range(2)
            ]
            worked = [not run.result().is_nothing_new for run in runs]
            assert sum(worked) == (number % 10 == 0)
    assert retailer.rows("silver.sales", "sale_id") == [("0",), ("10",)]
