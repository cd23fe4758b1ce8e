"""The engine outlives Ctrl-C: a run that stops at its next safe point needs it until then."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """\
import os, signal, time
from pathlib import Path
from sales_pipeline.engines.embedded import EmbeddedEngine

came = []
signal.signal(signal.SIGINT, lambda *_: came.append("Ctrl-C"))
spark = EmbeddedEngine(Path("lakehouse")).spark()
os.kill(os.getpid(), signal.SIGINT)
print(came, spark.sql("SELECT 1 AS one").toArrow().to_pylist())
"""


IN_THREADS = """\
import os, signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from sales_pipeline.engines import embedded

came = []
signal.signal(signal.SIGINT, lambda *_: came.append("Ctrl-C"))
engines = [embedded.EmbeddedEngine(Path(name)) for name in "abcd"]
with ThreadPoolExecutor(4) as threads:
    sessions = list(threads.map(lambda engine: engine.spark(), engines))
os.kill(os.getpid(), signal.SIGINT)
[spark] = {session.sql("SELECT 1 AS one").count(): session for session in sessions}.values()
assert len(embedded._running) == 1
print(came, spark.sql("SELECT 1 AS one").toArrow().to_pylist())
"""


@pytest.mark.parametrize("script", [SCRIPT, IN_THREADS], ids=["one", "of several at once"])
def test_the_engine_outlives_ctrl_c(tmp_path: Path, script: str) -> None:
    process = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        text=True,
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert process.stdout == "['Ctrl-C'] [{'one': 1}]\n", process.stderr
