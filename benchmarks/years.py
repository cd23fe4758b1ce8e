#!/usr/bin/env python
"""Measures three years of daily files, a run for each day, with maintenance every 30 runs.

    python benchmarks/years.py           # 1,095 days
    python benchmarks/years.py 60        # the first 60 of them

Three stores deliver a small generated file each day. Every run is a process of its own, as a
scheduler would start it, and is measured with Python's start. Compared are the medians of runs 5 to
15 and of the last eleven, as many runs after maintenance. As the years pass within an
hour, no version of a table ever is 30 days old; `keep_days: 0` stands for that, so that maintenance
frees all but what the last run left. At the end every total is compared exactly with what the
generator counted on its own. Ends with exit code 1 where a total differs, or where the last runs
cost more than one and a half times the early ones.
"""

from __future__ import annotations

import argparse
import calendar
import itertools
import os
import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # So that the file can be run as it is.

from benchmarks.generator import Scale, generate, stores_of  # noqa: E402
from benchmarks.main_job import (  # noqa: E402
    Measured,
    compared,
    folder_for,
    run_pipeline,
    say,
    totals_of,
)
from sales_pipeline import load_config  # noqa: E402
from sales_pipeline.engines.spark_session import open_engine  # noqa: E402
from sales_pipeline.lakehouse.lakehouse import Lakehouse  # noqa: E402
from sales_pipeline.lakehouse.ledger import Ledger  # noqa: E402
from sales_pipeline.lakehouse.runs import finished_runs  # noqa: E402

DAYS = 1095
STORES = 3
ROWS_PER_FILE = 30
MAINTAINED_EVERY = 30
EARLY = slice(4, 15)
"""Runs 5 to 15: what is only slow the first time is over."""
LATE = slice(-11, None)
MAX_RATIO = 1.5


@dataclass(frozen=True)
class Standing:
    """What a lakehouse holds after some runs.

    Attributes:
        files: Table -> the data files of its last version.
        on_disk: All files of all tables, their logs and earlier versions included.
        ledger_seconds: How long it takes to read all deliveries and runs.
    """

    files: dict[str, int]
    on_disk: int
    ledger_seconds: float


def measure(folder: Path, days: int) -> tuple[list[Measured], list[str]]:
    """Runs so many days in an empty folder; returns the runs, and what totals differ.

    Raises:
        RuntimeError: A run failed.
    """
    expected = generate(
        folder, Scale(rows=days * STORES * ROWS_PER_FILE, files=days * STORES, months=_months(days))
    )
    with (folder / "config.yaml").open("a", encoding="utf-8") as config:
        config.write("keep_days: 0\n")
    waiting = _taken_away(folder)
    runs: list[Measured] = []
    for day in range(1, days + 1):
        _deliver(folder, waiting, day)
        runs.append(run_pipeline(folder))
        if day % MAINTAINED_EVERY == 0 or day == days:
            _say_standing(folder, runs)
        if day % MAINTAINED_EVERY == 0:
            kept = run_pipeline(folder, "maintain", "--yes")
            say(f"  maintained in {_cost([kept])}; then {_totals(_standing(folder))}")
    return runs, list(compared(totals_of(expected), folder, runs))


def _months(days: int) -> int:
    """The calendar months from January 2024 that have at least so many days."""
    lengths = (
        calendar.monthrange(2024 + month // 12, month % 12 + 1)[1] for month in itertools.count()
    )
    so_far = itertools.accumulate(lengths)
    return next(count for count, total in enumerate(so_far, start=1) if total >= days)


def _taken_away(folder: Path) -> Path:
    """Takes the sales files out of the landing folder, to be delivered day by day."""
    waiting = folder / "waiting"
    waiting.mkdir()
    for store in stores_of(STORES):
        shutil.move(folder / "landing" / store.id, waiting / store.id)
        (folder / "landing" / store.id).mkdir()
    return waiting


def _deliver(folder: Path, waiting: Path, day: int) -> None:
    for store in stores_of(STORES):
        name = f"{store.shape.stem}_{day}.csv"
        os.rename(waiting / store.id / name, folder / "landing" / store.id / name)


def _standing(folder: Path) -> Standing:
    lakehouse_folder = folder / "lakehouse"
    declaration = load_config(folder / "config.yaml").model_copy(
        update={"lakehouse": str(lakehouse_folder)}
    )
    with closing(open_engine(lakehouse_folder)) as engine:
        lakehouse = Lakehouse(declaration, engine)
        began = time.perf_counter()
        Ledger(lakehouse)
        finished_runs(lakehouse)
        ledger_seconds = time.perf_counter() - began
        files = {name: engine.history(name, limit=1)[0].files for name in lakehouse.tables}
    tables = (lakehouse_folder / schema for schema in ("bronze", "silver", "gold", "ops"))
    on_disk = sum(path.is_file() for each in tables for path in each.rglob("*"))
    return Standing(files, on_disk, ledger_seconds)


def _totals(now: Standing) -> str:
    most = sorted(now.files, key=now.files.__getitem__, reverse=True)[:3]
    largest = ", ".join(f"{name} {now.files[name]:,}" for name in most)
    return (
        f"{sum(now.files.values()):,} data files ({largest}), {now.on_disk:,} on disk, "
        f"ledger read in {now.ledger_seconds:.3f} s"
    )


def _cost(runs: Sequence[Measured]) -> str:
    cpu = median(each.cpu_seconds for each in runs)
    return f"{cpu:.2f} CPU s, {median(each.seconds for each in runs):.2f} s"


def _say_standing(folder: Path, runs: Sequence[Measured]) -> None:
    say(f"day {len(runs):,}: last runs {_cost(runs[LATE])}; {_totals(_standing(folder))}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="years.py", description="Measures daily files over three years, day by day."
    )
    parser.add_argument("days", nargs="?", type=int, default=DAYS, help=f"days ({DAYS})")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep files and tables there")
    given = parser.parse_args(arguments)
    if given.days < EARLY.stop:
        parser.error(f"at least {EARLY.stop} days, got {given.days}")
    with folder_for(given.days, given.keep) as folder:
        runs, differences = measure(folder, given.days)
    early, late = runs[EARLY], runs[LATE]
    ratio = median(each.cpu_seconds for each in late) / median(each.cpu_seconds for each in early)
    print(f"runs 5 to 15: {_cost(early)}")
    print(f"last 11 of {len(runs):,} runs: {_cost(late)}, {ratio:.2f} times the CPU seconds")
    print(f"totals: {'differ' if differences else 'equal'}")
    for line in differences:
        say(line)
    return 1 if differences or ratio > MAX_RATIO else 0


if __name__ == "__main__":
    sys.exit(main())
