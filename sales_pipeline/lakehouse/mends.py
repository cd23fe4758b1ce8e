"""Mended records: which records of earlier deliveries they name, and what then counts.

A replay is a delivery whose records each stand in the place of one that was delivered
before. The ledger keeps the names, so what counts follows from the ledger alone: a named
record does not count while a replay in force names it; of several replays that name it the
latest counts; and none does once the delivery of the named record is not in force.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from sales_pipeline.lakehouse.ledger import IN_FORCE, Delivery, Ledger, State

Name = tuple[int, int]
"""A record: `_file_id` of its delivery, and `_row`."""


def as_text(names: Sequence[Name]) -> str:
    """Returns sorted names as `ops.deliveries` keeps them: JSON of file, first and last row.

    >>> as_text([(2, 3), (2, 4), (2, 9), (5, 1)])
    '[[2, 3, 4], [2, 9, 9], [5, 1, 1]]'
    """
    runs: list[list[int]] = []
    for file_id, row in names:
        if runs and runs[-1][0] == file_id and runs[-1][2] == row - 1:
            runs[-1][2] = row
        else:
            runs.append([file_id, row, row])
    return json.dumps(runs)


def names_of(delivery: Delivery) -> list[Name]:
    """Returns what the records of a replay name, in their order; nothing for another delivery."""
    runs = json.loads(delivery.mends or "[]")
    return [(file_id, row) for file_id, first, last in runs for row in range(first, last + 1)]


def replays(ledger: Ledger) -> list[Delivery]:
    """Returns the replays in force, in ledger order."""
    return [replay for replay in ledger.in_state(*IN_FORCE) if replay.mends]


def mended_rows(ledger: Ledger) -> set[Name]:
    """Returns the records that do not count although their deliveries are in force.

    They are those that replays name, and the records of replays that do not count any more.
    """
    latest: dict[Name, int] = {}
    found: set[Name] = set()
    for replay in replays(ledger):
        latest.update(dict.fromkeys(names_of(replay), replay.file_id))
    for replay in replays(ledger):
        for row, name in enumerate(names_of(replay), start=1):
            stands = latest[name] == replay.file_id and ledger[name[0]].state in IN_FORCE
            found |= {name} if stands else {name, (replay.file_id, row)}
    return found


def touched_by(ledger: Ledger, changing: Iterable[int]) -> set[int]:
    """Returns the deliveries to validate again when some deliveries come or leave.

    Those that a replay among them mends; and the other replays that mend the same files.
    Without the changing ones themselves, and without those that are yet to be judged.
    """
    changed = set(changing)
    files = {name[0] for file_id in changed for name in names_of(ledger[file_id])} | changed
    if len(files) == len(changed) and not replays(ledger):
        return set()
    sharing = {
        replay.file_id
        for replay in replays(ledger)
        if any(name[0] in files for name in names_of(replay))
    }
    return {
        file_id
        for file_id in (files | sharing) - changed
        if ledger[file_id].state in IN_FORCE - {State.CLAIMED}
    }
