"""The quarantine and the balance of the catalogue's own deliveries (P2).

Both are made for all deliveries at once: a record that waited for a translation is released
when another delivery brings it, and waits again when that one is withdrawn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from sales_pipeline.lakehouse.lakehouse import Lakehouse, among
from sales_pipeline.lakehouse.tables import CATALOGUE, RECORDS
from sales_pipeline.silver import balance as balances
from sales_pipeline.silver.balance import Balance
from sales_pipeline.silver.reference.catalogue_records import CatalogueRecord
from sales_pipeline.silver.reference.reference_balance import balance_in_rows, quarantine_row

_QUARANTINE = "silver.quarantine"

SetAside = Sequence[tuple[CatalogueRecord, tuple[str, ...]]]


def keep_quarantine(
    lakehouse: Lakehouse, file_ids: Sequence[int], set_aside: SetAside, *, run_id: str
) -> None:
    """Writes these records of the catalogue to the quarantine, in place of all others of it.

    Args:
        lakehouse: The tables.
        file_ids: All deliveries of the catalogue.
        set_aside: The records and the reasons of each.
        run_id: The run.
    """
    ids = among("_file_id", file_ids)
    columns = ["_file_id", "_row", "reasons", "first_run"]
    quarantined = lakehouse.read(_QUARANTINE, columns=columns, file_ids=set(file_ids)).to_pylist()
    before = {(row["_file_id"], row["_row"]): row for row in quarantined}
    after = {(record.file_id, record.row): list(reasons) for record, reasons in set_aside}
    if after == {place: row["reasons"] for place, row in before.items()}:
        return
    first_runs = {place: row["first_run"] for place, row in before.items()}
    rows = [
        quarantine_row(
            CATALOGUE,
            (record.file_id, record.row),
            raw=record.raw,
            reasons=reasons,
            runs=(first_runs.get((record.file_id, record.row), run_id), run_id),
        )
        for record, reasons in set_aside
    ]
    lakehouse.put(RECORDS, ids, rows)


def catalogue_balances(
    counts: Mapping[int, int], in_force: Iterable[int], set_aside: SetAside
) -> list[Balance]:
    """The balance of each delivery of the catalogue.

    Args:
        counts: File id -> records in bronze.
        in_force: The deliveries whose records count; the others are superseded.
        set_aside: The records that teach nothing.
    """
    bad = Counter(record.file_id for record, _ in set_aside)
    counting = set(in_force)
    return [
        balance_in_rows(
            file_id, CATALOGUE, rows, quarantined=bad[file_id] if file_id in counting else None
        )
        for file_id, rows in counts.items()
    ]


def record_changed(
    lakehouse: Lakehouse, current: Iterable[Balance], *, judged: Collection[int], run_id: str
) -> tuple[list[Balance], int]:
    """Records the balances that differ from the recorded ones.

    Args:
        lakehouse: The tables.
        current: The balances of deliveries of the catalogue.
        judged: The deliveries whose balances are recorded in any case.
        run_id: The run.

    Returns:
        The balances that were recorded; and how many records left quarantine by them.
    """
    recorded = {balance.file_id: balance for balance in balances.recorded(lakehouse)}
    changed = []
    released = 0
    for balance in current:
        before = recorded.get(balance.file_id)
        is_other = before is None or before.as_row("") != balance.as_row("")
        if is_other or balance.file_id in judged:
            changed.append(balance)
        if before is not None and not balance.rows("superseded"):
            released += max(0, before.rows("quarantined") - balance.rows("quarantined"))
    balances.record(lakehouse, changed, run_id)
    return changed, released
