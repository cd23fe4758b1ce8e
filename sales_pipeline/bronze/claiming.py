"""Decides what each found file is: new, a repeat, a correction, or to be rejected."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import FileRejected, LakehouseMismatch, examples
from sales_pipeline.lakehouse.lakehouse import catalogue_columns, rate_columns
from sales_pipeline.lakehouse.ledger import UNFINISHED, Delivery, Ledger, State
from sales_pipeline.lakehouse.tables import CATALOGUE, EXCHANGE_RATES, NOT_SALES
from sales_pipeline.landing.discovery import Discovery, FoundFile, name_in_feed, sha256_of
from sales_pipeline.landing.examine import examine, first_records
from sales_pipeline.landing.shape import FileShape


def landing_patterns(declaration: Declaration) -> dict[str, str]:
    """Feed -> landing pattern, in the order of claiming: catalogue, rates, then the feeds."""
    patterns = {CATALOGUE: declaration.catalogue.landing}
    if declaration.rates.landing is not None:
        patterns[EXCHANGE_RATES] = declaration.rates.landing
    return patterns | {name: feed.landing for name, feed in declaration.feeds.items()}


def file_shape(declaration: Declaration, feed: str) -> FileShape:
    """How the files of a feed are read."""
    if feed == CATALOGUE:
        return FileShape.from_dialect(catalogue_columns(declaration), declaration.catalogue.csv)
    if feed == EXCHANGE_RATES:
        return FileShape.from_dialect(rate_columns(declaration), declaration.rates.csv)
    declared = declaration.feeds[feed]
    never = declared.never_store
    return FileShape.from_dialect(declared.columns, declared.csv, never_store=never)


def fingerprint(declaration: Declaration, feed: str) -> str:
    """The fingerprint of what the records of a feed mean; empty for the catalogue."""
    if feed == EXCHANGE_RATES:
        return declaration.rates.fingerprint()
    return "" if feed == CATALOGUE else declaration.meaning_of(feed)


def check_meaning(declaration: Declaration, ledger: Ledger) -> None:
    """Checks that the declaration still means what it did when its records were judged.

    Raises:
        LakehouseMismatch: It does not; the message names feeds and files.
    """
    changed: dict[str, int] = {}
    for each in ledger.in_force():
        if each.feed == EXCHANGE_RATES and declaration.rates.chosen_policy == "fixed":
            continue
        if each.feed not in NOT_SALES and each.feed not in declaration.feeds:
            raise LakehouseMismatch(
                f"feeds.{each.feed}: not declared any more, but sales of it are in force. "
                "Do: declare it again, with the pattern of a folder that stays empty."
            )
        if each.rows is not None and each.fingerprint != fingerprint(declaration, each.feed):
            changed[each.feed] = changed.get(each.feed, 0) + 1
    if changed:
        feeds = examples([f"{feed} ({files:,} files)" for feed, files in changed.items()])
        raise LakehouseMismatch(
            f"feeds: the meaning of {feeds} was declared otherwise when the files were judged. "
            "Do: sales-pipeline rebuild, which judges all records again, or undo the change."
        )


@dataclass
class Claims:
    """What is to be recorded for the files of one discovery, in ledger order."""

    deliveries: list[Delivery] = field(default_factory=list)

    def in_state(self, state: State) -> list[Delivery]:
        """The claims of one state."""
        return [each for each in self.deliveries if each.state is state]


class _InForce:
    """The deliveries in force while files are claimed, by their bytes and by their names."""

    def __init__(self, deliveries: Iterable[Delivery]) -> None:
        self._by_bytes: dict[str, list[Delivery]] = {}
        self._by_name: dict[tuple[str, str], Delivery] = {}
        for each in deliveries:
            self.add(each)

    def add(self, delivery: Delivery) -> None:
        """Adds a delivery; one of the same feed and name is not in force any more."""
        replaced = self._by_name.get((delivery.feed, delivery.name))
        if replaced is not None:
            self._by_bytes[replaced.sha256].remove(replaced)
        self._by_name[delivery.feed, delivery.name] = delivery
        self._by_bytes.setdefault(delivery.sha256, []).append(delivery)

    def with_bytes(self, sha256: str) -> list[Delivery]:
        """The deliveries in force that have these bytes."""
        return self._by_bytes.get(sha256, [])

    def with_name(self, feed: str, name: str) -> Delivery | None:
        """The delivery in force that a file of this feed and name would correct."""
        return self._by_name.get((feed, name))


@dataclass(frozen=True)
class Claimant:
    """Claims files for one run.

    Attributes:
        declaration: What the retailer declares.
        ledger: What was claimed before.
        landing: The landing folder.
        run_id: The run that claims.
        now: When it claims, UTC.
    """

    declaration: Declaration
    ledger: Ledger
    landing: Path
    run_id: str
    now: datetime

    def claim(self, discovery: Discovery) -> Claims:
        """Gives each file its number and its state; writes nothing."""
        claims, known = Claims(), _InForce(self.ledger.in_force())
        on_their_way = {
            (each.feed, each.path, each.sha256) for each in self.ledger.in_state(*UNFINISHED)
        }
        for path, feeds in discovery.disputed.items():
            reason = f"claimed by the feeds {' and '.join(feeds)}; their patterns must differ"
            name = name_in_feed(path, landing_patterns(self.declaration)[feeds[0]])
            found = FoundFile(feeds[0], name, path, (self.landing / path).stat().st_size)
            digest = sha256_of(self.landing / path) or ""
            claims.deliveries.append(
                self._delivery(found, claims, State.REJECTED, sha256=digest, reason=reason)
            )
        for found in discovery.files:
            if (found.feed, found.path, found.sha256) in on_their_way:
                continue
            claimed = self._judge(found, claims, known)
            claims.deliveries.append(claimed)
            if claimed.state is State.CLAIMED:
                known.add(claimed)
        return claims

    def _judge(self, found: FoundFile, claims: Claims, known: _InForce) -> Delivery:
        same_bytes = known.with_bytes(found.sha256)
        for each in same_bytes:
            if each.feed == found.feed and found.bytes:
                reason = f"the same bytes as {each.name}, which is in force"
                return self._delivery(found, claims, State.REPEATED, reason=reason)
        try:
            examine(self.landing / found.path, file_shape(self.declaration, found.feed))
        except FileRejected as rejected:
            return self._delivery(found, claims, State.REJECTED, reason=rejected.reason)
        if same_bytes and self._has_records(found):
            other = same_bytes[0]
            reason = f"the same bytes are in force as {other.name} of feed {other.feed}"
            return self._delivery(found, claims, State.REJECTED, reason=reason)
        earlier = known.with_name(found.feed, found.name)
        supersedes = earlier.file_id if earlier else None
        return self._delivery(found, claims, State.CLAIMED, supersedes=supersedes)

    def _has_records(self, found: FoundFile) -> bool:
        """Two stores may well deliver the same header on a day without sales."""
        shape = file_shape(self.declaration, found.feed)
        return bool(first_records(self.landing / found.path, shape, 1).num_rows)

    def _delivery(
        self,
        found: FoundFile,
        claims: Claims,
        state: State,
        *,
        sha256: str = "",
        reason: str | None = None,
        supersedes: int | None = None,
    ) -> Delivery:
        return Delivery(
            file_id=self.ledger.next_file_id + len(claims.deliveries),
            feed=found.feed,
            name=found.name,
            path=found.path,
            sha256=sha256 or found.sha256,
            bytes=found.bytes,
            state=state,
            fingerprint=fingerprint(self.declaration, found.feed),
            claimed_at=self.now,
            run_id=self.run_id,
            reason=reason,
            supersedes=supersedes,
        )
