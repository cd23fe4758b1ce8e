"""The engine outlives Ctrl-C: a run that stops at its next safe point needs it until then."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

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


def test_the_engine_outlives_ctrl_c(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        text=True,
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.stdout == "['Ctrl-C'] [{'one': 1}]\n", done.stderr
