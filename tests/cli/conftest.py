"""What the tests of the commands share: a way to call them, and the sample once run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from sales_pipeline.cli.app import main

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("pyspark", "pysail", "pandas", "numpy", "pyarrow", "deltalake")
LOADED = """\
import sys
from sales_pipeline.cli.app import main
loaded = {{}}
for arguments in {commands}:
    try:
        main(arguments)
    except SystemExit:
        pass
    names = {{name.partition(".")[0] for name in sys.modules}} & set({heavy})
    if names - {{name for earlier in loaded.values() for name in earlier}}:
        loaded[" ".join(arguments)] = sorted(names)
print("loaded:", loaded, file=sys.stderr)
"""


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


Call = Callable[..., Said]


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str]) -> Call:
    """Calls `sales-pipeline` in this process."""

    def call_main(*arguments: str) -> Said:
        with pytest.raises(SystemExit) as end:
            main(list(arguments))
        out, err = capfd.readouterr()
        code = end.value.code
        return Said(code if isinstance(code, int) else 0, out, err)

    return call_main


@pytest.fixture(autouse=True)
def _without_a_declaration_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SALES_PIPELINE_CONFIG", raising=False)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Said]:
    """The folder in which `python main.py` ran once, and what it said."""
    folder = tmp_path_factory.mktemp("demo")
    return folder, python_in(folder, str(ROOT / "main.py"))


def python_in(folder: Path, *arguments: str, **variables: str) -> Said:
    """Runs Python in a process of its own, in a folder."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    environment.pop("SALES_PIPELINE_CONFIG", None)
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


def loaded_by(folder: Path, *commands: list[str], heavy: tuple[str, ...] = HEAVY) -> str:
    """The commands of one process that import modules which are slow to import, and which."""
    code = LOADED.format(commands=list(commands), heavy=list(heavy))
    return python_in(folder, "-c", code).err.rpartition("loaded: ")[2].strip()
