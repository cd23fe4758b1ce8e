"""Runs that are killed at random instants, for P1: nothing is lost, nothing counts twice.

    python -m tests.promises.random_kills 200 --seed 1
    python -m tests.promises.random_kills 20 --seed 7

A retailer lives through deliveries with quarantined records, a repeat and a refused file; then
corrections, a new catalogue and new rates. Its runs are killed, one after the other, by a timer
of the operating system; every table must be readable then. After a last run that nobody kills,
all its tables and files are compared with those of a retailer whose runs were never killed.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from sales_pipeline.bronze.feed_files import folders_of
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.proofs.retailer_copies import Contents, contents, differences
from tests.promises.killed_run import dies_within
from tests.retailer import CATALOGUE, Retailer, sale

KILLS_OF_A_LIFE = 10
RATES = {"policy": "daily", "landing": "rates/*.csv", "layout": "rows", "max_age_days": 400}
FOLDER = "retailer"


def _first(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver_text("rates/r.csv", "date,currency,rate\n2024-12-30,USD,1.1\n")
    retailer.deliver("lyon/a.csv", sale("1"), sale("2"), sale("2"), sale("3", item="Lampe"))
    retailer.deliver("lyon/b.csv", sale("4", "2025-02-01"), sale("5", total="x"))
    retailer.deliver("lyon/b_copy.csv", sale("4", "2025-02-01"), sale("5", total="x"))
    retailer.deliver("boston/a.csv", sale("1"), sale("2", "2025-03-01"))
    retailer.deliver_text("boston/page.csv", "<html>")


def _second(retailer: Retailer) -> None:
    retailer.deliver("lyon/b.csv", sale("4", "2025-03-01"), sale("6"))
    retailer.deliver("boston/b.csv", sale("1", total="11.00"), sale("7", item="?"))
    retailer.deliver_catalogue(f"{CATALOGUE}\nLampe,Maison,Lamp,Home", "catalogue_2.csv")
    retailer.deliver_text(
        "rates/r.csv", "date,currency,rate\n2024-12-30,USD,1.2\n2025-03-01,USD,1.3\n"
    )


STAGES: tuple[Callable[[Retailer], None], ...] = (_first, _second)


@dataclass
class Lives:
    """Lives of one retailer, each with other kills.

    Attributes:
        folder: An empty folder.
        seed: What the instants are made from.
        kills: How many runs were killed.
        wrong: What differed from a life without kills.
        on_stage: Told how far it is.
    """

    folder: Path
    seed: int
    kills: int = 0
    wrong: list[str] = field(default_factory=list)
    on_stage: Callable[[str], None] = lambda _: None

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._ends: list[Contents] = []
        self._seconds: list[float] = []
        for retailer in self._stages("calm"):
            began = time.monotonic()
            # In a process of its own, so that it takes as long as those that are killed.
            assert not dies_within(retailer, 3_600)
            self._seconds.append(time.monotonic() - began)
            self._ends.append(_seen(retailer))

    def live(self, kills: int) -> None:
        """Lives until so many runs were killed, some of them in each life."""
        life = 0
        while self.kills < kills:
            life += 1
            most = min(KILLS_OF_A_LIFE, kills - self.kills)
            for stage, retailer in enumerate(self._stages(f"life_{life}")):
                share = most // 2 if stage == 0 else most - most // 2
                where = f"seed {self.seed}, life {life}, stage {stage + 1}"
                self._kill(retailer, self._seconds[stage], share)
                retailer.run()
                found = _differences(retailer, self._ends[stage])
                self.on_stage(f"{where}: {self.kills} killed, {len(found)} differences")
                self.wrong += [f"{where}: {each}" for each in found]

    def _kill(self, retailer: Retailer, seconds: float, times: int) -> None:
        """Kills runs; as they come further, the last of them may have nothing to do."""
        for _ in range(times):
            if dies_within(retailer, self._random.uniform(0.01, seconds)):
                self.kills += 1
                retailer.read(_read_all)

    def _stages(self, name: str) -> Iterator[Retailer]:
        """A retailer after each delivery; always at one path, which reasons name."""
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=name) as life:
            place = self.folder / FOLDER
            place.symlink_to(life)
            try:
                retailer = Retailer(place)
                retailer.declared["rates"] = RATES
                for deliver in STAGES:
                    deliver(retailer)
                    yield retailer
            finally:
                place.unlink()


def _read_all(lakehouse: Lakehouse) -> None:
    for name in lakehouse.tables:
        lakehouse.rows(name)


def _seen(retailer: Retailer) -> Contents:
    folders = folders_of(retailer.declaration)
    return retailer.read(lambda lakehouse: contents(lakehouse, folders))


def _differences(retailer: Retailer, expected: Contents) -> list[str]:
    folders = folders_of(retailer.declaration)
    return retailer.read(lambda lakehouse: differences(expected, lakehouse, folders))


def main() -> int:
    """Kills as many runs as asked for, says how it went; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("kills", type=int, nargs="?", default=200, help="how many")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        lives = Lives(Path(folder), given.seed, on_stage=partial(print, flush=True))
        lives.live(given.kills)
    print("\n".join(lives.wrong))
    seconds = time.monotonic() - began
    print(f"{lives.kills} killed runs, {len(lives.wrong)} differences in {seconds:.0f} s")
    return 1 if lives.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
