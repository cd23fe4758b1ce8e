"""P1: a run that is stopped by SIGTERM or Ctrl-C ends between two commits; the next finishes it."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Call
from tests.retailer import Retailer, sale

ROOT = Path(__file__).resolve().parents[2]


def _deliver(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", total="x"))


def _run(folder: Path) -> subprocess.Popen[str]:
    """`sales-pipeline run` for a retailer, in a process of its own."""
    retailer = Retailer(folder)
    declared = {**retailer.declared, "landing": "landing", "lakehouse": "lakehouse"}
    (folder / "config.yaml").write_text(json.dumps(declared))
    return subprocess.Popen(
        [sys.executable, "-m", "sales_pipeline", "run"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize(
    ("number", "name", "code"),
    [
        (signal.SIGTERM, "SIGTERM", 143),
        pytest.param(signal.SIGINT, "Ctrl-C", 130, marks=pytest.mark.long),
    ],
)
def test_p1_a_run_that_is_stopped_says_so_and_the_next_one_finishes_it(
    number: signal.Signals, name: str, code: int, tmp_path: Path
) -> None:
    (tmp_path / "stopped").mkdir()
    (tmp_path / "calm").mkdir()
    stopped, calm = Retailer(tmp_path / "stopped"), Retailer(tmp_path / "calm")
    for retailer in (stopped, calm):
        _deliver(retailer)
    process = _run(stopped.folder)
    assert process.stderr
    # Its work begins with this line; many commits follow.
    assert any(line == "start\n" for line in process.stderr)
    process.send_signal(number)
    out, err = process.communicate()
    assert (process.returncode, out) == (code, "")
    assert f"{name}: stopping at the next safe point" in err
    assert f"stopped by {name}, between two commits. Do: run again" in err
    assert "Traceback" not in err
    assert not (stopped.lakehouse / "run.holder.json").exists()
    stopped.run()
    calm.run()
    assert stopped.state() == calm.state()
    assert stopped.run().is_nothing_new


def test_p5_withdraw_does_not_ask_again_about_what_a_killed_one_decided(
    retailer: Retailer, monkeypatch: pytest.MonkeyPatch, call: Call
) -> None:
    _deliver(retailer)
    retailer.deliver("lyon/b.csv", sale("3"))
    retailer.run()
    with retailer.stopped_before("withdrawal"):
        retailer.withdraw("lyon/b.csv")
    declared = {**retailer.declared, "landing": "landing", "lakehouse": "lakehouse"}
    (retailer.folder / "config.yaml").write_text(json.dumps(declared))
    monkeypatch.chdir(retailer.folder)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    said = call("withdraw", "lyon/b.csv")
    assert (said.code, "Take back" in said.err) == (0, False)
    assert "lyon/b.csv: withdrawn on purpose" in said.out
    assert retailer.states()["lyon/b.csv"] == ["withdrawn"]
