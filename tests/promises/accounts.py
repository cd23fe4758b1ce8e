"""What is in a lakehouse after mutated files were taken in, against what was delivered.

Nothing here reads a landing file with the code of the pipeline: `counted_apart` says what is in it.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Delivery, State
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
from tests.promises.mutations import NAMES, STORES, MutatedFile
from tests.retailer import Retailer

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


@dataclass
class Accounts:
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
        """All that is wrong, with the path of the file that shows it."""
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
