"""What a run would make of the files that lie in the landing folder now."""

from __future__ import annotations

from dataclasses import dataclass

from sales_pipeline.bronze.claiming import Claimant
from sales_pipeline.bronze.feed_files import folders_of
from sales_pipeline.config.model import Declaration
from sales_pipeline.lakehouse.ledger import Delivery, Ledger, State
from sales_pipeline.lakehouse.runs import utc_now
from sales_pipeline.landing.discovery import Discovery

NEW = "new"
CORRECTION = "correction"
REPEAT = "repeat"
REJECTED = "rejected"
HELD = "held"


@dataclass(frozen=True)
class LandedFile:
    """A file in the landing folder, and what the next run would make of it.

    Attributes:
        path: Its path below the landing folder.
        feed: Its feed.
        becomes: `new`, `correction`, `repeat`, `held` or `rejected`.
        reason: Why, where it is a repeat, or would be held or rejected.
    """

    path: str
    feed: str
    becomes: str
    reason: str | None


def landed_files(declaration: Declaration, ledger: Ledger, found: Discovery) -> list[LandedFile]:
    """Returns what a run would claim now, by the run's own judgement; nothing is recorded."""
    folders = folders_of(declaration)
    claims = Claimant(declaration, ledger, folders, run_id="", now=utc_now()).claim(found)
    return [
        LandedFile(each.path, each.feed, becomes(each), each.reason) for each in claims.deliveries
    ]


def becomes(delivery: Delivery) -> str:
    """What a file becomes by its claim: `new`, `correction`, `repeat`, `held` or `rejected`."""
    if delivery.state is State.CLAIMED and delivery.reason:
        return HELD
    if delivery.state is State.CLAIMED:
        return NEW if delivery.supersedes is None else CORRECTION
    return REPEAT if delivery.state is State.REPEATED else REJECTED
