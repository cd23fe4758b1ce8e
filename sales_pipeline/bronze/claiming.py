"""Decides whether each found file is new, a repeat, a correction, or to be rejected."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from sales_pipeline.bronze.feed_files import file_headers, file_shape, folders_of, landing_patterns
from sales_pipeline.bronze.file_moves import Folders, left_behind
from sales_pipeline.bronze.fingerprints import fingerprint
from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import FileChanged, FileRejected
from sales_pipeline.lakehouse.in_force import InForce
from sales_pipeline.lakehouse.ledger import IN_FORCE, UNFINISHED, Delivery, Ledger, State
from sales_pipeline.lakehouse.runs import utc_now
from sales_pipeline.lakehouse.tables import NOT_SALES
from sales_pipeline.landing.discovery import Discovery, FoundFile, seen_of, sha256_of
from sales_pipeline.landing.file_names import name_in_feed
from sales_pipeline.visible_text import visible_form

if TYPE_CHECKING:
    from sales_pipeline.landing.examine import Header
    from sales_pipeline.landing.shape import FileShape


@dataclass
class Claims:
    """The claims to record for the files of one discovery.

    Attributes:
        deliveries: The claims, in ledger order.
        changed: Earlier deliveries that change because of these files.
        behind: Repeats and refused files that a killed run claimed, and did not move.
        warnings: Path of a file that waits to be taken in -> its feed, and a sentence about it.
    """

    deliveries: list[Delivery] = field(default_factory=list)
    changed: list[Delivery] = field(default_factory=list)
    behind: list[Delivery] = field(default_factory=list)
    warnings: dict[str, tuple[str, str]] = field(default_factory=dict)

    def in_state(self, *states: State) -> list[Delivery]:
        """The claims in some states, and the files in them that a killed run left behind."""
        return [
            delivery for delivery in (*self.behind, *self.deliveries) if delivery.state in states
        ]


@dataclass(frozen=True)
class Claimant:
    """Claims files for one run.

    Attributes:
        declaration: What the retailer declares.
        ledger: What was claimed before.
        folders: Where the files lie.
        run_id: The run that claims.
        now: When it claims, UTC.
    """

    declaration: Declaration
    ledger: Ledger
    folders: Folders
    run_id: str
    now: datetime

    def claim(self, discovery: Discovery) -> Claims:
        """Gives each file its number and its state; writes nothing."""
        claims, in_force = Claims(), InForce(self.ledger)
        for path, feeds in discovery.disputed.items():
            file = self._disputed(path, feeds[0])
            if not self._is_known(file, claims):
                reason = f"claimed by the feeds {' and '.join(feeds)}; their patterns must differ"
                claims.deliveries.append(
                    self._delivery(file, claims, State.REJECTED, reason=reason)
                )
        for file in discovery.files:
            if self._is_known(file, claims):
                continue
            claimed = self._judge(file, claims, in_force)
            claims.deliveries.append(claimed)
            if claimed.state is State.CLAIMED and not claimed.reason:
                in_force.add(claimed)
        claims.changed += self.ledger.overtaken_by(self._repeats_of_current(claims, in_force))
        self._look_again(claims)
        return claims

    def _look_again(self, claims: Claims) -> None:
        """Warns of files that a killed run claimed, because its report was never written."""
        # Modules that read files take a while to import, and a run without such files needs none.
        from sales_pipeline.landing.examine import examine

        for delivery in self.ledger.in_state(State.CLAIMED, State.IN_BRONZE):
            shape = file_shape(self.declaration, delivery.feed)
            if shape.skip_lines or shape.footer_lines:
                with suppress(FileChanged, FileRejected):
                    header = examine(self.folders.source(delivery), shape)
                    _warn(claims, delivery, shape, header)

    def _disputed(self, path: str, feed: str) -> FoundFile:
        file = self.folders.landing / path
        name = name_in_feed(path, landing_patterns(self.declaration)[feed])
        seen = seen_of(file)
        size = int(seen.split()[0]) if seen else 0
        return FoundFile(feed, name, path, size, sha256_of(file) or "", seen)

    def _is_known(self, file: FoundFile, claims: Claims) -> bool:
        """Returns whether the ledger has exactly this file already, so that it is not new."""
        latest = self._latest.get((file.feed, file.path))
        if latest is None or latest.sha256 != file.sha256:
            return self._is_on_its_way(file)
        if latest.feed not in self.folders.left or latest.state is State.ABANDONED:
            return self._is_on_its_way(file)
        if latest.seen and latest.seen != file.seen:
            # It was touched. A file that does not count is delivered anew by that.
            if latest.state not in IN_FORCE:
                return False
            claims.changed.append(replace(latest, seen=file.seen))
        return True

    def _is_on_its_way(self, file: FoundFile) -> bool:
        """Returns whether a delivery of this file waits to be moved."""
        return (file.feed, file.path, file.sha256) in self._on_their_way

    @cached_property
    def _latest(self) -> dict[tuple[str, str], Delivery]:
        return self.ledger.latest()

    @cached_property
    def _on_their_way(self) -> set[tuple[str, str, str]]:
        on_the_way = self.ledger.in_state(*UNFINISHED - {State.WITHDRAWING})
        left_over = self.ledger.in_state(State.WITHDRAWING, State.HELD)
        waiting = (delivery for delivery in left_over if self.folders.waits_for_archive(delivery))
        behind = left_behind(self.ledger, self.folders)
        return {
            (delivery.feed, delivery.path, delivery.sha256)
            for delivery in (*on_the_way, *waiting, *behind)
        }

    @cached_property
    def _held(self) -> dict[tuple[str, str, str], Delivery]:
        held = self.ledger.in_state(State.HELD)
        return {(*delivery.known_as, delivery.sha256): delivery for delivery in held}

    def _repeats_of_current(self, claims: Claims, in_force: InForce) -> list[Delivery]:
        """Repeats of the delivery in force of their name: they refuse a held correction of it."""
        return [
            repeat
            for repeat in claims.in_state(State.REPEATED)
            if (current := in_force.with_name(repeat.feed, repeat.name))
            and current.sha256 == repeat.sha256
        ]

    def _judge(self, file: FoundFile, claims: Claims, in_force: InForce) -> Delivery:
        from sales_pipeline.landing.examine import examine

        same_bytes = in_force.with_bytes(file.sha256)
        if file.bytes and (reason := self._repeats(file, in_force)):
            return self._delivery(file, claims, State.REPEATED, reason=reason)
        shape = file_shape(self.declaration, file.feed)
        try:
            header = examine(self.folders.landing / file.path, shape)
        except FileRejected as rejected:
            refused = self._delivery(file, claims, State.REJECTED)
            return replace(refused, reason=self.folders.named(rejected.reason, refused))
        _warn(claims, file, shape, header)
        reason = None
        elsewhere = self._by_path.get(visible_form(file.path))
        if same_bytes and self._has_records(file):
            reason = self._equal_to(same_bytes[0], file)
        elif elsewhere is not None and elsewhere.feed != file.feed:
            reason = self._lay_there(elsewhere, file)
        corrects = self.ledger.corrects(file.feed)
        earlier = in_force.with_name(file.feed, file.name) if corrects else None
        supersedes = earlier.file_id if earlier else None
        claimed = self._delivery(file, claims, State.CLAIMED, reason=reason, supersedes=supersedes)
        return replace(claimed, headers=file_headers(shape, header.texts))

    def _repeats(self, file: FoundFile, in_force: InForce) -> str | None:
        """Returns the reason why a file is a repeat, or None if it is none."""
        if reason := in_force.repeats(file.feed, file.sha256):
            return reason
        corrected = in_force.corrected.get((file.feed, file.sha256))
        if corrected and corrected.name != file.name:
            # If the correction counts, this is abandoned, and a new file for the next run.
            return f"the same bytes as {corrected.name}, whose correction is not validated yet"
        held = self._held.get((file.feed, visible_form(file.name), file.sha256))
        if held is None:
            return None
        verb = "release" if held.rolled_back_by else "accept"
        return f"held already. Do: sales-pipeline {verb} {file.path}"

    @cached_property
    def _by_path(self) -> dict[str, Delivery]:
        """Path -> the last delivery of sales in force there that a further file would correct."""
        return {
            visible_form(delivery.path): delivery
            for delivery in self.ledger.in_force()
            if delivery.feed not in NOT_SALES
            and not delivery.mends
            and self.ledger.corrects(delivery.feed)
        }

    def _lay_there(self, earlier: Delivery, file: FoundFile) -> str:
        """Returns why a file waits that would be a correction if its feed was still the same."""
        known_as = f"{earlier.feed}/{earlier.name}"
        return (
            f"an earlier file of that path is in force as {earlier.name} of feed {earlier.feed}; "
            f"it does not count. Do: if it corrects that one, sales-pipeline withdraw {known_as}; "
            f"then, or if both count, sales-pipeline accept {file.path}"
        )

    def _equal_to(self, twin: Delivery, file: FoundFile) -> str:
        """Returns why a file with the bytes of another feed's waits for a person."""
        return (
            f"the same bytes are in force as {twin.name} of feed {twin.feed}; it does not count. "
            f"Do: if both stores sold the same, sales-pipeline accept {file.path}"
        )

    def _has_records(self, file: FoundFile) -> bool:
        """Returns whether a file has records; two stores may deliver the same bare header."""
        from sales_pipeline.landing.reader import first_records

        shape = file_shape(self.declaration, file.feed)
        return bool(first_records(self.folders.landing / file.path, shape, 1).num_rows)

    def _delivery(
        self,
        file: FoundFile,
        claims: Claims,
        state: State,
        *,
        reason: str | None = None,
        supersedes: int | None = None,
    ) -> Delivery:
        return Delivery(
            file_id=self.ledger.next_file_id + len(claims.deliveries),
            feed=file.feed,
            name=file.name,
            path=file.path,
            sha256=file.sha256,
            bytes=file.bytes,
            state=state,
            fingerprint=fingerprint(self.declaration, file.feed),
            claimed_at=self.now,
            run_id=self.run_id,
            reason=reason,
            supersedes=supersedes,
            seen=file.seen if file.feed in self.folders.left else None,
        )


def _warn(claims: Claims, file: FoundFile | Delivery, shape: FileShape, header: Header) -> None:
    """Warns of lines, and of columns, that the file may have although its feed expects none."""
    from sales_pipeline.landing.frame import warnings_of_ends
    from sales_pipeline.landing.headers import warnings_of_never_store

    of_ends = warnings_of_ends(shape, header.ends)
    of_columns = warnings_of_never_store(shape, header.texts, header.undeclared)
    if sentences := "; ".join((*of_ends, *of_columns)):
        claims.warnings[file.path] = (file.feed, sentences)


NEW = "new"
CORRECTION = "correction"
REPEAT = "repeat"
REJECTED = "rejected"
HELD = "held"


@dataclass(frozen=True)
class LandedFile:
    """A file in the landing folder, and the state that the next run would give it.

    Attributes:
        path: Its path below the landing folder.
        feed: Its feed.
        becomes: `new`, `correction`, `repeat`, `held` or `rejected`.
        reason: Why it is a repeat, or would be held or rejected.
    """

    path: str
    feed: str
    becomes: str
    reason: str | None


def landed_files(
    declaration: Declaration, ledger: Ledger, discovery: Discovery
) -> list[LandedFile]:
    """Returns the files that a run would claim now, as the run decides; records nothing."""
    folders = folders_of(declaration)
    claims = Claimant(declaration, ledger, folders, run_id="", now=utc_now()).claim(discovery)
    return [
        LandedFile(claim.path, claim.feed, becomes(claim), claim.reason)
        for claim in claims.deliveries
    ]


def becomes(delivery: Delivery) -> str:
    """Returns what a claimed file becomes: `new`, `correction`, `repeat`, `held` or `rejected`."""
    if delivery.state is State.CLAIMED and delivery.reason:
        return HELD
    if delivery.state is State.CLAIMED:
        return NEW if delivery.supersedes is None else CORRECTION
    return REPEAT if delivery.state is State.REPEATED else REJECTED
