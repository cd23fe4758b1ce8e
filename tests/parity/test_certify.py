"""P7 on a classic session of Spark, as a user certifies it: `certify --against spark`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.usefixtures("spark")
def test_p7_the_sample_is_certified_on_a_session_of_spark_in_the_process(tmp_path: Path) -> None:
    # A process has either a classic session or those of Spark Connect; tests have the latter.
    # What a shell says of servers does not count where an engine is named.
    environment = {
        **os.environ,
        "SPARK_REMOTE": "sc://127.0.0.1:1",
        "SPARK_CONNECT_MODE_ENABLED": "1",
    }
    command = ["certify", "--against", "spark", "--sample", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "sales_pipeline", *command, "--folder", tmp_path],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["differences"] == []
    assert found["rows"]["silver.records"] > 3_000
    assert {each["engine"] for each in found["engines"]} == {"embedded", "spark"}
    assert all(each["versions"] for each in found["engines"])
    assert not list(tmp_path.iterdir())
