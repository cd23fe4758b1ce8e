"""Starting over, without losing a file: `rebuild` and `reset`."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from sales_pipeline.bronze.feed_files import folders_of
from sales_pipeline.bronze.file_moves import Folders
from sales_pipeline.bronze.fingerprints import fingerprint
from sales_pipeline.config.model import Declaration
from sales_pipeline.engines.spark_session import open_engine
from sales_pipeline.gold.freshness import months_in_gold
from sales_pipeline.lakehouse.holding import Hold, held
from sales_pipeline.lakehouse.lakehouse import Lakehouse, among
from sales_pipeline.lakehouse.ledger import Ledger, State
from sales_pipeline.lakehouse.opening import made_lakehouse
from sales_pipeline.lakehouse.properties import check_not_newer
from sales_pipeline.lakehouse.restoring import finish_rollback
from sales_pipeline.lakehouse.table_removal import remove_tables
from sales_pipeline.lakehouse.tables import EXCHANGE_RATES, RUNS
from sales_pipeline.landing.archive import move, reason_path
from sales_pipeline.pipeline import finish, reconsidered
from sales_pipeline.run_report import Progress, RunReport, Silent

_CLEARED = (
    "silver.records",
    "silver.products",
    "silver.list_prices",
)


def rebuild(
    declaration: Declaration, *, progress: Progress | None = None, wait_seconds: float = 0
) -> RunReport:
    """Makes silver and gold again from bronze and the ledger, under the declaration as it stands.

    All deliveries in force go back to `in_bronze` in one commit; from there on it is an
    ordinary run, so a killed rebuild is finished by the next run.

    Raises:
        UsageError: There is no lakehouse yet.
        LakehouseBusy: Another run holds it.
    """
    folders = folders_of(declaration)
    with held(declaration, "rebuild", wait_seconds=wait_seconds) as hold:
        _send_back(declaration, hold)
        return finish(declaration, folders, progress or Silent(), hold=hold)


def _send_back(declaration: Declaration, hold: Hold) -> None:
    with made_lakehouse(declaration) as lakehouse:
        hold.take(lakehouse.engine)
        lakehouse.prepare()
        finish_rollback(lakehouse, hold)
        ledger = Ledger(lakehouse)
        unread = _unread(declaration, ledger)
        judged = [
            each
            for each in ledger.in_force()
            if each.state is not State.CLAIMED and each.file_id not in unread
        ]
        months = months_in_gold(lakehouse)
        again = [
            *(
                each.moved_to(State.IN_BRONZE, fingerprint=fingerprint(declaration, each.feed))
                for each in judged
            ),
            *reconsidered(declaration, ledger),
        ]
        if again:
            first = again[0]
            again[0] = replace(first, months=tuple(sorted({*first.months, *months})))
        ledger.record(again)
        for name in _CLEARED:
            all_but = f"NOT {among('_file_id', unread)}" if unread else "true"
            lakehouse.replace(name, all_but, lakehouse.local([], name))


def _unread(declaration: Declaration, ledger: Ledger) -> set[int]:
    """Files of rates under fixed rates: nothing uses them, or says how they are to be read."""
    is_fixed = declaration.rates.chosen_policy == "fixed"
    return {each.file_id for each in ledger.in_force(EXCHANGE_RATES)} if is_fixed else set()


@dataclass
class Reset:
    """What `reset` did.

    Attributes:
        moved: Landing files that are back in the landing folder, by their path below it.
        kept: Files that stay in the archive, because another lies at their path.
    """

    moved: list[str] = field(default_factory=list)
    kept: list[Path] = field(default_factory=list)


def reset(declaration: Declaration, *, wait_seconds: float = 0) -> Reset:
    """Puts a lakehouse back to before its first run.

    Every file goes back to where it was delivered, the latest delivery of a name first;
    then the tables are removed. Files are never removed.

    Raises:
        LakehouseMismatch: The lakehouse was made by a later version.
        LakehouseBusy: Another run holds the lakehouse.
    """
    folders = folders_of(declaration)
    with (
        held(declaration, "reset", wait_seconds=wait_seconds) as hold,
        closing(open_engine(declaration)) as engine,
    ):
        if engine.exists(RUNS.name):
            check_not_newer(engine.properties(RUNS.name))
        hold.take(engine)
        lakehouse = Lakehouse(declaration, engine)
        ledger = Ledger(lakehouse)
        done = _move_back(ledger, folders)
        remove_tables(lakehouse, [each.feed for each in ledger], then=hold.take_again)
    return done


def _move_back(ledger: Ledger, folders: Folders) -> Reset:
    done = Reset()
    # What was replayed stays in the archive: nothing was moved there, and its names mean nothing
    # to another ledger.
    for each in (delivery for delivery in reversed(list(ledger)) if not delivery.mends):
        target = folders.source(each)
        for place in (folders.archived(each), folders.rejected(each)):
            if not place.exists():
                _forget_reason(place, folders.lakehouse)
                continue
            if target.exists():
                done.kept.append(place)
                continue
            move(place, target)
            _forget_reason(place, folders.lakehouse)
            done.moved.append(each.path)
            _remove_empty(place.parent, folders.lakehouse)
    done.moved.sort()
    return done


def _forget_reason(place: Path, stop: Path) -> None:
    """Removes the reason of a rejected file that lies, or stayed, in the landing folder."""
    reason = reason_path(place)
    if reason.exists():
        reason.unlink()
        _remove_empty(reason.parent, stop)


def _remove_empty(folder: Path, stop: Path) -> None:
    while folder != stop and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
