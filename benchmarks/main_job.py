#!/usr/bin/env python
"""Measures the main job: generated landing files in, four answers out, on this machine.

    python benchmarks/main_job.py               # 30 thousand and 3 million rows
    python benchmarks/main_job.py 30_000_000    # 30 million

Each size is loaded by a process of its own in a folder of its own, as a user would do it:
`sales-pipeline run`. The seconds are those of the whole process, Python's start included; the
peak is the greatest memory that was resident in it. Then the same command runs again with
nothing new, and once more with one further file of 10 thousand rows. Every total is compared
exactly with what the generator counted on its own; a difference ends with exit code 1.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # So that the file can be run as it is.

from benchmarks.generator import (  # noqa: E402
    PARIS,
    FilePlan,
    Scale,
    expected_totals,
    generate,
    stores_of,
    write_file,
)
from sales_pipeline import load_config, read_gold  # noqa: E402
from sales_pipeline.config.model import Declaration  # noqa: E402

USUAL_ROWS = (30_000, 3_000_000)
FURTHER_ROWS = 10_000
CENT = Decimal("0.01")
CLASSES = ("delivered", "accepted", "quarantined", "duplicate", "displaced")
MAX_SHOWN = 5

Totals = dict[str, dict[str, Decimal]]
"""What is counted -> of what -> how much."""


@dataclass(frozen=True)
class Measured:
    """One process of the pipeline."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    report: dict[str, Any]


@dataclass(frozen=True)
class Result:
    """All that was measured at one size."""

    rows: int
    bytes: int
    seconds: float
    cpu_seconds: float
    rows_per_second: int
    peak_bytes: int
    nothing_new_seconds: float
    further_rows: int
    further_seconds: float
    further_peak_bytes: int
    differences: list[str]


def measure(folder: Path, rows: int) -> Result:
    """Generates so many rows in a folder, runs the pipeline there three times, and compares.

    Args:
        folder: An empty folder.
        rows: Records in all.

    Raises:
        RuntimeError: A run failed.
    """
    say(f"{rows:,} rows: generating")
    expected = generate(folder, Scale(rows=rows, jobs=os.cpu_count() or 1))
    say(f"{rows:,} rows: first load")
    first = run_pipeline(folder)
    differences = [*compared(totals_of(expected), folder, records([first]))]
    again = run_pipeline(folder)
    if again.report["files"]:
        differences.append(f"second run: took {again.report['files']} files, expected none")
    say(f"{rows:,} rows: one further file")
    further = further_file(folder, FURTHER_ROWS)
    last = run_pipeline(folder)
    everything = added(totals_of(expected), totals_of(further))
    differences += compared(everything, folder, records([first, last]))
    return Result(
        rows=rows,
        bytes=first.report["bytes"],
        seconds=round(first.seconds, 2),
        cpu_seconds=round(first.cpu_seconds, 2),
        rows_per_second=round(rows / first.seconds),
        peak_bytes=first.peak_bytes,
        nothing_new_seconds=round(again.seconds, 2),
        further_rows=FURTHER_ROWS,
        further_seconds=round(last.seconds, 2),
        further_peak_bytes=last.peak_bytes,
        differences=differences,
    )


def run_pipeline(folder: Path, *command: str) -> Measured:
    """Runs a command of `sales-pipeline` in a folder, in a process of its own.

    Args:
        folder: The folder; its `config.yaml` is taken.
        *command: The command and its options; `run` without them.

    Raises:
        RuntimeError: It did not end with exit code 0.
    """
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    options = [*(command or ["run"]), "--config", "config.yaml", "--json"]
    with tempfile.TemporaryFile() as answer, tempfile.TemporaryFile() as messages:
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "sales_pipeline", *options],
            cwd=folder,
            stdout=answer,
            stderr=messages,
            env=os.environ | {"PYTHONPATH": path},
        )
        # Not process.wait(): only wait4 tells the peak of this one process.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        answer.seek(0)
        messages.seek(0)
        if process.returncode:
            said = messages.read().decode(errors="replace")
            raise RuntimeError(f"{folder}: exit code {process.returncode}\n{said}")
        kilobyte = 1 if sys.platform == "darwin" else 1024
        cpu_seconds = usage.ru_utime + usage.ru_stime
        peak = usage.ru_maxrss * kilobyte
        return Measured(seconds, cpu_seconds, peak, json.loads(answer.read()))


def further_file(folder: Path, rows: int) -> dict[str, Any]:
    """Writes one more file of the first store, all of one day; returns its expected totals."""
    store = stores_of(1)[0]
    plan = FilePlan(
        store=store,
        name=f"{PARIS.stem}_further.csv",
        days=(date(2024, 12, 31),),
        rows=rows,
        first_number=10**12,
        faults=(),
        seed="further",
    )
    written = write_file(plan, folder / "landing" / store.id / plan.name)
    return expected_totals([written], repeats=[])


def totals_of(expected: Mapping[str, Any]) -> Totals:
    """The totals in an `expected.json`."""
    months: dict[str, str] = expected["revenue_per_month"]
    stores: dict[str, dict[str, str]] = expected["revenue_per_month_and_store"]
    products: dict[str, dict[str, Any]] = expected["products"]
    feeds: dict[str, dict[str, int]] = expected["feeds"]
    return {
        "revenue per month": {month: Decimal(value) for month, value in months.items()},
        "revenue per month and store": {
            f"{month} {store}": Decimal(value)
            for month, of_month in stores.items()
            for store, value in of_month.items()
        },
        "units per product": {name: Decimal(each["units"]) for name, each in products.items()},
        "revenue per product": {name: Decimal(each["revenue"]) for name, each in products.items()},
        "records": {
            f"{feed} {name}": Decimal(counts[name])
            for feed, counts in feeds.items()
            for name in CLASSES
        },
    }


def added(one: Totals, other: Totals) -> Totals:
    """The totals of two sets of files together."""
    return {
        what: {
            key: one[what].get(key, Decimal(0)) + other[what].get(key, Decimal(0))
            for key in one[what] | other[what]
        }
        for what in one
    }


def compared(expected: Totals, folder: Path, counted: Mapping[str, Decimal]) -> Iterator[str]:
    """What the lakehouse holds otherwise than expected: unrounded in the cube, and as shown."""
    declaration = declaration_in(folder)
    found = cube_totals(declaration) | {"records": dict(counted)}
    yield from differences("cube", expected, found)
    shown = {what: as_shown(what, values) for what, values in expected.items()}
    yield from differences("answers", shown, answer_totals(declaration))


def declaration_in(folder: Path) -> Declaration:
    """The declaration in a folder, which has its lakehouse there wherever this process works."""
    place = {"lakehouse": str(folder / "lakehouse")}
    return load_config(folder / "config.yaml").model_copy(update=place)


def cube_totals(declaration: Declaration) -> Totals:
    """The unrounded totals in `gold.sales_cube`."""
    rows: list[dict[str, Any]] = read_gold(declaration, "sales_cube").to_pylist()
    return {
        "revenue per month": total(rows, lambda row: f"{row['month']:%Y-%m}", "revenue"),
        "revenue per month and store": total(
            rows, lambda row: f"{row['month']:%Y-%m} {row['store']}", "revenue"
        ),
        "units per product": total(rows, lambda row: row["product"], "units"),
        "revenue per product": total(rows, lambda row: row["product"], "revenue"),
    }


def answer_totals(declaration: Declaration) -> Totals:
    """The totals that the four answers show."""

    def rows(table: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = read_gold(declaration, table).to_pylist()
        return found

    def month(row: Mapping[str, Any]) -> str:
        return f"{row['year']}-{row['month']:02d}"

    by_units = rows("top_selling_products")
    by_revenue = rows("top_selling_products_by_revenue")
    return {
        "revenue per month": total(rows("revenue_per_month"), month, "revenue"),
        "revenue per month and store": total(
            rows("revenue_per_month_and_shop"),
            lambda row: f"{month(row)} {row['store']}",
            "revenue",
        ),
        "units per product": total(by_units, lambda row: row["product"], "units"),
        "revenue per product": total(by_revenue, lambda row: row["product"], "revenue"),
    }


def total(
    rows: Iterable[Mapping[str, Any]], key: Callable[[Mapping[str, Any]], str], column: str
) -> dict[str, Decimal]:
    """Adds up a column by a key."""
    sums: dict[str, Decimal] = {}
    for row in rows:
        sums[key(row)] = sums.get(key(row), Decimal(0)) + row[column]
    return sums


def records(runs: Iterable[Measured]) -> dict[str, Decimal]:
    """What some runs say they took in, by feed and class; the catalogue is not counted."""
    counts: Counter[str] = Counter()
    for run in runs:
        for feed in run.report["feeds"]:
            if feed["feed"] != "catalogue":
                counts.update({f"{feed['feed']} {name}": feed[name] for name in CLASSES})
    return {key: Decimal(count) for key, count in counts.items()}


def as_shown(what: str, values: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Totals as an answer shows them: a revenue is rounded half up to a cent."""
    if not what.startswith("revenue"):
        return dict(values)
    return {key: value.quantize(CENT, ROUND_HALF_UP) for key, value in values.items()}


def differences(where: str, expected: Totals, found: Totals) -> Iterator[str]:
    """Says where totals are not what was expected; what was not looked for is not compared."""
    for what in found:
        keys = sorted(expected[what] | found[what])
        wrong = [key for key in keys if expected[what].get(key) != found[what].get(key)]
        for key in wrong[:MAX_SHOWN]:
            yield (
                f"{where}, {what}, {key}: expected {expected[what].get(key)}, "
                f"got {found[what].get(key)}"
            )
        if len(wrong) > MAX_SHOWN:
            yield f"{where}, {what}: {len(wrong) - MAX_SHOWN} more differ"


COLUMNS: dict[str, Callable[[Result], str]] = {
    "rows": lambda each: f"{each.rows:,}",
    "bytes": lambda each: f"{each.bytes:,}",
    "seconds": lambda each: f"{each.seconds:.2f}",
    "cpu s": lambda each: f"{each.cpu_seconds:.2f}",
    "rows/s": lambda each: f"{each.rows_per_second:,}",
    "peak MB": lambda each: f"{each.peak_bytes / 1e6:,.0f}",
    "nothing new s": lambda each: f"{each.nothing_new_seconds:.2f}",
    "one more file s": lambda each: f"{each.further_seconds:.2f}",
    "totals": lambda each: "differ" if each.differences else "equal",
}


def table(results: Sequence[Result]) -> str:
    """The results as text in columns."""
    lines = [[*COLUMNS], *([show(each) for show in COLUMNS.values()] for each in results)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    )


def say(message: str) -> None:
    """Prints a message to stderr."""
    print(message, file=sys.stderr, flush=True)


@contextmanager
def folder_for(rows: int, keep: Path | None) -> Iterator[Path]:
    """A folder for one size: below `keep`, or a temporary one that is removed afterwards."""
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="sales_pipeline_") as temporary:
            yield Path(temporary)
        return
    folder = keep / f"{rows}_rows"
    if folder.exists():
        raise FileExistsError(f"{folder}: exists already; choose another folder for --keep")
    folder.mkdir(parents=True)
    yield folder


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="main_job.py",
        description="Measures the pipeline on generated files and compares every total.",
    )
    parser.add_argument(
        "rows",
        nargs="*",
        type=lambda text: int(text.replace("_", "")),
        default=USUAL_ROWS,
        help="records in all, one measurement each (30_000 3_000_000)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep files and tables there")
    given = parser.parse_args(arguments)
    results = []
    for rows in given.rows:
        with folder_for(rows, given.keep) as folder:
            results.append(measure(folder, rows))
    print(
        json.dumps([asdict(each) for each in results], indent=2) if given.json else table(results)
    )
    wrong = [line for each in results for line in each.differences]
    for line in wrong:
        say(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
