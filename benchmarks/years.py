#!/usr/bin/env python
"""Measures three years of daily files, a run for each day, with maintenance every 30 runs.

    python benchmarks/years.py           # 1,095 days
    python benchmarks/years.py 75        # the first 75 of them
    python benchmarks/years.py --keep ~/years   # and goes on there if interrupted

Three stores deliver a small generated file each day. Every run is a process of its own, as a
scheduler would start it, and is measured with Python's start. Compared are the medians of the last
eleven runs and of runs 5 to 15 of a young lakehouse, taken in turns, because a machine is not as
fast after hours as before. After 75 days, or 1,095, both lie as many runs behind maintenance. As
the years pass within hours, no version of a table ever is 30 days old; `keep_days: 0` stands for
that, so that maintenance frees all but what the last run left. At the end every total is compared
exactly with what the generator counted on its own. Ends with exit code 1 where a total differs, or
where the last runs cost more than one and a half times the early ones.
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
sys.path.insert(0, str(ROOT))  # So that the file can be run as it is.

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
"""Compared are runs 5 to 15, when what is only slow the first time is over, and as many late ones.
"""
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


class Retailer:
    """A retailer whose stores deliver a file each for every run.

    Args:
        folder: Where its files and tables are. What an interrupted measurement left there is
            taken up where it stopped.
        days: For how many days there are files.
    """

    def __init__(self, folder: Path, days: int) -> None:
        self.folder = folder
        self._days = days
        self._waiting = folder / "waiting"
        if not self._waiting.exists():
            self._make()

    def _make(self) -> None:
        files, months = self._days * STORES, _months(self._days)
        generate(self.folder, Scale(rows=files * ROWS_PER_FILE, files=files, months=months))
        with (self.folder / "config.yaml").open("a", encoding="utf-8") as config:
            config.write("keep_days: 0\n")
        taken = self.folder / "taken_away"
        for store in stores_of(STORES):
            shutil.move(self.folder / "landing" / store.id, taken / store.id)
            (self.folder / "landing" / store.id).mkdir()
        os.rename(taken, self._waiting)

    @property
    def day(self) -> int:
        """The day that was delivered last, from 1; 0 before the first."""
        return self._days - min(len(list(each.iterdir())) for each in self._waiting.iterdir())

    def next_day(self) -> Measured:
        """Delivers the files of a day and runs; then comes maintenance, where it is due.

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
            before = _totals(self.standing())
            kept = run_pipeline(self.folder, "maintain", "--yes")
            say(f"day {day:,}: {_cost([run])}; {before}")
            say(f"  maintained in {_cost([kept])}; then {_totals(self.standing())}")
        return run

    def standing(self) -> Standing:
        """What its lakehouse holds now."""
        with opened_lakehouse(declaration_in(self.folder)) as lakehouse:
            began = time.perf_counter()
            Ledger(lakehouse)
            finished_runs(lakehouse)
            ledger_seconds = time.perf_counter() - began
            engine = lakehouse.engine
            last = {name: engine.history(name, limit=1)[0] for name in lakehouse.tables}
            files = {name: each.files or 0 for name, each in last.items()}
        schemas = (self.folder / "lakehouse" / each for each in ("bronze", "silver", "gold", "ops"))
        on_disk = sum(path.is_file() for each in schemas for path in each.rglob("*"))
        return Standing(files, on_disk, ledger_seconds)

    def differences(self) -> list[str]:
        """What differs from the totals that the generator counted on its own."""
        with opened_lakehouse(declaration_in(self.folder)) as lakehouse:
            balances = [each for each in recorded(lakehouse) if each.feed != CATALOGUE]
        counted: Counter[str] = Counter()
        for each in balances:
            classes = {f"{each.feed} {name}": each.rows(name) for name in CLASSES[1:]}
            counted.update(classes | {f"{each.feed} {CLASSES[0]}": each.delivered[0]})
        records = {key: Decimal(count) for key, count in counted.items()}
        expected = json.loads((self.folder / "expected.json").read_text(encoding="utf-8"))
        return list(compared(totals_of(expected), self.folder, records))


def measure(folder: Path, days: int) -> tuple[list[Measured], list[Measured], list[str]]:
    """Lives through so many days; returns early runs, the last ones, and what totals differ.

    A machine is not as fast at the end of two hours as at their beginning. So the early runs are
    those of another retailer, which begins when the first one is nearly done: a run of the one, a
    run of the other.

    Raises:
        RuntimeError: A run failed.
        FileExistsError: All days were measured there before.
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
    say(f"day {old.day:,}: {_totals(old.standing())}")
    return [early for early, _ in pairs], [late for _, late in pairs], old.differences()


def _months(days: int) -> int:
    """The calendar months from January 2024 that have at least so many days."""
    lengths = (
        calendar.monthrange(2024 + month // 12, month % 12 + 1)[1] for month in itertools.count()
    )
    so_far = itertools.accumulate(lengths)
    return next(count for count, total in enumerate(so_far, start=1) if total >= days)


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
        help="work there, keep it, and go on with it if interrupted",
    )
    given = parser.parse_args(arguments)
    if given.days < EARLY + COMPARED:
        parser.error(f"at least {EARLY + COMPARED} days, got {given.days}")
    with _folder(given.keep) as folder:
        early, late, differences = measure(folder, given.days)
    ratio = median(each.cpu_seconds for each in late) / median(each.cpu_seconds for each in early)
    print(f"runs {EARLY + 1} to {EARLY + COMPARED} of a young lakehouse: {_cost(early)}")
    print(f"runs up to the {given.days:,}th: {_cost(late)}, {ratio:.2f} times the CPU seconds")
    print(f"totals: {'differ' if differences else 'equal'}")
    for line in differences:
        say(line)
    return 1 if differences or ratio > MAX_RATIO else 0


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """The folder to work in: a temporary one, unless it is to be kept."""
    if keep is not None:
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="sales_pipeline_years_") as temporary:
        yield Path(temporary)


if __name__ == "__main__":
    sys.exit(main())
