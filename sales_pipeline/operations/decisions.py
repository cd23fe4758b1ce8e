"""Decisions of a person about a delivery: `accept` a held one, `withdraw` a file.

Both commit the decision to the ledger and leave the rest to an ordinary run, so that a
killed one is finished by the next, or by the same command.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from sales_pipeline.bronze.feed_files import folders_of
from sales_pipeline.bronze.fingerprints import check_meaning, fingerprint
from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import UsageError, did_you_mean, examples
from sales_pipeline.lakehouse.holding import held
from sales_pipeline.lakehouse.in_force import back_in_force
from sales_pipeline.lakehouse.ledger import ACCEPTED, IN_FORCE, Delivery, Ledger, State
from sales_pipeline.lakehouse.mends import touched_by
from sales_pipeline.lakehouse.opening import made_lakehouse
from sales_pipeline.lakehouse.rollback_steps import finish_rollback
from sales_pipeline.lakehouse.runs import new_run_id, utc_now
from sales_pipeline.operations.earlier_decisions import UnfinishedDecisions, fate_of
from sales_pipeline.pipeline import finish
from sales_pipeline.run_report import Progress, RunReport, Silent
from sales_pipeline.visible_text import visible_form


def accept(
    declaration: Declaration,
    file: str,
    *,
    progress: Progress | None = None,
    wait_seconds: float = 0,
) -> RunReport:
    """Lets a held file count, in the place of the delivery that it corrects if any, and runs.

    The file is named as the report names it: by its path below the landing folder. Where a name is
    used again for other days (`same_name: adds`), all that is held of it counts.

    Raises:
        UsageError: No such correction is held, or its bytes are in force under another name.
        LakehouseBusy: Another run holds the lakehouse.
    """

    def accepted(ledger: Ledger) -> list[Delivery]:
        waiting = ledger.in_state(State.HELD)
        if not named(declaration, file, waiting) and named(
            declaration, file, UnfinishedDecisions(ledger).accepted()
        ):
            return []
        held = named_file(ledger, file, waiting, "held")
        chosen = held[-1:] if ledger.corrects(held[-1].feed) else held
        taken = taken_up(declaration, ledger, chosen, reason=ACCEPTED)
        if all(delivery.state is State.REPEATED for delivery in taken):
            raise UsageError(
                f"{file}: {taken[-1].reason}, so that its records would count twice. "
                f"Do: sales-pipeline withdraw {file}, which refuses it and leaves the other"
            )
        return taken

    return decide(declaration, accepted, progress, wait_seconds, verb="accept")


def taken_up(
    declaration: Declaration,
    ledger: Ledger,
    held: Iterable[Delivery],
    *,
    reason: str | None = None,
) -> list[Delivery]:
    """Returns held deliveries, ready to be validated, and what has to be judged again with them.

    Each corrects the present one of its name; if its bytes are in force by then, it is a repeat.
    They are in ledger order, and their records are in bronze; `reason` is why they count now.
    """
    back = [
        replace(delivery, fingerprint=fingerprint(declaration, delivery.feed), rolled_back_by=None)
        for delivery in back_in_force(ledger, held, run_id=new_run_id(utc_now()))
    ]
    repeats = [delivery for delivery in back if delivery.state is State.REPEATED]
    taken = [replace(delivery, reason=reason) for delivery in back if delivery not in repeats]
    mended = touched_by(ledger, (delivery.file_id for delivery in taken if delivery.mends))
    sent_back = [ledger[file_id].moved_to(State.IN_BRONZE) for file_id in sorted(mended)]
    return [*sent_back, *taken, *repeats]


@dataclass(frozen=True)
class Withdrawal:
    """The deliveries that `withdraw` would take out.

    Attributes:
        file: The file, by its path below the landing folder.
        deliveries: The deliveries of it, the earliest first.
        is_decided: Whether an earlier command decided it, which only has to be finished.
    """

    file: str
    deliveries: tuple[Delivery, ...]
    is_decided: bool = False

    @property
    def is_refusal(self) -> bool:
        """Says whether it only refuses a held correction; what that would correct stays."""
        return self.deliveries[-1].state is State.HELD

    @property
    def rows(self) -> int:
        """Records in force that leave."""
        return sum(delivery.rows or 0 for delivery in self.deliveries if delivery.state in IN_FORCE)


def withdrawal(declaration: Declaration, file: str) -> Withdrawal:
    """Returns the deliveries that `withdraw` would take out; changes nothing.

    Raises:
        UsageError: There is no such delivery.
    """
    with made_lakehouse(declaration) as lakehouse:
        return _withdrawal(declaration, file, Ledger(lakehouse))


def withdraw(
    declaration: Declaration,
    file: str,
    *,
    progress: Progress | None = None,
    wait_seconds: float = 0,
) -> RunReport:
    """Takes a file back: none of its deliveries counts any more, also no earlier version.

    The file is named as the report names it: by its path below the landing folder. Where a
    correction of it is held, only that is refused, and what is in force stays.

    Raises:
        UsageError: There is no such delivery.
        LakehouseBusy: Another run holds the lakehouse.
    """

    def withdrawn(ledger: Ledger) -> list[Delivery]:
        leaving = _withdrawal(declaration, file, ledger)
        if leaving.is_decided:
            return []
        return [
            delivery.moved_to(
                State.WITHDRAWING if delivery.state in IN_FORCE else State.WITHDRAWN,
                reason="withdrawn on purpose",
            )
            for delivery in leaving.deliveries
        ]

    return decide(declaration, withdrawn, progress, wait_seconds, verb="withdraw")


def _withdrawal(declaration: Declaration, file: str, ledger: Ledger) -> Withdrawal:
    held = named(declaration, file, ledger.in_state(State.HELD))
    if held:
        return Withdrawal(held[-1].path, tuple(named_file(ledger, file, held, "held")))
    in_force = ledger.in_state(*IN_FORCE)
    decided = named(declaration, file, UnfinishedDecisions(ledger).withdrawn())
    counting = named(declaration, file, in_force)
    # A refusal that was killed must not go on to the earlier file, which stays in force.
    if decided and all(delivery.file_id < decided[-1].file_id for delivery in counting):
        return Withdrawal(decided[-1].path, tuple(decided), is_decided=True)
    deliveries = named_file(ledger, file, in_force, "in force")
    name = deliveries[-1].known_as
    earlier = [
        delivery for delivery in ledger.in_state(State.SUPERSEDED) if delivery.known_as == name
    ]
    return Withdrawal(deliveries[-1].path, (*earlier, *deliveries))


def decide(
    declaration: Declaration,
    decision: Callable[[Ledger], list[Delivery]],
    progress: Progress | None,
    wait_seconds: float,
    *,
    verb: str,
) -> RunReport:
    """Commits a decision to the ledger, and leaves the rest to an ordinary run.

    Args:
        declaration: What the retailer declares.
        decision: Gives the deliveries as they are to be recorded; raises UsageError where it
            cannot be done, and nothing is changed.
        progress: Told of every stage while the run works.
        wait_seconds: How long to wait for another run on the same lakehouse.
        verb: What the run is recorded as.
    """
    folders = folders_of(declaration)
    with held(declaration, verb, wait_seconds=wait_seconds) as hold:
        with made_lakehouse(declaration) as lakehouse:
            hold.take(lakehouse.engine)
            finish_rollback(lakehouse, hold)
            ledger = Ledger(lakehouse)
            check_meaning(lakehouse, ledger)
            decided = decision(ledger)
            lakehouse.prepare()
            ledger.record(decided)
        return finish(declaration, folders, progress or Silent(), hold=hold)


def named_file(
    ledger: Ledger, file: str, deliveries: Sequence[Delivery], what: str
) -> list[Delivery]:
    """Returns the deliveries of one file, in ledger order; refuses a text that means several.

    Args:
        ledger: All deliveries.
        file: The file as a person writes it.
        deliveries: The deliveries to choose from.
        what: What they are, in a word for the message.

    Raises:
        UsageError: None is meant, or several are; the message names the candidates.
    """
    declaration = ledger.lakehouse.declaration
    matches = named(declaration, file, deliveries)
    names = {"/".join(delivery.known_as): None for delivery in matches}
    if len(names) > 1:
        raise UsageError(f"{file}: means {' and '.join(names)}. Do: say which of them.")
    if matches:
        return matches
    paths = sorted({delivery.path for delivery in deliveries})
    known = [
        delivery
        for delivery in named(declaration, file, ledger)
        if delivery.state is not State.REPEATED
    ]
    # A file that is known was not mistyped.
    why = f"; it {fate_of(known[-1])}." if known else f".{did_you_mean(file, paths)}"
    there = examples(paths) if paths else "no file is"
    raise UsageError(f"{file}: no such file is {what}{why} {what.capitalize()}: {there}.")


def named(declaration: Declaration, file: str, deliveries: Iterable[Delivery]) -> list[Delivery]:
    """Returns the deliveries that a person's way to write a file means, in ledger order."""
    meant = {visible_form(path) for path in (file, os.path.relpath(file, declaration.landing))}
    return [
        delivery
        for delivery in deliveries
        if visible_form(delivery.path) in meant or "/".join(delivery.known_as) == visible_form(file)
    ]
