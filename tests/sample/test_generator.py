"""The generator is held to its own promises, by its command line and a recount of the files."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from sales_pipeline.config.catalogue import Catalogue
from sales_pipeline.config.feed import Feed
from sales_pipeline.config.model import Declaration

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "sales_pipeline"
PYTHON_DATES = {"dd/MM/yyyy": "%d/%m/%Y", "MM/dd/yyyy": "%m/%d/%Y", "yyyy/MM/dd": "%Y/%m/%d"}
SMALL = ("--rows", "3000", "--files", "30", "--stores", "4", "--months", "5", "--bad", "5%")


def run_generator(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / "benchmarks" / "generator.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def generated(out: Path, *arguments: str) -> Path:
    answer = run_generator("--out", out, *arguments)
    assert answer.returncode == 0, answer.stderr
    return out


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".py" and "__pycache__" not in path.parts
    }


def declared(path: Path) -> Declaration:
    return Declaration.model_validate(YAML(typ="safe").load(path))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generated(tmp_path_factory.mktemp("generator") / "small", *SMALL)


def test_the_shipped_sample_is_what_the_generator_writes_now(tmp_path: Path) -> None:
    made, shipped = tree(generated(tmp_path, "--sample")), tree(PACKAGE / "sample")
    assert made.keys() == shipped.keys()
    assert [name for name in made if made[name] != shipped[name]] == []


def test_the_same_arguments_write_the_same_bytes_whatever_the_processes(
    small: Path, tmp_path: Path
) -> None:
    assert tree(generated(tmp_path, *SMALL, "--jobs", "2")) == tree(small)


def test_another_seed_writes_other_sales(small: Path, tmp_path: Path) -> None:
    other = tree(generated(tmp_path, *SMALL, "--seed", "2"))
    assert other.keys() == tree(small).keys()
    assert other["landing/paris/ventes_1.csv"] != tree(small)["landing/paris/ventes_1.csv"]


def test_generated_totals_agree_with_a_recount_of_the_files(small: Path) -> None:
    recount = Recount(declared(small / "config.yaml"), small / "landing")
    assert recount.totals() == comparable(small / "expected.json")


def test_the_samples_totals_agree_with_a_recount_of_the_files() -> None:
    recount = Recount(declared(PACKAGE / "config" / "config.yaml"), PACKAGE / "sample" / "landing")
    assert recount.totals() == comparable(PACKAGE / "sample" / "expected.json")


def test_a_generated_set_has_the_rows_and_files_asked_for(small: Path) -> None:
    expected = json.loads((small / "expected.json").read_text(encoding="utf-8"))
    assert expected["files"] == 30
    assert sum(feed["delivered"] for feed in expected["feeds"].values()) == 3000
    assert [*expected["feeds"]] == ["paris", "new_york", "tokyo", "lyon"]
    assert len(expected["revenue_per_month"]) == 5


def test_every_kind_of_bad_record_is_generated(small: Path) -> None:
    expected = json.loads((small / "expected.json").read_text(encoding="utf-8"))
    kinds: Counter[str] = Counter()
    for feed in expected["feeds"].values():
        kinds.update(feed["quarantined_for"], duplicate=feed["duplicate"])
    assert sum(kinds.values()) == 4 * (750 * 5 // 100)
    assert (len(kinds), min(kinds.values()), max(kinds.values())) == (5, 29, 30)


def test_no_generated_file_is_near_the_share_at_which_it_would_be_rejected(tmp_path: Path) -> None:
    out = generated(tmp_path, *SMALL[:-1], "12.5%")
    declaration = declared(out / "config.yaml")
    for name, feed in declaration.feeds.items():
        catalogue = translations(declaration.catalogue, feed.language, out / "landing")
        for path in (out / "landing" / name).iterdir():
            sales = [readable(record, feed, catalogue) for record in records_of(path, feed)]
            assert sales.count(None) / len(sales) <= 0.125


@pytest.mark.long
def test_a_large_file_is_written_in_several_blocks_without_a_seam(tmp_path: Path) -> None:
    size = ("--rows", "60000", "--files", "1", "--stores", "1", "--months", "1")
    out = generated(tmp_path, *size)
    recount = Recount(declared(out / "config.yaml"), out / "landing")
    assert recount.totals() == comparable(out / "expected.json")


def test_more_files_than_days_share_the_days(tmp_path: Path) -> None:
    size = ("--rows", "900", "--files", "90", "--stores", "1", "--months", "1")
    out = generated(tmp_path, *size)
    recount = Recount(declared(out / "config.yaml"), out / "landing")
    assert recount.totals() == comparable(out / "expected.json")


def test_a_folder_with_files_of_someone_else_is_refused_and_kept(tmp_path: Path) -> None:
    theirs = tmp_path / "landing" / "paris" / "theirs.csv"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("theirs")
    answer = run_generator("--out", tmp_path)
    assert answer.returncode == 2
    assert "has files already" in answer.stderr
    assert theirs.read_text() == "theirs"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--files", "2"], "stores <= files <= rows"),
        (["--rows", "10"], "stores <= files <= rows"),
        (["--bad", "13%"], "bad must be from 0 to 0.125"),
        (["--months", "0"], "must be at least 1"),
        (["--rows", "many"], "--rows"),
    ],
)
def test_numbers_that_do_not_fit_together_are_refused(
    tmp_path: Path, arguments: list[str], reason: str
) -> None:
    answer = run_generator("--out", tmp_path / "new", *arguments)
    assert answer.returncode == 2
    assert reason in answer.stderr
    assert not (tmp_path / "new").exists()


# The recount: plain csv and Decimal, from the files alone.


@dataclass(frozen=True)
class Sale:
    sold_on: date
    product: str
    quantity: Decimal
    amount: Decimal


@dataclass
class Recount:
    """Counts a landing folder again, record by record."""

    declaration: Declaration
    landing: Path
    feeds: dict[str, Counter[str]] = field(default_factory=dict)
    per_store: dict[tuple[str, str], Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    products: dict[str, list[Decimal]] = field(default_factory=dict)

    def totals(self) -> dict[str, Any]:
        for name, feed in self.declaration.feeds.items():
            self._count_feed(name, feed)
        months: dict[str, Decimal] = defaultdict(Decimal)
        for (month, _), revenue in self.per_store.items():
            months[month] += revenue
        return {
            "feeds": {name: +counts for name, counts in self.feeds.items()},
            "files": sum(counts["files"] for counts in self.feeds.values()),
            "months": dict(months),
            "stores": dict(self.per_store),
            "products": self.products,
            "revenue": sum(months.values()),
        }

    def _count_feed(self, name: str, feed: Feed) -> None:
        counts = self.feeds[name] = Counter()
        catalogue = translations(self.declaration.catalogue, feed.language, self.landing)
        in_force: dict[str, Sale] = {}
        seen: set[bytes] = set()
        for path in sorted(self.landing.glob(feed.landing), key=natural):
            counts["files"] += 1
            if path.read_bytes() in seen:
                counts["repeated_files"] += 1
                continue
            seen.add(path.read_bytes())
            for record in records_of(path, feed):
                counts["delivered"] += 1
                sale = readable(record, feed, catalogue)
                if sale is None:
                    counts["quarantined"] += 1
                    continue
                key = record[feed.columns["sale_id"]].strip()
                if key in in_force:
                    counts["duplicate" if in_force[key] == sale else "displaced"] += 1
                in_force[key] = sale
        counts["accepted"] = len(in_force)
        for sale in in_force.values():
            self._count_sale(sale, feed)

    def _count_sale(self, sale: Sale, feed: Feed) -> None:
        ((_, currency),), (store,) = feed.currencies, feed.all_stores
        revenue = sale.amount * self._rate(currency, sale.sold_on)
        self.per_store[f"{sale.sold_on:%Y-%m}", store.id] += revenue
        both = self.products.setdefault(sale.product, [Decimal(0), Decimal(0)])
        both[0] += sale.quantity
        both[1] += revenue

    def _rate(self, currency: str, day: date) -> Decimal:
        """The last of the declared rates that applies on a day; 1 for the base currency."""
        rate = Decimal(1)
        for since, declared in self.declaration.rates.fixed_rates(currency):
            if since is None or since <= day:
                rate = declared
        return rate


def natural(path: Path) -> list[str | int]:
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", path.name)]


def records_of(path: Path, feed: Feed) -> Iterator[dict[str, str]]:
    """Yields each record of a file as header -> text; a short one lacks its last columns."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *records = csv.reader(file, delimiter=feed.csv.delimiter)
        yield from (dict(zip(header, record, strict=False)) for record in records)


def translations(catalogue: Catalogue, language: str, landing: Path) -> dict[str, str]:
    (path,) = landing.glob(catalogue.landing)
    with path.open(encoding="utf-8", newline="") as file:
        headers = catalogue.languages
        return {
            row[headers[language].product]: row[headers["en"].product]
            for row in csv.DictReader(file, delimiter=catalogue.csv.delimiter)
        }


def readable(record: dict[str, str], feed: Feed, catalogue: dict[str, str]) -> Sale | None:
    """Returns the sale, or None where the record belongs into quarantine."""
    try:
        texts = {name: record[header] for name, header in feed.columns.items()}
        return Sale(
            datetime.strptime(texts["sold_on"], PYTHON_DATES[feed.date_formats[0]]).date(),
            catalogue[texts["product"]],
            Decimal(texts["quantity"]),
            Decimal(texts["amount"].replace(feed.csv.decimal, ".")),
        )
    except (KeyError, ValueError, InvalidOperation):
        return None


def comparable(path: Path) -> dict[str, Any]:
    """Reads `expected.json` into the shape and types of a recount."""
    expected = json.loads(path.read_text(encoding="utf-8"))
    feeds = expected["feeds"].items()
    for _, counts in feeds:
        assert counts["quarantined"] == sum(counts.pop("quarantined_for").values())
    return {
        "feeds": {name: +Counter(counts) for name, counts in feeds},
        "files": expected["files"],
        "months": {
            month: Decimal(revenue) for month, revenue in expected["revenue_per_month"].items()
        },
        "stores": {
            (month, store): Decimal(revenue)
            for month, stores in expected["revenue_per_month_and_store"].items()
            for store, revenue in stores.items()
        },
        "products": {
            name: [Decimal(product["units"]), Decimal(product["revenue"])]
            for name, product in expected["products"].items()
        },
        "revenue": Decimal(expected["revenue"]),
    }
