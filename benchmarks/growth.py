#!/usr/bin/env python
"""Measures how the cost of a first load, or of a day's file, grows, one cause at a time.

    python benchmarks/growth.py                          # all causes on the embedded engine
    python benchmarks/growth.py --engine spark --ends    # the ends of each cause on JVM Spark
    python benchmarks/growth.py --only stores --times 1
    python benchmarks/growth.py --only "old sales" --most 30_000_000 --times 1

Each line of the table is `sales-pipeline run` in a new folder and a new process. The old sales
before a day's file are loaded by a run that is not measured. Within a cause,
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
FIRST_DAY = date(2020, 1, 1)
DAYS_OF_A_MONTH = 30
USUAL_MOST = 3_000_000
DAY_RECORDS = 10_000
"""Records of a day's file."""
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
        months: Months over which the sales are spread.
        bad: Records in a hundred whose amount cannot be read.
        history: Records of a file that an earlier run loaded; the others are then those of one day.
        meeting: Records of that day with the key of an old sale, whose place they take.
    """

    records: int = 4_000
    feeds: int = 1
    stores: int = 0
    date_formats: int = 1
    rules: int = 0
    products: int = 20
    languages: int = 1
    files: int = 0
    months: int = 12
    bad: int = 0
    history: int = 0
    meeting: int = 0

    @property
    def accepted(self) -> int:
        """Records that are sales, without the history."""
        return sum(not self._is_bad(number) for number in self._numbers)

    def declare(self, folder: Path) -> None:
        """Writes the declaration and the catalogue."""
        # JSON is YAML, too.
        declared = json.dumps(self._declaration(), indent=2)
        (folder / "config.yaml").write_text(declared, encoding="utf-8")
        self._write_catalogue(folder / "landing" / "catalogue")

    def write_history(self, folder: Path) -> Decimal:
        """Writes the file that an earlier run loads; returns its revenue."""
        return Decimal(self._write_file(folder / "landing/shop_0000/old.csv", range(self.history)))

    def write(self, folder: Path) -> Decimal:
        """Writes the landing files; returns by how much they change the revenue of all sales."""
        files = self.files or self.feeds
        revenue = 0
        for number in range(files):
            file = (
                folder / "landing" / f"shop_{number % self.feeds:04d}" / f"sales_{number:05d}.csv"
            )
            revenue += self._write_file(file, self._numbers[number::files])
        replaced = map(self._replaced, self._numbers[: self.meeting])
        return Decimal(revenue - sum(map(self._amount, replaced)))

    @property
    def _numbers(self) -> range:
        return range(self.history, self.history + self.records)

    def _write_file(self, path: Path, numbers: range) -> int:
        path.parent.mkdir(parents=True, exist_ok=True)
        header = [*COLUMNS.values(), *(["shop"] if self.stores else [])]
        with path.open("w", encoding="utf-8") as file:
            file.write(",".join(header) + "\n")
            file.writelines(map(self._line, numbers))
        return sum(map(self._amount, numbers))

    def _line(self, number: int) -> str:
        days = self.months * DAYS_OF_A_MONTH
        is_of_day = self.history and number >= self.history
        day = FIRST_DAY + timedelta(days=days - 1 if is_of_day else number % days)
        sale = self._replaced(number) if is_of_day else number
        price, units = _price_and_units(number)
        amount = "#VALUE!" if self._is_bad(number) else f"{price * units}.00"
        store = f",S{number % self.stores:04d}" if self.stores else ""
        product = f"Product {number % self.products}"
        return f"r{sale},{day.isoformat()},{product},{price}.00,{units},{amount}{store}\n"

    def _replaced(self, number: int) -> int:
        """Returns the number of the old sale whose key a record of the day has, or its own."""
        index = number - self.history
        return index * (self.history // self.meeting) if index < self.meeting else number

    def _amount(self, number: int) -> int:
        price, units = _price_and_units(number)
        return 0 if self._is_bad(number) else price * units

    def _is_bad(self, number: int) -> bool:
        return number % 100 < self.bad

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


def _price_and_units(number: int) -> tuple[int, int]:
    return 1 + number % 49, 1 + number % 4


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
    "products, 20,000 records in all": {
        counted(products, "product"): Retailer(products=products, records=20_000)
        for products in (20, 2_000, 20_000)
    },
    "languages of 2,000 products": {
        counted(languages, "language"): Retailer(products=2_000, languages=languages)
        for languages in (1, 5)
    },
    "files, 20,000 records in all": {
        counted(files, "file"): Retailer(records=20_000, files=files)
        for files in (1, 100, 1_000, 10_000)
    },
    "records": {
        counted(records, "record"): Retailer(records=records)
        for records in (30_000, 300_000, 3_000_000, 30_000_000)
    },
    "months, 300,000 records in all": {
        counted(months, "month"): Retailer(records=300_000, months=months)
        for months in (1, 12, 60)
    },
    "bad records, 300,000 in all": {
        f"{bad} %": Retailer(records=300_000, bad=bad) for bad in (0, 1, 5, 20)
    },
    "old sales before a day's file of 10,000": {
        counted(history, "old sale"): Retailer(records=DAY_RECORDS, history=history)
        for history in (20_000, 300_000, 3_000_000, 30_000_000)
    },
    **{
        f"keys of a day's file that are those of {history:,} old sales": {
            counted(meeting, "key"): Retailer(
                records=DAY_RECORDS, history=history, meeting=meeting
            )
            for meeting in (0, 10)
        }
        for history in (3_000_000, 30_000_000)
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
            retailer.declare(folder)
            revenue = Decimal(0)
            if retailer.history:
                revenue += retailer.write_history(folder)
                run_pipeline(folder, "run", "--engine", engine)
            revenue += retailer.write(folder)
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
    if accepted != retailer.accepted:
        yield f"accepted: expected {retailer.accepted}, got {accepted}"


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
    parser.add_argument(
        "--most",
        type=lambda text: int(text.replace("_", "")),
        default=USUAL_MOST,
        help="leave out what has more records, old sales included (3_000_000)",
    )
    given = parser.parse_args(arguments)
    times = given.times or (3 if given.engine == EMBEDDED else 1)
    lines = []
    for cause, sizes in CAUSES.items():
        if not cause.startswith(given.only or ""):
            continue
        names = [
            name
            for name, retailer in sizes.items()
            if max(retailer.records, retailer.history) <= given.most
        ]
        for size in [*names[:1], *names[1:][-1:]] if given.ends else names:
            say(f"{cause}: {size}")
            lines.append(measured(cause, size, sizes[size], given.engine, times))
    print(markdown(lines))
    wrong = [f"{line.size}: {text}" for line in lines for text in line.differences]
    for text in wrong:
        say(text)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
