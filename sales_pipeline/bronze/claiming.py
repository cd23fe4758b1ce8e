"""Decides what each found file is: new, a repeat, a correction, or to be rejected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import FileRejected, LakehouseMismatch, examples
from sales_pipeline.lakehouse.lakehouse import catalogue_columns
from sales_pipeline.lakehouse.ledger import UNFINISHED, Delivery, Ledger, State
from sales_pipeline.lakehouse.tables import CATALOGUE
from sales_pipeline.landing.discovery import Discovery, FoundFile, name_in_feed, sha256_of
from sales_pipeline.landing.examine import examine
from sales_pipeline.landing.shape import FileShape


def landing_patterns(declaration: Declaration) -> dict[str, str]:
    """Feed -> landing pattern, in the order of claiming: the catalogue, then the feeds."""
    patterns = {CATALOGUE: declaration.catalogue.landing}
    return patterns | {name: feed.landing for name, feed in declaration.feeds.items()}


def file_shape(declaration: Declaration, feed: str) -> FileShape:
    """How the files of a feed are read."""
    if feed == CATALOGUE:
        return FileShape.from_dialect(catalogue_columns(declaration), declaration.catalogue.csv)
    declared = declaration.feeds[feed]
    return FileShape.from_dialect(declared.columns, declared.csv)


def fingerprint(declaration: Declaration, feed: str) -> str:
    """The fingerprint of what the records of a feed mean; empty for the catalogue."""
    return "" if feed == CATALOGUE else declaration.meaning_of(feed)


def check_meaning(declaration: Declaration, ledger: Ledger) -> None:
    """Checks that the declaration still means what it did when its records were judged.

    Raises:
        LakehouseMismatch: It does not; the message names feeds and files.
    """
    changed: dict[str, int] = {}
    for each in ledger.in_force():
        if each.feed != CATALOGUE and each.feed not in declaration.feeds:
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
        claims = Claims()
        for path, feeds in discovery.disputed.items():
            reason = f"claimed by the feeds {' and '.join(feeds)}; their patterns must differ"
            name = name_in_feed(path, landing_patterns(self.declaration)[feeds[0]])
            found = FoundFile(feeds[0], name, path, (self.landing / path).stat().st_size)
            digest = sha256_of(self.landing / path) or ""
            claims.deliveries.append(
                self._delivery(found, claims, State.REJECTED, sha256=digest, reason=reason)
            )
        for found in discovery.files:
            if not self._is_on_its_way(found):
                claims.deliveries.append(self._judge(found, claims))
        return claims

    def _is_on_its_way(self, found: FoundFile) -> bool:
        return any(
            (each.feed, each.path, each.sha256) == (found.feed, found.path, found.sha256)
            for each in self.ledger.in_state(*UNFINISHED)
        )

    def _judge(self, found: FoundFile, claims: Claims) -> Delivery:
        same_bytes = self._in_force(claims, lambda each: each.sha256 == found.sha256)
        for each in same_bytes:
            if each.feed == found.feed and found.bytes:
                reason = f"the same bytes as {each.name}, which is in force"
                return self._delivery(found, claims, State.REPEATED, reason=reason)
        try:
            examine(self.landing / found.path, file_shape(self.declaration, found.feed))
        except FileRejected as rejected:
            return self._delivery(found, claims, State.REJECTED, reason=rejected.reason)
        if same_bytes:
            other = same_bytes[0]
            reason = f"the same bytes are in force as {other.name} of feed {other.feed}"
            return self._delivery(found, claims, State.REJECTED, reason=reason)
        earlier = self._in_force(
            claims, lambda each: (each.feed, each.name) == (found.feed, found.name)
        )
        supersedes = earlier[-1].file_id if earlier else None
        return self._delivery(found, claims, State.CLAIMED, supersedes=supersedes)

    def _in_force(self, claims: Claims, fits: Callable[[Delivery], bool]) -> list[Delivery]:
        claimed = claims.in_state(State.CLAIMED)
        gone = {each.supersedes for each in claimed}
        known = [each for each in self.ledger.in_force() if each.file_id not in gone]
        return [each for each in known + claimed if fits(each)]

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
