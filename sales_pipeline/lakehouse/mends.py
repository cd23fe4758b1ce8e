"""Decides which records count when replays mend records of earlier deliveries.

A replay is a delivery whose records each take the place of one that was delivered
before. The ledger keeps the names, so it alone determines which records count: a named
record does not count while a replay in force names it; of several replays that name it the
latest counts; and none does once the delivery of the named record is not in force.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from sales_pipeline.lakehouse.ledger import IN_FORCE, Delivery, Ledger, State

Name = tuple[int, int]
"""A record: `_file_id` of its delivery, and `_row`."""


def names_text(names: Sequence[Name]) -> str:
    """Returns sorted names as `ops.deliveries` keeps them: JSON of file, first and last row.

    >>> names_text([(2, 3), (2, 4), (2, 9), (5, 1)])
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
    """Returns the names in the records of a replay, in their order; empty for other deliveries."""
    runs = json.loads(delivery.mends or "[]")
    return [(file_id, row) for file_id, first, last in runs for row in range(first, last + 1)]


def replays(ledger: Ledger) -> list[Delivery]:
    """Returns the replays in force, in ledger order."""
    return [replay for replay in ledger.in_state(*IN_FORCE) if replay.mends]


def mended_rows(ledger: Ledger) -> set[Name]:
    """Returns the records that do not count although their deliveries are in force.

    These are the records that replays name, and records of replays that do not count any more.
    """
    latest: dict[Name, int] = {}
    displaced: set[Name] = set()
    for replay in replays(ledger):
        latest.update(dict.fromkeys(names_of(replay), replay.file_id))
    for replay in replays(ledger):
        for row, name in enumerate(names_of(replay), start=1):
            counts = latest[name] == replay.file_id and ledger[name[0]].state in IN_FORCE
            displaced |= {name} if counts else {name, (replay.file_id, row)}
    return displaced


def touched_by(ledger: Ledger, changing: Iterable[int]) -> set[int]:
    """Returns the deliveries to validate again when some deliveries come or leave.

    These are deliveries that a replay among them mends, and other replays of the same files.
    Left out are the changing ones themselves, and deliveries that are not validated yet.
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
