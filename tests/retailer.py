"""A small retailer for tests: writes landing files, runs the pipeline, reads the tables."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import pytest

from sales_pipeline import pipeline
from sales_pipeline.config.loader import declaration_from
from sales_pipeline.config.model import Declaration
from sales_pipeline.engines.embedded import EmbeddedEngine
from sales_pipeline.intake import Intake
from sales_pipeline.lakehouse.declared_tables import gold_tables
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Ledger
from sales_pipeline.lakehouse.runs import finished_runs
from sales_pipeline.operations.closing import Closed, Reopened, close, reopen
from sales_pipeline.operations.decisions import accept, withdraw
from sales_pipeline.operations.maintenance import Maintenance, maintain
from sales_pipeline.operations.plan import Plan, plan
from sales_pipeline.operations.quarantine_export import Filters, export
from sales_pipeline.operations.rebuild import rebuild
from sales_pipeline.operations.replay import replay
from sales_pipeline.operations.reset import Reset, reset
from sales_pipeline.operations.rollback import Rollback, release, rollback
from sales_pipeline.pipeline import run
from sales_pipeline.report_writer import ReportWriter
from sales_pipeline.run_report import RunReport

Answer = TypeVar("Answer")
HEADER = "id,day,item,price,units,total"
CATALOGUE = "produit,categorie,product,category\n" + "\n".join(
    [
        "Thé vert,Épicerie,Green tea,Groceries",
        "Café moulu,Épicerie,Ground coffee,Groceries",
        "Vase,Maison,Vase,Home",
    ]
)


def _feed(name: str, currency: str, language: str) -> dict[str, Any]:
    return {
        "landing": f"{name}/*.csv",
        "store": {"id": name, "name": f"{name} store", "city": name.title(), "country": "FR"},
        "currency": currency,
        "language": language,
        "date_formats": ["yyyy-MM-dd"],
        # A test file has a handful of records, so one bad one is a large share.
        "max_quarantined": "100%",
        "columns": {
            "sale_id": "id",
            "sold_on": "day",
            "product": "item",
            "unit_price": "price",
            "quantity": "units",
            "amount": "total",
        },
    }


DECLARATION: dict[str, Any] = {
    # A test does not wait where the system cannot tell whether a file is still being written.
    "arrival": {"by": "rename"},
    "rates": {"policy": "fixed", "fixed": {"USD": "0.85", "JPY": "0.0055"}},
    "catalogue": {
        "landing": "catalogue/*.csv",
        "languages": {
            "fr": {"product": "produit", "category": "categorie"},
            "en": {"product": "product", "category": "category"},
        },
    },
    "feeds": {"lyon": _feed("lyon", "EUR", "fr"), "boston": _feed("boston", "USD", "en")},
}


def sale(
    sale_id: str,
    day: str = "2025-01-15",
    item: str = "Vase",
    *,
    price: str = "10.00",
    units: str = "1",
    total: str = "10.00",
) -> str:
    """One line of a sales file."""
    return ",".join([sale_id, day, item, price, units, total])


class _StoppedError(Exception):
    """A test ends a run before its time."""


def _stop(*_: object, **__: object) -> None:
    raise _StoppedError


def _firsts(months: Iterable[str]) -> list[date]:
    """The first days of months."""
    return [date.fromisoformat(f"{month}-01") for month in months]


_PATHS = {("silver.exchange_rates", "source"), ("gold.rates_taken", "source")}


@dataclass
class Retailer:
    """A retailer in a folder: `lyon` sells in EUR and French, `boston` in USD and English."""

    folder: Path
    declared: dict[str, Any] = field(default_factory=lambda: deepcopy(DECLARATION))

    def __post_init__(self) -> None:
        self.landing.mkdir(exist_ok=True)

    def copied_to(self, folder: Path) -> Retailer:
        """Copies this retailer, with its landing files and lakehouse, into another folder.

        Tests that begin alike copy one retailer of their module, instead of running it again.
        """
        shutil.copytree(self.folder, folder, symlinks=True, dirs_exist_ok=True)
        # Every file changes again, in the order of the originals: `restore` goes by it.
        stats = ((path.lstat(), path) for path in self.folder.rglob("*"))
        for stat, path in sorted(stats, key=lambda pair: pair[0].st_ctime_ns):
            times, copy = (
                (stat.st_atime_ns, stat.st_mtime_ns),
                folder / path.relative_to(self.folder),
            )
            os.utime(copy, ns=times, follow_symlinks=False)
        return Retailer(folder, deepcopy(self.declared))

    @property
    def landing(self) -> Path:
        """The landing folder."""
        return self.folder / "landing"

    @property
    def lakehouse(self) -> Path:
        """The lakehouse folder."""
        return self.folder / "lakehouse"

    @property
    def declaration(self) -> Declaration:
        """The declaration, with the folders of this test."""
        folders = {"landing": str(self.landing), "lakehouse": str(self.lakehouse)}
        return declaration_from({**self.declared, **folders})

    def deliver(self, path: str, *sales: str, header: str = HEADER) -> Path:
        """Writes a sales file into the landing folder."""
        return self.deliver_text(path, "\n".join([header, *sales]) + "\n")

    def deliver_text(self, path: str, text: str | bytes) -> Path:
        """Writes any file into the landing folder."""
        file = self.landing / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def deliver_catalogue(self, text: str = CATALOGUE, name: str = "catalogue.csv") -> Path:
        """Writes a catalogue file into the landing folder."""
        return self.deliver_text(f"catalogue/{name}", text)

    def run(self, *, rejudge: Collection[str] = ()) -> RunReport:
        """Runs the pipeline."""
        return run(self.declaration, rejudge=rejudge)

    def plan(self, *, rejudge: Collection[str] = ()) -> Plan:
        """Predicts the next run."""
        return plan(self.declaration, rejudge=rejudge)

    def accept(self, file: str) -> RunReport:
        """Accepts a held correction."""
        return accept(self.declaration, file)

    def withdraw(self, file: str) -> RunReport:
        """Takes a file back."""
        return withdraw(self.declaration, file)

    def export(self, feed: str, name: str = "mend.csv") -> Path:
        """Exports what waits of a feed, to be mended."""
        file = self.folder / name
        file.write_bytes(export(self.declaration, Filters(feed)).text.encode())
        return file

    def replay(self, file: str | Path) -> RunReport:
        """Takes mended records in; a file that is not absolute lies beside the landing folder."""
        return replay(self.declaration, self.folder / file)

    def run_ids(self) -> list[str]:
        """The ids of all finished runs, the earliest first."""
        return self.read(lambda lakehouse: [run.run_id for run in finished_runs(lakehouse)])

    def close(self, *months: str, anyway: bool = False) -> Closed:
        """Closes months, such as 2025-01."""
        return close(self.declaration, _firsts(months), anyway=anyway)

    def close_anyway(self, month: str) -> Closed:
        """Closes a month, whatever is in the way."""
        return self.close(month, anyway=True)

    def reopen(self, *months: str) -> Reopened:
        """Opens closed months again."""
        return reopen(self.declaration, _firsts(months))

    def rollback(self, run: str) -> Rollback:
        """Goes back to where a run left everything."""
        return rollback(self.declaration, to=run)

    def release(self, *files: str) -> RunReport:
        """Lets what a rollback holds count again."""
        return release(self.declaration, files)

    def maintain(self) -> Maintenance:
        """Keeps house."""
        return maintain(self.declaration)

    def rebuild(self) -> RunReport:
        """Rebuilds silver and gold."""
        return rebuild(self.declaration)

    def reset(self) -> Reset:
        """Puts the lakehouse back to before its first run."""
        return reset(self.declaration)

    @contextmanager
    def stopped_before(self, stage: str) -> Iterator[None]:
        """Ends the run in the block just before a stage.

        The stages are withdrawal, bronze, silver, gold, archive and record.
        """
        target, name = {
            "withdrawal": (Intake, "remove_withdrawn"),
            "bronze": (Intake, "_bronze"),
            "silver": (Intake, "_silver"),
            "gold": (pipeline._Run, "_gold"),
            "archive": (pipeline, "archive_files"),
            "record": (ReportWriter, "record"),
        }[stage]
        with pytest.MonkeyPatch.context() as patch, suppress(_StoppedError):
            patch.setattr(target, name, _stop)
            yield
            raise AssertionError(f"the run did not come to {stage}")

    def rows(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        """Rows of a table as tuples of some columns, sorted."""
        rows = self.table(table)
        return sorted((tuple(row[name] for name in columns) for row in rows), key=repr)

    def table(self, name: str) -> list[dict[str, Any]]:
        """All rows of a table."""
        return self.read(lambda lakehouse: lakehouse.rows(name))

    def read(self, question: Callable[[Lakehouse], Answer]) -> Answer:
        """What something finds in the lakehouse."""
        with closing(EmbeddedEngine(self.lakehouse)) as engine:
            return question(Lakehouse(self.declaration, engine))

    def ledger(self) -> Ledger:
        """The ledger as it is recorded."""
        with closing(EmbeddedEngine(self.lakehouse)) as engine:
            return Ledger(Lakehouse(self.declaration, engine))

    def states(self) -> dict[str, list[str]]:
        """Path -> the states of its deliveries, in ledger order."""
        paths_by_state: dict[str, list[str]] = {}
        for delivery in self.ledger():
            paths_by_state.setdefault(delivery.path, []).append(str(delivery.state))
        return paths_by_state

    def revenue(self) -> dict[tuple[int, int], str]:
        """(year, month) -> consolidated revenue as text."""
        rows = self.table("gold.revenue_per_month")
        return {(row["year"], row["month"]): str(row["revenue"]) for row in rows}

    def state(self, *, of_files_in_force: bool = False) -> dict[str, list[str]]:
        """What P3 compares: silver, gold and balance, without the numbers of files and runs.

        A `_file_id` is replaced by the path of its file.

        Args:
            of_files_in_force: Whether another retailer is compared, to whom only these were
                delivered, under other names: then files are known by their bytes, and there is
                no balance of those that do not count, nor of the catalogue, which never forgets.
        """
        ledger = self.ledger()
        path_of = {delivery.file_id: delivery.path for delivery in ledger}
        left_out_balances: set[int] = set()
        if of_files_in_force:
            path_of = {delivery.file_id: delivery.sha256 for delivery in ledger}
            counting = {
                delivery.file_id for delivery in ledger.in_force() if delivery.feed != "catalogue"
            }
            left_out_balances = set(path_of) - counting
        ids = ("_file_id", "winner_file_id")
        left_out = {"run_id", "first_run", "last_run"}
        tables = [
            "silver.sales", "silver.set_aside", "silver.quarantine", "silver.products",
            "silver.list_prices", "silver.exchange_rates", "ops.balance",
            *(table.name for table in gold_tables(self.declaration.minor_units)),
        ]  # fmt: skip
        rows = self.read(lambda lakehouse: {name: lakehouse.rows(name) for name in tables})
        return {
            name: sorted(
                repr(
                    {
                        key: path_of.get(value) if key in ids else value
                        for key, value in row.items()
                        if key not in left_out and not (of_files_in_force and (name, key) in _PATHS)
                    }
                )
                for row in rows[name]
                if name != "ops.balance" or row["_file_id"] not in left_out_balances
            )
            for name in tables
        }
