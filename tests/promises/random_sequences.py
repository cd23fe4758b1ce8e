"""Random histories of a retailer, for P3: what runs make of them, a rebuild and one run make too.

    python -m tests.promises.random_sequences 300 --jobs 2   # seeds 0 to 299
    python -m tests.promises.random_sequences 300 --from 1000
    python -m tests.promises.random_sequences --only 17      # one seed, with its steps
    python -m tests.promises.random_sequences 100 --rollbacks
    python -m tests.promises.random_sequences 100 --closings

A history delivers files, corrects, repeats and withdraws them, accepts what was held, and
changes the catalogue and the rates; now and then a run is killed at one of its commit points.
With rollbacks it also goes back to what an earlier run left, and releases some of what is held.
With closings it closes months and opens some again: they are as closed whatever comes later.
Each run is explained. The end is compared with a rebuild, and with one run that finds all files in
force at once.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from sales_pipeline.lakehouse.ledger import Delivery, State
from sales_pipeline.lakehouse.tables import CATALOGUE
from tests.batch_ways import take_way_of
from tests.promises.closing_steps import ClosingSteps
from tests.promises.explained_runs import unexplained
from tests.promises.killed_run import dies
from tests.retailer import Retailer

FEEDS = ("lyon", "boston", "kiosk")
DAYS = ("2024-11-29", "2024-12-31", "2025-01-01", "2025-01-18", "2025-02-28", "2025-03-09")
KNOWN = {"lyon": ("Thé vert", "Café moulu", "Vase"), "boston": ("Green tea", "Vase")}
LEARNT = {"lyon": ("Lampe", "Chaise"), "boston": ("Lamp", "Chair")}
PRODUCTS = (
    ("Thé vert", "Green tea"),
    ("Café moulu", "Ground coffee"),
    ("Vase", "Vase"),
    ("Lampe", "Lamp"),
    ("Chaise", "Chair"),
)
_TOLD_EVERY = 10
POLICIES = ("daily", "month_average", "month_end")
HEADER = "id,day,item,price,units,total,state,n"


@dataclass
class History:
    """One random history; the same for the same seed.

    Attributes:
        seed: What it is made from.
        folder: An empty folder to live in.
        steps: What was done, in words.
        deaths: How many runs were killed.
        goes_back: Whether it has rollbacks; without them it is the same as ever.
        closes: Whether it closes months, and opens some again.
    """

    seed: int
    folder: Path
    goes_back: bool = False
    closes: bool = False
    steps: list[str] = field(default_factory=list)
    deaths: int = 0

    def __post_init__(self) -> None:
        self.random, self._other = random.Random(self.seed), random.Random(self.seed)
        self.retailer = Retailer(self.folder)
        self.closings = ClosingSteps(self.retailer, random.Random(self.seed), self.steps)
        self.serial = 0
        self.contents: dict[str, list[list[str]]] = {}
        self._declare()

    def live(self) -> None:
        """Does everything that happens in this history."""
        self._catalogue(PRODUCTS[:3])
        self._rates(complete=True)
        self._run()
        for _ in range(self.random.randint(2, 4)):
            for _ in range(self.random.randint(1, 3)):
                self.random.choices(
                    (
                        self._deliver,
                        self._correct,
                        self._repeat,
                        self._new_catalogue,
                        self._rates,
                    ),
                    (5, 4, 1, 2, 1),
                )[0]()
            self._run()
            if self.random.random() < 0.35:
                self._withdraw()
            if self.random.random() < 0.5:
                self._accept()
        self._rates(complete=True)
        self._run()

    def _declare(self) -> None:
        declared = self.retailer.declared
        declared["rates"] = {
            "policy": self.random.choice(POLICIES),
            "landing": "rates/*.csv",
            "layout": "rows",
            "max_age_days": 400,
        }
        declared["feeds"]["kiosk"] = {**declared["feeds"]["lyon"], "landing": "kiosk/*.csv"}
        declared["feeds"]["kiosk"]["key"] = []
        for feed in declared["feeds"].values():
            feed["columns"] = {**feed["columns"], "state": "state"}
            feed["exclude_when"] = "state = 'cancelled'"

    def _deliver(self) -> None:
        feed = self.random.choice(FEEDS)
        name = f"{feed}/{self.random.choice('abcdef')}{self.serial}.csv"
        lines = [self._sale(feed) for _ in range(self.random.randint(1, 6))]
        self._write(name, lines, "deliver")

    def _correct(self) -> None:
        if not self.contents:
            return self._deliver()
        name = self.random.choice(sorted(self.contents))
        before = self.contents[name][-1]
        kept = [line for line in before if self.random.random() < 0.8]
        more = [self._sale(name.split("/")[0]) for _ in range(self.random.randint(0, 2))]
        return self._write(name, [*kept, *more], "correct")

    def _repeat(self) -> None:
        """Delivers bytes again that some name had before; they may count or not."""
        if not self.contents:
            return
        name = self.random.choice(sorted(self.contents))
        self.retailer.deliver_text(name, _text(self.random.choice(self.contents[name])))
        self.steps.append(f"repeat {name}")

    def _write(self, name: str, lines: list[str], verb: str) -> None:
        self.contents.setdefault(name, []).append(lines)
        self.retailer.deliver_text(name, _text(lines))
        self.steps.append(f"{verb} {name}\n    " + "\n    ".join(lines))

    def _sale(self, feed: str) -> str:
        language = "boston" if feed == "boston" else "lyon"
        item = self.random.choice((*KNOWN[language] * 2, *LEARNT[language], "Zzz"))
        day = self.random.choice((*DAYS * 4, "2025-02-30"))
        units = self.random.choice(("1", "1", "2", "-1"))
        total = self.random.choice(("10.00", "12.34", "0.05", "x"))
        state = self.random.choice(("", "", "", "", "cancelled"))
        self.serial += 1
        key = self.random.randint(1, 9)
        return f"{key},{day},{item},{total},{units},{total},{state},{self.serial}"

    def _new_catalogue(self) -> None:
        names = self.random.sample(PRODUCTS, self.random.randint(1, len(PRODUCTS)))
        self._catalogue(names, rename=self.random.random() < 0.5)

    def _catalogue(self, names: object, *, rename: bool = False) -> None:
        self.serial += 1
        lines = ["produit,categorie,product,category,n"]
        for french, english in names:  # type: ignore[attr-defined]
            category = self.random.choice(("Home", "Groceries"))
            suffix = self.random.choice(("", " II")) if rename else ""
            lines.append(f"{french},Rayon,{english}{suffix},{category},{self.serial}")
        name = f"catalogue_{self.random.randint(1, 3)}.csv"
        self.retailer.deliver_catalogue("\n".join(lines) + "\n", name)
        self.steps.append(f"catalogue {name}\n    " + "\n    ".join(lines[1:]))

    def _rates(self, *, complete: bool = False) -> None:
        days = DAYS if complete else self.random.sample(DAYS, 2)
        self.serial += 1
        lines = ["date,currency,rate,n"]
        lines += [
            f"{day},USD,1.{self.random.randint(1, 30):02d}{self.serial:03d},{self.serial}"
            for day in days
        ]
        name = f"rates/{'all' if complete else self.random.choice('ab')}.csv"
        self.retailer.deliver_text(name, "\n".join(lines) + "\n")
        self.steps.append(f"rates {name}\n    " + "\n    ".join(lines[1:]))

    def _run(self) -> None:
        take_way_of((self.seed, len(self.steps)))
        if self.random.random() < 0.2:
            point, moment = self.random.randint(1, 30), self.random.choice(("before", "after"))
            self.steps.append(f"run, killed {moment} point {point}")
            self.deaths += dies(self.retailer, point, moment)
        self.retailer.run()
        self.steps.append("run")
        if self.closes:
            self.deaths += self.closings.step()
        if self.goes_back:
            self._go_back()

    def _go_back(self) -> None:
        if self._other.random() < 0.4:
            run_id = self._other.choice(self.retailer.run_ids())
            self.steps.append(f"rollback to run {run_id}")
            if self._other.random() < 0.3:
                self.deaths += dies(
                    self.retailer, self._other.randint(2, 12), "after", "rollback", run_id
                )
                self.retailer.run()
            else:
                self.retailer.rollback(run_id)
            if self.closes:
                self.closings.went_back_to(run_id)
        in_state = self.retailer.ledger().in_state(State.HELD)
        held = [each for each in in_state if each.rolled_back_by]
        if held and self._other.random() < 0.4:
            files = [] if self._other.random() < 0.5 else [self._other.choice(held).path]
            self.steps.append(f"release {' '.join(files)}")
            self.retailer.release(*files)

    def _withdraw(self) -> None:
        paths = [each.path for each in self.retailer.ledger().in_force() if each.feed in FEEDS]
        if paths:
            path = self.random.choice(paths)
            self.steps.append(f"withdraw {path}")
            self.retailer.withdraw(path)

    def _accept(self) -> None:
        held = self.retailer.ledger().in_state(State.HELD)
        if held:
            self.steps.append(f"accept {held[0].path}")
            self.retailer.accept(held[0].path)


def _text(lines: list[str]) -> str:
    return "\n".join([HEADER, *lines]) + "\n"


def difference(history: History) -> str | None:
    """Says where a rebuild or one run of all differs from what the history made, or None."""
    incremental = history.retailer.state()
    in_force = history.retailer.state(of_files_in_force=True)
    history.retailer.rebuild()
    found = _first_difference("rebuild", incremental, history.retailer.state())
    return found or _first_difference(
        "all at once", in_force, _all_at_once(history).state(of_files_in_force=True)
    )


def _first_difference(
    what: str, one: dict[str, list[str]], other: dict[str, list[str]]
) -> str | None:
    for table, rows in one.items():
        missing = Counter(rows) - Counter(other[table])
        more = Counter(other[table]) - Counter(rows)
        if missing or more:
            lines = [f"  only in the runs: {row}" for row in missing.elements()]
            lines += [f"  only in the {what}: {row}" for row in more.elements()]
            return "\n".join([f"{what}: {table}", *lines[:20]])
    return None


def _all_at_once(history: History) -> Retailer:
    """A retailer of the same declaration that gets all that counts in one discovery."""
    folder = history.folder / "at_once"
    folder.mkdir()
    retailer = Retailer(folder, history.retailer.declared)
    place = 0
    for each in history.retailer.ledger():
        if _counts(each, history):
            place += 1
            source = next(
                (history.retailer.lakehouse / "archive" / each.feed).glob(f"{each.sha256[:12]}/*")
            )
            root = each.path[: -len(each.name)]
            target = retailer.landing / f"{root}{place:04d}.csv"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    retailer.run()
    # What is held here counts in the history: there somebody accepted it, or it came alone.
    while held := retailer.ledger().in_state(State.HELD):
        retailer.accept(held[0].path)
    return retailer


def _counts(delivery: Delivery, history: History) -> bool:
    """Whether a delivery is in force, or taught the catalogue something, which it never forgets.

    A catalogue that was held until a later one of its name came has taught nothing: nothing took
    its place.
    """
    ledger = history.retailer.ledger()
    is_replaced = any(other.supersedes == delivery.file_id for other in ledger)
    taught = delivery.feed == CATALOGUE and delivery.state is State.SUPERSEDED and is_replaced
    return taught or delivery in ledger.in_force()


def check(
    seed: int, *, goes_back: bool = False, closes: bool = False
) -> tuple[History, str | None]:
    """Lives through one history; returns it with what differs, or None."""
    with tempfile.TemporaryDirectory() as folder:
        history = History(seed, Path(folder), goes_back, closes)
        history.live()
        closings = history.closings
        found = closings.wrong or unexplained(history.retailer) or difference(history)
        # `difference` has rebuilt everything.
        return history, found or closings.difference()


def _checked(seed: int, *, goes_back: bool, closes: bool) -> tuple[int, list[str], int, str | None]:
    """A history's seed, its steps, its killed runs, and what differs."""
    history, found = check(seed, goes_back=goes_back, closes=closes)
    return seed, history.steps, history.deaths, found


def main() -> int:
    """Checks many seeds, says how it went; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("count", type=int, nargs="?", default=30, help="how many histories")
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first seed")
    parser.add_argument("--only", type=int, help="one seed, with its steps")
    parser.add_argument("--jobs", type=int, default=1, help="how many at the same time")
    parser.add_argument("--rollbacks", action="store_true", help="with rollbacks and releases")
    parser.add_argument("--closings", action="store_true", help="with months that are closed")
    given = parser.parse_args()
    seeds = (
        [given.only] if given.only is not None else range(given.first, given.first + given.count)
    )
    checked = partial(_checked, goes_back=given.rollbacks, closes=given.closings)
    began, steps, deaths, wrong = time.time(), 0, 0, []
    with ProcessPoolExecutor(given.jobs, mp_context=get_context("spawn")) as pool:
        for done, (seed, lived, died, found) in enumerate(pool.map(checked, seeds), start=1):
            if not done % _TOLD_EVERY:
                print(f"{done} of {len(seeds)} after {time.time() - began:.0f} s", flush=True)
            steps += len(lived)
            deaths += died
            if given.only is not None:
                print("\n".join(lived))
            if found:
                wrong.append(seed)
                print(f"seed {seed}: {found}", flush=True)
    print(
        f"{len(seeds)} histories, {steps} steps, {deaths} killed runs, {len(wrong)} that differ "
        f"{wrong or ''} in {time.time() - began:.0f} s"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
