#!/usr/bin/env python
"""Measures how the cost of a first load grows, one cause at a time.

    python benchmarks/growth.py                          # all causes on the embedded engine
    python benchmarks/growth.py --engine spark --ends    # the ends of each cause on JVM Spark
    python benchmarks/growth.py --only stores --times 1

Each line of the table is `sales-pipeline run` in a new folder and a new process. Within a cause,
every line has the same records but for the cause itself. The revenue in gold and the records of
the run are compared with those that were written; the exit code is 1 if any differs.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # So that this file can be run as a script.

from benchmarks.main_job import Measured, declaration_in, run_pipeline, say  # noqa: E402
from sales_pipeline import read_gold  # noqa: E402
from sales_pipeline.errors import counted  # noqa: E402

EMBEDDED = "embedded"
FIRST_DAY = date(2025, 1, 1)
DAYS = 360
SEVERITIES = ("quarantine", "warn", "fail")
DATE_FORMATS = [
    mark.join(parts)
    for year, month, day in (("yyyy", "MM", "dd"), ("yyyy", "M", "d"))
    for mark in "-/. _,"
    for parts in ((year, month, day), (day, month, year), (month, day, year))
]
"""More than thirty patterns; only the first one reads the days that are written here."""
COLUMNS = {
    "sale_id": "id", "sold_on": "day", "product": "item",
    "unit_price": "price", "quantity": "units", "amount": "total",
}  # fmt: skip


@dataclass(frozen=True)
class Retailer:
    """A retailer of which every number of declared things can be chosen.

    Attributes:
        records: All records, spread evenly over the files.
        feeds: Shops that are feeds of one format.
        stores: Stores named in a column of the one feed; 0 for a store for each feed.
        date_formats: Declared patterns of days; the records use the first one.
        rules: Declared rules, which every sale keeps.
        products: Products in the catalogue, all of them sold.
        languages: Languages in the catalogue.
        files: Files of all feeds.
    """

    records: int = 4_000
    feeds: int = 1
    stores: int = 0
    date_formats: int = 1
    rules: int = 0
    products: int = 20
    languages: int = 1
    files: int = 0

    def write(self, folder: Path) -> Decimal:
        """Writes the declaration and the landing files; returns the revenue of all sales."""
        # JSON is YAML, too.
        declared = json.dumps(self._declaration(), indent=2)
        (folder / "config.yaml").write_text(declared, encoding="utf-8")
        self._write_catalogue(folder / "landing" / "catalogue")
        files = self.files or self.feeds
        revenue = 0
        for number in range(files):
            landing = folder / "landing" / f"shop_{number % self.feeds:04d}"
            landing.mkdir(parents=True, exist_ok=True)
            lines, amount = self._sales(range(number, self.records, files))
            (landing / f"sales_{number:05d}.csv").write_text("\n".join(lines), encoding="utf-8")
            revenue += amount
        return Decimal(revenue)

    def _sales(self, numbers: range) -> tuple[list[str], int]:
        lines = [",".join([*COLUMNS.values(), *(["shop"] if self.stores else [])])]
        revenue = 0
        for number in numbers:
            day = FIRST_DAY + timedelta(days=number % DAYS)
            price, units = 1 + number % 49, 1 + number % 4
            fields = [f"r{number}", day.isoformat(), f"Product {number % self.products}"]
            fields += [f"{price}.00", str(units), f"{price * units}.00"]
            fields += [f"S{number % self.stores:04d}"] if self.stores else []
            lines.append(",".join(fields))
            revenue += price * units
        return [*lines, ""], revenue

    def _write_catalogue(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        others = [f"L{number}" for number in range(1, self.languages)]
        lines = [",".join(["product", "category", *others])]
        for number in range(self.products):
            names = [f"{other} product {number}" for other in others]
            lines.append(",".join([f"Product {number}", f"Category {number % 7}", *names]))
        (folder / "catalogue.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")

    def _declaration(self) -> dict[str, Any]:
        languages = {"en": {"product": "product", "category": "category"}}
        for number, code in zip(range(1, self.languages), ("fr", "de", "es", "it"), strict=False):
            languages[code] = {"product": f"L{number}", "category": "category"}
        return {
            "catalogue": {"landing": "catalogue/*.csv", "languages": languages},
            "rates": {"fixed": {}},
            "formats": {"till": self._format()},
            "feeds": {f"shop_{number:04d}": self._feed(number) for number in range(self.feeds)},
        }

    def _format(self) -> dict[str, Any]:
        declared: dict[str, Any] = {
            "currency": "EUR",
            "language": "en",
            "date_formats": DATE_FORMATS[: self.date_formats],
            "columns": COLUMNS,
        }
        if self.rules:
            declared["rules"] = {
                f"rule_{number}": {
                    "holds": f"amount < {100_000 + number}",
                    "severity": SEVERITIES[number % len(SEVERITIES)],
                }
                for number in range(self.rules)
            }
        return declared

    def _feed(self, number: int) -> dict[str, Any]:
        name = f"shop_{number:04d}"
        declared: dict[str, Any] = {"format": "till", "landing": f"{name}/*.csv"}
        where = {"city": "Paris", "country": "FR"}
        if not self.stores:
            return {**declared, "store": {"id": name, "name": f"Shop {number}", **where}}
        stores = {
            f"S{store:04d}": {"id": f"store_{store:04d}", "name": f"Store {store}", **where}
            for store in range(self.stores)
        }
        return {**declared, "stores": stores, "columns": {**COLUMNS, "store": "shop"}}


CAUSES: Mapping[str, Mapping[str, Retailer]] = {
    "shops of one format, 20 records each": {
        counted(feeds, "shop"): Retailer(feeds=feeds, records=feeds * 20) for feeds in (1, 20, 200)
    },
    "shops of one format, 20,000 records each": {
        counted(feeds, "shop"): Retailer(feeds=feeds, records=feeds * 20_000)
        for feeds in (1, 5, 20)
    },
    "stores": {counted(stores, "store"): Retailer(stores=stores) for stores in (1, 46, 2_000)},
    "date formats": {
        counted(number, "format"): Retailer(date_formats=number) for number in (1, 6, 30)
    },
    "rules": {counted(rules, "rule"): Retailer(rules=rules) for rules in (0, 20, 200)},
    "products and languages": {
        f"{counted(products, 'product')}, {counted(languages, 'language')}": Retailer(
            products=products, languages=languages
        )
        for products, languages in ((20, 1), (2_000, 1), (2_000, 5))
    },
    "files, 20,000 records in all": {
        counted(files, "file"): Retailer(records=20_000, files=files)
        for files in (1, 100, 1_000, 10_000)
    },
}  # fmt: skip


@dataclass
class Line:
    """The runs of one retailer.

    Attributes:
        cause: What grows.
        size: How much of it there is.
        runs: The measured processes.
        differences: Figures that are not those that were written.
    """

    cause: str
    size: str
    runs: list[Measured] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """The median of the whole processes."""
        return statistics.median(run.seconds for run in self.runs)

    def cells(self, first: Line) -> list[str]:
        """The cells of the line, with its time as a ratio to that of the first of its cause."""
        spread = max(run.seconds for run in self.runs) - min(run.seconds for run in self.runs)
        cpu = statistics.median(run.cpu_seconds for run in self.runs)
        peak = max(run.peak_bytes for run in self.runs) / 1e9
        return [
            self.size, f"{self.seconds:.2f}", f"{spread:.2f}", f"{cpu:.2f}", f"{peak:.2f}",
            f"{self.seconds / first.seconds:.2f}",
        ]  # fmt: skip


def measured(cause: str, size: str, retailer: Retailer, engine: str, times: int) -> Line:
    """Runs a retailer several times, each in a new folder.

    Args:
        cause: What grows.
        size: How much of it there is.
        retailer: The retailer.
        engine: The engine that runs it.
        times: The number of runs.
    """
    line = Line(cause, size)
    for _ in range(times):
        with tempfile.TemporaryDirectory(prefix="sales_pipeline_") as temporary:
            folder = Path(temporary)
            revenue = retailer.write(folder)
            run = run_pipeline(folder, "run", "--engine", engine)
            line.runs.append(run)
            line.differences += differences(retailer, revenue, folder, run)
    return line


def differences(retailer: Retailer, revenue: Decimal, folder: Path, run: Measured) -> Iterator[str]:
    """Yields each figure of a run that is not what was written."""
    answer = read_gold(declaration_in(folder), "revenue_per_month").to_pylist()
    if (got := sum(row["revenue"] for row in answer)) != revenue:
        yield f"revenue: expected {revenue}, got {got}"
    accepted = sum(feed["accepted"] for feed in run.report["feeds"] if feed["feed"] != "catalogue")
    if accepted != retailer.records:
        yield f"accepted: expected {retailer.records}, got {accepted}"


def markdown(lines: Sequence[Line]) -> str:
    """Returns the lines as a Markdown table for each cause."""
    text = []
    for cause in dict.fromkeys(line.cause for line in lines):
        own = [line for line in lines if line.cause == cause]
        head = [cause, "seconds", "spread", "CPU s", "peak GB", "ratio"]
        rows = [head, ["---", *["---:"] * 5], *(line.cells(own[0]) for line in own)]
        text += [*(f"| {' | '.join(row)} |" for row in rows), ""]
    return "\n".join(text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code."""
    parser = argparse.ArgumentParser(prog="growth.py", description="Measures how cost grows.")
    parser.add_argument("--engine", default=EMBEDDED, help="what runs it (embedded)")
    parser.add_argument("--only", metavar="CAUSE", help="only causes whose name begins so")
    parser.add_argument("--times", type=int, help="runs of each line (3; 1 on another engine)")
    parser.add_argument("--ends", action="store_true", help="only the ends of each cause")
    given = parser.parse_args(arguments)
    times = given.times or (3 if given.engine == EMBEDDED else 1)
    lines = []
    for cause, sizes in CAUSES.items():
        if not cause.startswith(given.only or ""):
            continue
        names = [*sizes]
        for size in [names[0], names[-1]] if given.ends else names:
            say(f"{cause}: {size}")
            lines.append(measured(cause, size, sizes[size], given.engine, times))
    print(markdown(lines))
    wrong = [f"{line.size}: {text}" for line in lines for text in line.differences]
    for text in wrong:
        say(text)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
