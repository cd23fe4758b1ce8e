"""Damaged landing files by the thousand, for P2 and P4: no crash, no record without an account.

    python -m tests.promises.mutated_files 10000             # so many files, 1,000 a lakehouse
    python -m tests.promises.mutated_files 10000 --from 100  # other seeds
    python -m tests.promises.mutated_files 1000 --only 17    # one seed, with all it finds
    python -m tests.promises.mutated_files 10000 --reader    # the landing reader alone

A seed makes many files in many dialects, damages most of them, delivers all of them to one
lakehouse and runs; some grow or are replaced while the run reads them. What it finds is compared
with a count that shares no code with the pipeline. Files that show something wrong are kept in a
folder, made as small as it goes.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from sales_pipeline.bronze.feed_files import file_shape
from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import FileRejected
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Delivery, State
from sales_pipeline.landing.examine import examine
from sales_pipeline.landing.reader import read_batches
from sales_pipeline.report.run import run_document, run_text
from tests.landing.definition import defined_rows, in_order
from tests.promises.busy_files import changed_while_read
from tests.promises.counted_apart import (
    amount_of,
    day_of,
    looks,
    lost_text,
    other_fields,
    swallowed,
    told,
    without_headers,
)
from tests.promises.mutations import (
    NAMES,
    STORES,
    MutatedFile,
    declaration,
    make_files,
    right_files,
    smaller,
)
from tests.retailer import Retailer

FILES_A_RUN = 1000
TRIES = 60
RUNS = 4
"""In so many runs the files are taken in that changed during the first."""
ENDS = (State.ARCHIVED, State.REJECTED, State.REPEATED)
EARLIER_ENDS = (*ENDS, State.SUPERSEDED, State.ABANDONED)
SMALL = ("catalogue", "exchange_rates")


@dataclass(frozen=True)
class Finding:
    """Something that should not be; the path is that of the file that shows it, where one does."""

    what: str
    path: str | None = None

    def __str__(self) -> str:
        return f"{self.path or 'the run'}: {self.what}"


def check_run(files: Sequence[MutatedFile], folder: Path) -> list[Finding]:
    """Delivers files to a lakehouse in an empty folder, runs, and gives all that is wrong."""
    retailer = Retailer(folder, declaration())
    for file in (*right_files(), *files):
        retailer.deliver_text(file.path, file.data)
    changes = {file.path: file.change for file in files if file.change}
    try:
        with changed_while_read(retailer.landing, changes) as overwritten:
            report = retailer.run()
        run_text(report)
        run_document(report)
        runs = 1
        while not (again := retailer.run()).is_nothing_new and runs < RUNS:
            runs += 1
    except Exception:  # noqa: BLE001 - whatever it is, it is found
        return [Finding(traceback.format_exc())]
    findings = []
    if not (again.is_nothing_new or report.held) or (runs > 1 and not (changes or report.held)):
        findings.append(Finding(f"after {runs} runs there is work"))
    refusals = (report.rejected, report.failed, report.abandoned, report.held, report.held_files,
                report.unmoved, report.changed)  # fmt: skip
    if report.exit_code != int(any(refusals)):
        findings.append(Finding(f"exit code {report.exit_code}, refused something: {refusals}"))
    return [*findings, *_Accounts(retailer, files, overwritten).findings()]


@dataclass
class _Accounts:
    """What is in a lakehouse after the run, against the files that were delivered."""

    retailer: Retailer
    files: Sequence[MutatedFile]
    overwritten: Collection[str]
    feeds: Mapping[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.feeds = self.retailer.declared["feeds"]
        tables = ["silver.sales", "silver.set_aside", "silver.quarantine", "gold.sales_cube"]
        tables += ["ops.balance", *(f"bronze.{feed}" for feed in (*self.feeds, *SMALL))]
        self.rows = self.retailer.read(lambda lakehouse: _tables(lakehouse, tables))
        self.ledger = {(each.path, each.sha256): each for each in self.retailer.ledger()}
        self.bronze: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for feed in (*self.feeds, *SMALL):
            for row in sorted(self.rows[f"bronze.{feed}"], key=lambda row: row["_row"]):
                self.bronze[row["_file_id"]].append(row)

    def findings(self) -> list[Finding]:
        found = [Finding("left in the landing folder", path) for path in self._left()]
        for file in self.files:
            found += self._file(file)
        return [*found, *self._balances(), *self._sales(), *self._gold()]

    def _file(self, file: MutatedFile) -> Iterator[Finding]:
        """What is wrong with the deliveries of a file, of which the last bytes have to be one."""
        versions = {_sha256(version.data): version for version in file.versions()}
        last = _sha256(file.versions()[-1].data)
        delivered = {sha256 for path, sha256 in self.ledger if path == file.path}
        if last not in delivered:
            yield Finding("its last bytes are not in the ledger", file.path)
        if delivered - versions.keys():
            yield Finding("bytes are in the ledger that it never had", file.path)
        for sha256 in delivered & versions.keys():
            delivery, version = self.ledger[file.path, sha256], versions[sha256]
            yield from self._whereabouts(version, delivery, is_last=sha256 == last)
            if delivery.state is State.ARCHIVED:
                yield from self._records(version, delivery)

    def _left(self) -> list[str]:
        root = self.retailer.landing
        return [str(each.relative_to(root)) for each in root.rglob("*") if each.is_file()]

    def _whereabouts(
        self, file: MutatedFile, delivery: Delivery, *, is_last: bool
    ) -> Iterator[Finding]:
        # What takes its place may have none of its days, and what is damaged few of its records.
        is_held = file.change and delivery.state is State.HELD
        if delivery.state not in (ENDS if is_last else EARLIER_ENDS) and not is_held:
            yield Finding(f"ended as {delivery.state}: {delivery.reason}", file.path)
            return
        if delivery.state is State.ABANDONED or (not is_last and file.path in self.overwritten):
            return
        folder = "rejected" if delivery.state is State.REJECTED else "archive"
        kept = self.retailer.lakehouse / folder / delivery.feed / delivery.sha256[:12]
        kept = kept / delivery.name
        if not kept.is_file() or kept.read_bytes() != file.data:
            yield Finding(f"its bytes are not in {folder}/", file.path)
        if folder == "rejected":
            reason = kept.with_name(f"{kept.name}.reason.txt")
            if not reason.is_file() or not reason.read_text(encoding="utf-8").strip():
                yield Finding("rejected without a reason beside it", file.path)
            reasons = ("max_quarantined", "zero bytes", "blank lines", "the same bytes")
            is_right = not file.damages and delivery.feed not in SMALL
            if is_right and not any(each in (delivery.reason or "") for each in reasons):
                yield Finding(f"undamaged, and rejected: {delivery.reason}", file.path)

    def _records(self, file: MutatedFile, delivery: Delivery) -> Iterator[Finding]:
        rows = self.bronze[delivery.file_id]
        if [row["_row"] for row in rows] != list(range(1, len(rows) + 1)):
            yield Finding("its records are not numbered from 1", file.path)
        feed = self.feeds.get(file.feed, {"columns": {}})
        dialect = feed.get("csv", {})
        counted = told(file.data, dialect)
        has_header = dialect.get("header", True)
        if counted.records is not None:
            expected = len(without_headers(counted) if has_header else counted.records)
            if expected != len(rows):
                yield Finding(f"{expected} records, of them in bronze {len(rows)}", file.path)
            elif other := other_fields(counted, rows, feed["columns"], header=has_header):
                yield Finding(other, file.path)
        if inside := swallowed(rows, feed["columns"], dialect):
            yield Finding(inside, file.path)
        is_kept = counted.texts is not None and "never_store" not in feed
        if is_kept and (lost := lost_text(counted, rows, dialect)):
            yield Finding(lost, file.path)

    def _balances(self) -> Iterator[Finding]:
        silver, balances = self._silver(), defaultdict[int, Counter[str]](Counter)
        for row in self.rows["ops.balance"]:
            for end in ("_rows", "_amount"):
                counts = {name: row[name] for name in row if name.endswith(end)}
                if 2 * counts[f"delivered{end}"] != sum(counts.values()):
                    yield Finding(f"does not balance: {counts}", self._path(row["_file_id"]))
                if end == "_rows":
                    own = {name.removesuffix(end): count for name, count in counts.items()}
                    balances[row["_file_id"]].update(own)
        for delivery in self.ledger.values():
            file_id, counted = delivery.file_id, balances[delivery.file_id]
            if delivery.state is not State.ARCHIVED:
                if file_id in silver:
                    yield Finding(f"{delivery.state}, and in silver", delivery.path)
                continue
            records = len(self.bronze[file_id])
            if counted.pop("delivered", 0) != records:
                yield Finding(f"balance {counted}, bronze {records}", delivery.path)
            if delivery.feed not in SMALL and silver[file_id] != +counted:
                yield Finding(f"balance {counted}, silver {silver[file_id]}", delivery.path)

    def _silver(self) -> dict[int, Counter[str]]:
        """File id -> records of each class, counted in the tables of silver."""
        found: dict[int, Counter[str]] = defaultdict(Counter)
        for table, name in (("silver.sales", "accepted"), ("silver.quarantine", "quarantined")):
            for row in self.rows[table]:
                found[row["_file_id"]][name] += 1
        for row in self.rows["silver.set_aside"]:
            found[row["_file_id"]][row["status"]] += 1
        return found

    def _path(self, file_id: int) -> str | None:
        paths = (each.path for each in self.ledger.values() if each.file_id == file_id)
        return next(paths, None)

    def _sales(self) -> Iterator[Finding]:
        for row in self.rows["silver.sales"]:
            told_by = self.bronze[row["_file_id"]][row["_row"] - 1]
            delivered = {name: told_by[name] for name in ("sold_on", "amount")}
            amount = amount_of(delivered["amount"], self.feeds[row["feed"]])
            if (amount, day_of(delivered["sold_on"])) != (row["amount"], row["sold_on"]):
                got = f"{row['sold_on']} {row['amount']}"
                yield Finding(f"a sale {got} of {delivered}", self._path(row["_file_id"]))
        for row in self.rows["silver.quarantine"]:
            if "amount_unreadable" in row["reasons"]:
                text = self.bronze[row["_file_id"]][row["_row"] - 1]["amount"]
                if _is_plain(amount_of(text, self.feeds[row["feed"]]), text):
                    yield Finding(f"an amount {text!r} is unread", self._path(row["_file_id"]))
        yield from self._names()
        yield from self._keys()

    def _names(self) -> Iterator[Finding]:
        """Products and stores whose names look like known ones, and are something else."""
        for row in self.rows["silver.sales"]:
            told_by = self.bronze[row["_file_id"]][row["_row"] - 1]
            if row["feed"] == "chain" and row["store"] != STORES.get(looks(told_by["store"])):
                what = f"a sale of {row['store']} from {told_by['store']!r}"
                yield Finding(what, self._path(row["_file_id"]))
        for row in self.rows["silver.quarantine"]:
            told_by = self.bronze[row["_file_id"]][row["_row"] - 1]
            name = " ".join(looks(told_by.get("product") or "").split())
            if "product_unknown" in row["reasons"] and name in NAMES:
                yield Finding(f"the product {name} is unknown", self._path(row["_file_id"]))
            if "store_unknown" in row["reasons"] and looks(told_by["store"]) in STORES:
                yield Finding(
                    f"the store {told_by['store']!r} is unknown", self._path(row["_file_id"])
                )

    def _keys(self) -> Iterator[Finding]:
        """Keys that look the same, of which another record than the last counts, or two."""
        readable: dict[tuple[str, str, str], list[tuple[int, int, str]]] = defaultdict(list)
        for row in (*self.rows["silver.sales"], *self.rows["silver.set_aside"]):
            if self.feeds[row["feed"]].get("key") != []:
                place = (row["_file_id"], row["_row"])
                key = looks(self.bronze[place[0]][place[1] - 1]["sale_id"])
                status = row.get("status", "sale")
                readable[row["feed"], row["store"], key].append((*place, status))
        for (feed, store, key), records in readable.items():
            *earlier, (file_id, _, status) = sorted(records)
            if status not in ("sale", "excluded") or any(each[2] == "sale" for each in earlier):
                what = f"of the key {key!r} of {store} in {feed} there are {sorted(records)}"
                yield Finding(what, self._path(file_id))

    def _gold(self) -> Iterator[Finding]:
        months = {row["month"] for row in self.rows["gold.sales_cube"]}
        sales = [row for row in self.rows["silver.sales"] if row["month"] in months]
        for name, other in (("units", "quantity"), ("amount", "amount")):
            gold = sum(row[name] for row in self.rows["gold.sales_cube"])
            silver = sum(row[other] for row in sales)
            if gold != silver:
                yield Finding(f"{name} in gold {gold}, in silver {silver}")
        if sum(row["sales"] for row in self.rows["gold.sales_cube"]) != len(sales):
            yield Finding("another number of sales in gold than in silver")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _is_plain(amount: Decimal | None, text: str) -> bool:
    """Whether an amount has its place in a column of 14 digits before the mark and 4 after it."""
    return amount is not None and len(text) <= 14 and amount == round(amount, 4)


def _tables(lakehouse: Lakehouse, names: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    return {name: lakehouse.rows(name) for name in names}


def check_reader(
    files: Iterable[MutatedFile], folder: Path, declared: Declaration
) -> list[Finding]:
    """Reads files with the landing reader alone, and gives those that it does not read right."""
    found = []
    for file in files:
        path = folder / "file.csv"
        path.write_bytes(file.data)
        try:
            what = _misread(file, path, declared)
        except Exception:  # noqa: BLE001 - whatever it is, it is found
            what = traceback.format_exc()
        if what:
            found.append(Finding(what, file.path))
    return found


def _misread(file: MutatedFile, path: Path, declared: Declaration) -> str | None:
    shape = file_shape(declared, file.feed)
    try:
        examine(path, shape)
    except FileRejected:
        return None
    size = 1 << (int(hashlib.sha256(file.data).hexdigest()[:4], 16) % 18)
    size = size if len(file.data) < 20_000 else 1 << 16
    read = [
        in_order(read_batches(str(path), shape, 7, block_bytes=each)) for each in (size, 1 << 20)
    ]
    if read[0] != read[1]:
        return f"in blocks of {size} bytes it reads otherwise"
    if file.data.startswith(b"\x1f\x8b"):
        return None
    return None if read[0] == defined_rows(file.data, shape) else "not what its definition says"


def check(seed: int, count: int = FILES_A_RUN, *, reader: bool = False) -> list[Finding]:
    """Makes the files of a seed and gives all that is wrong with how they are taken in."""
    return _checked_files(make_files(seed, count), reader=reader)


def _checked_files(files: Sequence[MutatedFile], *, reader: bool) -> list[Finding]:
    with tempfile.TemporaryDirectory() as folder:
        if reader:
            declared = Retailer(Path(folder), declaration()).declaration
            return check_reader(files, Path(folder), declared)
        return check_run(files, Path(folder))


def smallest(
    files: Sequence[MutatedFile], is_wrong: Callable[[Sequence[MutatedFile]], bool]
) -> list[MutatedFile]:
    """Gives as few and as small files as some tries find that are wrong in the same way."""
    tries = iter(range(TRIES))
    found = list(files)
    while len(found) > 1 and next(tries, None) is not None:
        half = len(found) // 2
        parts = [part for part in (found[:half], found[half:]) if is_wrong(part)]
        if not parts:
            break
        found = parts[0]
    if len(found) > 1:
        return found
    while pieces := _first_wrong(found[0], is_wrong, tries):
        found = [pieces]
    return found


def _first_wrong(
    file: MutatedFile, is_wrong: Callable[[Sequence[MutatedFile]], bool], tries: Iterator[int]
) -> MutatedFile | None:
    for data in smaller(file.data):
        if next(tries, None) is None:
            return None
        smaller_file = replace(file, data=data, damages=("made smaller",))
        if is_wrong([smaller_file]):
            return smaller_file
    return None


def keep_smallest(seed: int, found: Sequence[Finding], *, count: int, reader: bool) -> Path:
    """Writes the smallest files that show the first finding to a folder, and says where."""
    named = {each.path for each in found if each.path}
    every = make_files(seed, count)
    files = [file for file in every if file.path in named]
    files = sorted(files, key=lambda file: len(file.data))[:1] or every
    few = smallest(files, lambda some: bool(_checked_files(some, reader=reader)))
    folder = Path(tempfile.mkdtemp(prefix=f"mutated-files-seed-{seed}-"))
    for file in few:
        for number, version in enumerate(file.versions()):
            target = folder / (f"{number}" if number else "") / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(version.data)
        if file.change:
            (folder / "change.txt").write_text(repr(replace(file.change, data=b"")))
    return folder


def _one(given: tuple[int, int, bool]) -> tuple[int, int, list[Finding], str]:
    """A seed, the number of its files, what is wrong, and where the files are that show it."""
    seed, count, reader = given
    found = check(seed, count, reader=reader)
    kept = str(keep_smallest(seed, found, count=count, reader=reader)) if found else ""
    return seed, count, found, kept


def main() -> int:
    """Checks so many files, says how it went; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("count", type=int, nargs="?", default=FILES_A_RUN, help="how many files")
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first seed")
    parser.add_argument("--only", type=int, help="one seed, with all that it finds")
    parser.add_argument("--reader", action="store_true", help="the landing reader alone")
    parser.add_argument("--jobs", type=int, default=1, help="how many lakehouses at a time")
    given = parser.parse_args()
    counts = [FILES_A_RUN] * (given.count // FILES_A_RUN) + [given.count % FILES_A_RUN]
    work = [
        (seed, count, given.reader) for seed, count in enumerate(filter(None, counts), given.first)
    ]
    if given.only is not None:
        work = [(given.only, min(given.count, FILES_A_RUN), given.reader)]
    began, files, wrong = time.time(), 0, []
    with ProcessPoolExecutor(given.jobs, mp_context=get_context("spawn")) as pool:
        for seed, count, found, kept in pool.map(_one, work):
            files += count
            if found:
                wrong.append(seed)
                shown = found if given.only is not None else islice(found, 3)
                print(f"seed {seed}: {len(found)} wrong; the smallest in {kept}")
                print("\n".join(f"  {each}" for each in shown), flush=True)
    print(
        f"{files:,} files in {len(work)} {'groups' if given.reader else 'lakehouses'}, "
        f"{len(wrong)} seeds that show something wrong {wrong or ''} in {time.time() - began:.0f} s"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
