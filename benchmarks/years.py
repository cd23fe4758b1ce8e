#!/usr/bin/env python
"""Measures three years of daily files, a run for each day, with maintenance every 30 runs.

    python benchmarks/years.py           # 1,095 days
    python benchmarks/years.py 75        # the first 75 of them
    python benchmarks/years.py --keep ~/years   # continues there after an interruption

Three stores deliver a small generated file each day. Every run is a process of its own, as a
scheduler would start it, and is measured with the start of Python. The benchmark compares the
median of the last eleven runs with that of runs 5 to 15 of a young lakehouse. The two take turns,
because the speed of a machine changes over hours. After 75 or 1,095 days both are equally many runs
past the last maintenance. The years pass within hours, so no version of a table is ever 30 days
old; `keep_days: 0` makes maintenance free all versions but the last instead. At the end every total
is compared exactly with the one that the generator counted by itself. The exit code is 1 if a total
differs, or if the last runs cost more than one and a half times the early ones.
"""

from __future__ import annotations

import argparse
import calendar
import itertools
import json
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # So that this file can be run as a script.

from benchmarks.generator import Scale, generate, stores_of  # noqa: E402
from benchmarks.main_job import (  # noqa: E402
    CLASSES,
    Measured,
    compared,
    declaration_in,
    run_pipeline,
    say,
    totals_of,
)
from sales_pipeline.lakehouse.ledger import Ledger  # noqa: E402
from sales_pipeline.lakehouse.opening import opened_lakehouse  # noqa: E402
from sales_pipeline.lakehouse.runs import finished_runs  # noqa: E402
from sales_pipeline.lakehouse.tables import CATALOGUE  # noqa: E402
from sales_pipeline.silver.balance import recorded  # noqa: E402

DAYS = 1095
STORES = 3
ROWS_PER_FILE = 30
MAINTAINED_EVERY = 30
EARLY, COMPARED = 4, 11
"""Runs 5 to 15 are compared with as many late ones; the first four do one-time work, too."""
MAX_RATIO = 1.5


@dataclass(frozen=True)
class LakehouseSize:
    """The size of a lakehouse after some runs.

    Attributes:
        files: Table -> number of data files of its last version.
        on_disk: Number of files of all tables, with their logs and earlier versions.
        ledger_seconds: Seconds to read all deliveries and runs.
    """

    files: dict[str, int]
    on_disk: int
    ledger_seconds: float


class Retailer:
    """A retailer whose stores deliver one file each for every run.

    Args:
        folder: The folder of its files and tables. If an interrupted measurement left some there,
            it continues with them.
        days: The number of days to generate files for.
    """

    def __init__(self, folder: Path, days: int) -> None:
        self.folder = folder
        self._days = days
        self._waiting = folder / "waiting"
        if not self._waiting.exists():
            self._generate()

    def _generate(self) -> None:
        files, months = self._days * STORES, _months(self._days)
        generate(self.folder, Scale(rows=files * ROWS_PER_FILE, files=files, months=months))
        with (self.folder / "config.yaml").open("a", encoding="utf-8") as config:
            config.write("keep_days: 0\n")
        aside = self.folder / "taken_away"
        for store in stores_of(STORES):
            shutil.move(self.folder / "landing" / store.id, aside / store.id)
            (self.folder / "landing" / store.id).mkdir()
        os.rename(aside, self._waiting)

    @property
    def day(self) -> int:
        """The number of the last day that was delivered, from 1; 0 before the first."""
        waiting = (len(list(folder.iterdir())) for folder in self._waiting.iterdir())
        return self._days - min(waiting)

    def next_day(self) -> Measured:
        """Delivers the files of the next day and runs; then does maintenance, if it is due.

        Raises:
            RuntimeError: A run failed.
        """
        day = self.day + 1
        for store in stores_of(STORES):
            name = f"{store.shape.stem}_{day}.csv"
            landed = self.folder / "landing" / store.id / name
            os.rename(self._waiting / store.id / name, landed)
        run = run_pipeline(self.folder)
        if day % MAINTAINED_EVERY == 0:
            before = _totals(self.size())
            maintenance = run_pipeline(self.folder, "maintain", "--yes")
            say(f"day {day:,}: {_cost([run])}; {before}")
            say(f"  maintained in {_cost([maintenance])}; then {_totals(self.size())}")
        return run

    def size(self) -> LakehouseSize:
        """Returns the size of its lakehouse."""
        with opened_lakehouse(declaration_in(self.folder)) as lakehouse:
            began = time.perf_counter()
            Ledger(lakehouse)
            finished_runs(lakehouse)
            ledger_seconds = time.perf_counter() - began
            engine = lakehouse.engine
            last = {name: engine.history(name, limit=1)[0] for name in lakehouse.tables}
            files = {name: version.files or 0 for name, version in last.items()}
        lakehouse_folder = self.folder / "lakehouse"
        schemas = (lakehouse_folder / schema for schema in ("bronze", "silver", "gold", "ops"))
        on_disk = sum(path.is_file() for schema in schemas for path in schema.rglob("*"))
        return LakehouseSize(files, on_disk, ledger_seconds)

    def differences(self) -> list[str]:
        """Returns the differences from the totals that the generator counted by itself."""
        with opened_lakehouse(declaration_in(self.folder)) as lakehouse:
            balances = [balance for balance in recorded(lakehouse) if balance.feed != CATALOGUE]
        counted: Counter[str] = Counter()
        for balance in balances:
            classes = {f"{balance.feed} {name}": balance.rows(name) for name in CLASSES[1:]}
            counted.update(classes | {f"{balance.feed} {CLASSES[0]}": balance.delivered[0]})
        records = {key: Decimal(count) for key, count in counted.items()}
        expected = json.loads((self.folder / "expected.json").read_text(encoding="utf-8"))
        return list(compared(totals_of(expected), self.folder, records))


def measure(folder: Path, days: int) -> tuple[list[Measured], list[Measured], list[str]]:
    """Runs all days; returns the early runs, the last runs, and the totals that differ.

    The speed of a machine changes within two hours. So the early runs are taken from a second
    retailer, which starts when the first one is nearly done; the two run in turns.

    Raises:
        RuntimeError: A run failed.
        FileExistsError: All days were already measured there.
    """
    old = Retailer(folder / "old", days)
    if old.day == days:
        raise FileExistsError(f"{folder}: its days are over; choose another folder for --keep")
    while old.day < days - COMPARED:
        old.next_day()
    young = Retailer(folder / "young", EARLY + COMPARED)
    while young.day < EARLY:
        young.next_day()
    pairs = [(young.next_day(), old.next_day()) for _ in range(days - old.day)]
    say(f"day {old.day:,}: {_totals(old.size())}")
    return [early for early, _ in pairs], [late for _, late in pairs], old.differences()


def _months(days: int) -> int:
    """Returns the number of calendar months from January 2024 that have at least so many days."""
    lengths = (
        calendar.monthrange(2024 + month // 12, month % 12 + 1)[1] for month in itertools.count()
    )
    so_far = itertools.accumulate(lengths)
    return next(count for count, total in enumerate(so_far, start=1) if total >= days)


def _totals(size: LakehouseSize) -> str:
    most = sorted(size.files, key=size.files.__getitem__, reverse=True)[:3]
    largest = ", ".join(f"{name} {size.files[name]:,}" for name in most)
    return (
        f"{sum(size.files.values()):,} data files ({largest}), {size.on_disk:,} on disk, "
        f"ledger read in {size.ledger_seconds:.3f} s"
    )


def _cost(runs: Sequence[Measured]) -> str:
    cpu = median(run.cpu_seconds for run in runs)
    return f"{cpu:.2f} CPU s, {median(run.seconds for run in runs):.2f} s"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="years.py", description="Measures daily files over three years, day by day."
    )
    parser.add_argument("days", nargs="?", type=int, default=DAYS, help=f"days ({DAYS})")
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="DIR",
        help="work there and keep it; continue there after an interruption",
    )
    given = parser.parse_args(arguments)
    if given.days < EARLY + COMPARED:
        parser.error(f"at least {EARLY + COMPARED} days, got {given.days}")
    with _folder(given.keep) as folder:
        early, late, differences = measure(folder, given.days)
    ratio = median(run.cpu_seconds for run in late) / median(run.cpu_seconds for run in early)
    print(f"runs {EARLY + 1} to {EARLY + COMPARED} of a young lakehouse: {_cost(early)}")
    print(f"runs up to the {given.days:,}th: {_cost(late)}, {ratio:.2f} times the CPU seconds")
    print(f"totals: {'differ' if differences else 'equal'}")
    for line in differences:
        say(line)
    return 1 if differences or ratio > MAX_RATIO else 0


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """Yields the folder to work in: a temporary one, or the one to keep."""
    if keep is not None:
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="sales_pipeline_years_") as temporary:
        yield Path(temporary)


if __name__ == "__main__":
    sys.exit(main())
