#!/usr/bin/env python
"""Measures this project beside scripts that do the same job by hand and promise nothing.

    python benchmarks/contest.py                      # 30 thousand and 3 million rows, 3 rounds
    python benchmarks/contest.py 30_000_000 --runs 1 --only embedded duckdb polars
    python benchmarks/contest.py --docs docs          # also writes the page and the picture

For each size it generates the files once. In each round every contestant runs once, in a new folder
and a new process, from the files in the landing folder to the four answers as Delta tables. The
scripts are in benchmarks/contestants. All totals must be those that the generator counted by
itself; the exit code is 1 if one differs, and then no page is written.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from deltalake import DeltaTable

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # So that this file can be run as a script.

from benchmarks.contest_page import Entry, Sitting, table, write_page  # noqa: E402
from benchmarks.generator import Scale, generate  # noqa: E402
from benchmarks.main_job import (  # noqa: E402
    add_rows,
    answer_totals,
    as_shown,
    compared,
    differences,
    records,
    run_pipeline,
    say,
    totals_of,
)
from benchmarks.process import Cost, adopt_orphans, run_measured  # noqa: E402
from sales_pipeline.engines.jvm_spark import JARS_VARIABLE  # noqa: E402

SCRIPTS = ROOT / "benchmarks" / "contestants"
SPARK = ROOT / ".venv-spark"
"""The environment that `make parity` makes."""
PYTHON_OF_SPARK = SPARK / "bin" / "python"


@dataclass(frozen=True)
class Contestant:
    """A way to do the main job.

    Attributes:
        title: Its name in the table.
        script: Its script in benchmarks/contestants; empty for this project.
        package: The package of the script, in this environment.
        engine: The engine of this project.
        on_jvm: Whether it runs in the environment of Spark.
    """

    title: str
    script: str = ""
    package: str = ""
    engine: str = ""
    on_jvm: bool = False

    @property
    def missing(self) -> str:
        """Why it cannot run here; empty if it can."""
        if self.on_jvm and shutil.which("java") is None:
            return "there is no Java. Do: install a JRE 17"
        if self.on_jvm and not PYTHON_OF_SPARK.exists():
            return f"there is no {SPARK.name}. Do: make parity"
        if self.package and not _version(self.package):
            return f"{self.package} is not installed. Do: make bench"
        return ""

    @property
    def shown(self) -> str:
        """Its title, with the version of its package."""
        return f"{self.title} {_version(self.package)}".strip()

    def run(self, folder: Path, expected: Mapping[str, Any]) -> tuple[Cost, list[str]]:
        """Runs it in a folder with landing files.

        Args:
            folder: The folder; its tables are written there.
            expected: The contents of the generator's `expected.json`.

        Returns:
            The cost, and a line for each total that differs.

        Raises:
            RuntimeError: Its exit code is not 0.
        """
        python = PYTHON_OF_SPARK if self.on_jvm else Path(sys.executable)
        if self.script:
            command = [python, SCRIPTS / self.script, folder, folder / "lakehouse"]
            cost, _ = run_measured(command, folder=folder, variables={})
            return cost, [*script_differences(self.shown, expected, folder / "lakehouse")]
        run = run_pipeline(folder, "run", "--engine", self.engine, python=python)
        wrong = compared(totals_of(expected), folder, records([run]))
        return run, [f"{self.shown}: {line}" for line in wrong]


CONTESTANTS = {
    "embedded": Contestant("this project, embedded", engine="embedded"),
    "duckdb": Contestant("by hand, delta-rs and DuckDB", "with_duckdb.py", "duckdb"),
    "polars": Contestant("by hand, delta-rs and Polars", "with_polars.py", "polars"),
    "spark": Contestant("this project, JVM Spark", engine="spark", on_jvm=True),
    "pyspark": Contestant("by hand, PySpark and Delta on the JVM", "with_pyspark.py", on_jvm=True),
}


def _version(package: str) -> str:
    try:
        return version(package) if package else ""
    except PackageNotFoundError:
        return ""


def script_differences(name: str, expected: Mapping[str, Any], tables: Path) -> Iterator[str]:
    """Yields a line for each total, or number of records, in the tables of a script that differs.

    Args:
        name: The name of the script.
        expected: The contents of the generator's `expected.json`.
        tables: The folder of its Delta tables.
    """

    def rows(answer: str) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = _table(tables, answer).to_pyarrow_table().to_pylist()
        return listed

    wanted = {figure: as_shown(figure, values) for figure, values in totals_of(expected).items()}
    yield from differences(name, wanted, answer_totals(rows))
    for layer, kind in (("raw", "delivered"), ("sales", "accepted")):
        count = sum(feed[kind] for feed in expected["feeds"].values())
        if (got := _table(tables, layer).to_pyarrow_dataset().count_rows()) != count:
            yield f"{name}, rows of {layer}: expected {count}, got {got}"


def _table(tables: Path, name: str) -> DeltaTable:
    return DeltaTable(tables / name)


def measured(
    names: Iterable[str], rows: int, rounds: int, *, commit: str = ""
) -> tuple[Sitting, list[str]]:
    """Runs contestants in turn on the same files, and compares their totals.

    Args:
        names: Those of the contestants.
        rows: The number of records in all.
        rounds: How often each one runs.
        commit: The commit of this project.

    Raises:
        RuntimeError: A run failed.
    """
    costs: dict[str, list[Cost]] = {name: [] for name in names}
    wrong = []
    with tempfile.TemporaryDirectory(prefix="sales_pipeline_bench_") as temporary:
        data = Path(temporary) / "data"
        say(f"{rows:,} rows: generating")
        expected = generate(data, Scale(rows=rows, jobs=os.cpu_count() or 1))
        size = sum(file.stat().st_size for file in (data / "landing").rglob("*.csv"))
        for number in range(1, rounds + 1):
            for name, own in costs.items():
                folder = Path(temporary) / name
                # The files are linked, because the pipeline moves those that it has read.
                shutil.copytree(data, folder, copy_function=os.link)
                os.sync()  # What the one before wrote is not to cost this one time.
                cost, differs = CONTESTANTS[name].run(folder, expected)
                say(f"{rows:,} rows, round {number}: {name} {cost.seconds:.2f} s")
                own.append(Cost(cost.seconds, cost.cpu_seconds, cost.peak_bytes))
                wrong += differs
                shutil.rmtree(folder)
    entries = {name: Entry(CONTESTANTS[name].shown, own) for name, own in costs.items()}
    left_out = [CONTESTANTS[name].shown for name in CONTESTANTS if name not in costs]
    return Sitting(rows, size, f"{datetime.now(UTC):%Y-%m-%d}", commit, entries, left_out), wrong


def _commit() -> str:
    if shutil.which("git") is None:
        return "unknown"
    command = ["git", "describe", "--always", "--exclude=*", "--dirty"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="contest.py",
        description="Measures this project beside scripts that do the same job by hand.",
    )
    add_rows(parser)
    parser.add_argument("--runs", type=int, default=3, help="runs of each contestant (3)")
    parser.add_argument(
        "--only",
        nargs="*",
        choices=[*CONTESTANTS],
        default=[],
        metavar="NAME",
        help=f"contestants: {', '.join(CONTESTANTS)} (all that can run here)",
    )
    parser.add_argument("--docs", type=Path, help="folder of benchmarks.md, to write them there")
    given = parser.parse_args(arguments)
    names = list(given.only)
    for name, contestant in CONTESTANTS.items():
        if name in given.only and contestant.missing:
            parser.error(f"{name}: {contestant.missing}")
        if not given.only and contestant.missing:
            say(f"{name}: left out, {contestant.missing}")
        elif not given.only:
            names.append(name)
    wrong, commit = [], _commit()
    for rows in given.rows:
        sitting, differs = measured(names, rows, given.runs, commit=commit)
        print(table(sitting), flush=True)
        wrong += differs
        if given.docs and not differs:
            write_page(given.docs, sitting)
    for line in wrong:
        say(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    adopt_orphans()
    if jars := sorted(SPARK.glob("jars/*")):
        os.environ.setdefault(JARS_VARIABLE, str(jars[-1]))
    sys.exit(main())
