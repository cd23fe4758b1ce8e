#!/usr/bin/env python
"""Measures the main job on this machine: from generated landing files to the four answers.

    python benchmarks/main_job.py               # 30 thousand and 3 million rows
    python benchmarks/main_job.py 30_000_000    # 30 million

For each size it starts `sales-pipeline run` in a new folder and a new process, as a user would.
The seconds are those of the whole process, with the start of Python; the peak is its largest
resident memory. Then the same command runs again with nothing new, and a third time with one
further file of 10 thousand rows. Every total is compared exactly with the one that the generator
counted by itself; the exit code is 1 if any differs.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # So that this file can be run as a script.

from benchmarks.generator import (  # noqa: E402
    PARIS,
    FilePlan,
    Scale,
    expected_totals,
    generate,
    stores_of,
    write_file,
)
from benchmarks.process import Cost, run_measured  # noqa: E402
from sales_pipeline import load_config, read_gold  # noqa: E402
from sales_pipeline.config.model import Declaration  # noqa: E402

USUAL_ROWS = (30_000, 3_000_000)
FURTHER_ROWS = 10_000
CENT = Decimal("0.01")
CLASSES = ("delivered", "accepted", "quarantined", "duplicate", "displaced")
MAX_SHOWN = 5

Totals = dict[str, dict[str, Decimal]]
"""Figure, such as `revenue per month` -> key, such as a month -> total."""


@dataclass(frozen=True)
class Measured(Cost):
    """The cost and the report of one process of the pipeline."""

    report: dict[str, Any]


@dataclass(frozen=True)
class Result:
    """The measurements and differences at one size."""

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
    """Generates files in a folder, runs the pipeline there three times, and compares the totals.

    Args:
        folder: An empty folder.
        rows: The number of records in all.

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


def run_pipeline(folder: Path, *command: str, python: str | Path = sys.executable) -> Measured:
    """Runs a command of `sales-pipeline` in a folder, in a process of its own.

    Args:
        folder: A folder with a `config.yaml`.
        *command: The command and its options; `run` by default.
        python: The Python of the environment to use.

    Raises:
        RuntimeError: Its exit code is not 0.
    """
    options = [*(command or ["run"]), "--config", "config.yaml", "--json"]
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    cost, answer = run_measured(
        [python, "-m", "sales_pipeline", *options], folder=folder, variables={"PYTHONPATH": path}
    )
    return Measured(cost.seconds, cost.cpu_seconds, cost.peak_bytes, json.loads(answer))


def further_file(folder: Path, rows: int) -> dict[str, Any]:
    """Writes one more file of the first store, with one day; returns its expected totals."""
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
    """Returns the totals in an `expected.json`."""
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
        "units per product": {
            name: Decimal(product["units"]) for name, product in products.items()
        },
        "revenue per product": {
            name: Decimal(product["revenue"]) for name, product in products.items()
        },
        "records": {
            f"{feed} {name}": Decimal(counts[name])
            for feed, counts in feeds.items()
            for name in CLASSES
        },
    }


def added(first: Totals, second: Totals) -> Totals:
    """Returns the totals of two sets of files together."""
    return {
        figure: {
            key: first[figure].get(key, Decimal(0)) + second[figure].get(key, Decimal(0))
            for key in first[figure] | second[figure]
        }
        for figure in first
    }


def compared(expected: Totals, folder: Path, counted: Mapping[str, Decimal]) -> Iterator[str]:
    """Yields the differences from the expected totals, in the unrounded cube and in the answers."""
    declaration = declaration_in(folder)
    unrounded = cube_totals(declaration) | {"records": dict(counted)}
    yield from differences("cube", expected, unrounded)
    shown = {figure: as_shown(figure, values) for figure, values in expected.items()}
    yield from differences(
        "answers",
        shown,
        answer_totals(lambda table: read_gold(declaration, table).to_pylist()),
    )


def declaration_in(folder: Path) -> Declaration:
    """Loads the declaration of a folder, with the lakehouse in the same folder."""
    changes = {"lakehouse": str(folder / "lakehouse")}
    return load_config(folder / "config.yaml").model_copy(update=changes)


def cube_totals(declaration: Declaration) -> Totals:
    """Returns the unrounded totals in `gold.sales_cube`."""
    rows: list[dict[str, Any]] = read_gold(declaration, "sales_cube").to_pylist()
    return {
        "revenue per month": total(rows, lambda row: f"{row['month']:%Y-%m}", "revenue"),
        "revenue per month and store": total(
            rows, lambda row: f"{row['month']:%Y-%m} {row['store']}", "revenue"
        ),
        "units per product": total(rows, lambda row: row["product"], "units"),
        "revenue per product": total(rows, lambda row: row["product"], "revenue"),
    }


def answer_totals(rows: Callable[[str], Iterable[Mapping[str, Any]]]) -> Totals:
    """Returns the totals in the four answers.

    Args:
        rows: Returns the rows of a table.
    """

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
    """Adds up the records that some runs report, by feed and class, without the catalogue."""
    counts: Counter[str] = Counter()
    for run in runs:
        for feed in run.report["feeds"]:
            if feed["feed"] != "catalogue":
                counts.update({f"{feed['feed']} {name}": feed[name] for name in CLASSES})
    return {key: Decimal(count) for key, count in counts.items()}


def as_shown(figure: str, values: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Returns totals as an answer shows them: a revenue is rounded half up to a cent."""
    if not figure.startswith("revenue"):
        return dict(values)
    return {key: value.quantize(CENT, ROUND_HALF_UP) for key, value in values.items()}


def differences(where: str, expected: Totals, actual: Totals) -> Iterator[str]:
    """Yields a line for each total that differs, for the figures that `actual` has."""
    for figure, totals in actual.items():
        wanted = expected[figure]
        keys = sorted(wanted | totals)
        wrong = [key for key in keys if wanted.get(key) != totals.get(key)]
        for key in wrong[:MAX_SHOWN]:
            yield f"{where}, {figure}, {key}: expected {wanted.get(key)}, got {totals.get(key)}"
        if len(wrong) > MAX_SHOWN:
            yield f"{where}, {figure}: {len(wrong) - MAX_SHOWN} more differ"


COLUMNS: dict[str, Callable[[Result], str]] = {
    "rows": lambda result: f"{result.rows:,}",
    "bytes": lambda result: f"{result.bytes:,}",
    "seconds": lambda result: f"{result.seconds:.2f}",
    "cpu s": lambda result: f"{result.cpu_seconds:.2f}",
    "rows/s": lambda result: f"{result.rows_per_second:,}",
    "peak MB": lambda result: f"{result.peak_bytes / 1e6:,.0f}",
    "nothing new s": lambda result: f"{result.nothing_new_seconds:.2f}",
    "one more file s": lambda result: f"{result.further_seconds:.2f}",
    "totals": lambda result: "differ" if result.differences else "equal",
}


def table(results: Sequence[Result]) -> str:
    """Returns the results as a text table."""
    lines = [[*COLUMNS], *([show(result) for show in COLUMNS.values()] for result in results)]
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
    """Yields a folder for one size: below `keep`, or a temporary one that is removed at the end."""
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="sales_pipeline_") as temporary:
            yield Path(temporary)
        return
    folder = keep / f"{rows}_rows"
    if folder.exists():
        raise FileExistsError(f"{folder}: exists already; choose another folder for --keep")
    folder.mkdir(parents=True)
    yield folder


def add_rows(parser: argparse.ArgumentParser) -> None:
    """Adds the argument for the sizes to measure."""
    parser.add_argument(
        "rows",
        nargs="*",
        type=lambda text: int(text.replace("_", "")),
        default=USUAL_ROWS,
        help="records in all, one measurement each (30_000 3_000_000)",
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="main_job.py",
        description="Measures the pipeline on generated files and compares every total.",
    )
    add_rows(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep files and tables there")
    given = parser.parse_args(arguments)
    results = []
    for rows in given.rows:
        with folder_for(rows, given.keep) as folder:
            results.append(measure(folder, rows))
    print(
        json.dumps([asdict(result) for result in results], indent=2)
        if given.json
        else table(results)
    )
    wrong = [line for result in results for line in result.differences]
    for line in wrong:
        say(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
