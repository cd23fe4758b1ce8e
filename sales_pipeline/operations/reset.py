"""`reset`: back to before the first run, without losing a file."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from sales_pipeline.bronze.archived_files import KeptFile, kept_files
from sales_pipeline.bronze.feed_files import folders_of
from sales_pipeline.bronze.file_moves import REJECTED, Folders
from sales_pipeline.config.model import Declaration
from sales_pipeline.engines.spark_session import open_engine
from sales_pipeline.lakehouse.holding import held
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Delivery, Ledger
from sales_pipeline.lakehouse.ops_tables import DELIVERIES, RUNS
from sales_pipeline.lakehouse.preparation import check_not_newer
from sales_pipeline.lakehouse.table_removal import remove_tables
from sales_pipeline.landing.archive import move, reason_path


@dataclass
class Reset:
    """Report of a `reset`.

    Attributes:
        moved: Landing files that are back in the landing folder, by their path below it.
        kept: Files that stay in the archive, because another lies at their path.
    """

    moved: list[str] = field(default_factory=list)
    kept: list[Path] = field(default_factory=list)


def reset(declaration: Declaration, *, wait_seconds: float = 0) -> Reset:
    """Removes all tables and moves every delivered file back.

    Every file goes back to where it was delivered, the latest delivery of a name first, also
    files that the ledger does not know; then the tables are removed. Files are never removed.

    Raises:
        LakehouseMismatch: The lakehouse was made by a later version.
        LakehouseBusy: Another run holds the lakehouse.
    """
    folders = folders_of(declaration)
    with (
        held(declaration, "reset", wait_seconds=wait_seconds) as hold,
        closing(open_engine(declaration)) as engine,
    ):
        lakehouse = Lakehouse(declaration, engine)
        if lakehouse.is_readable(RUNS.name):
            check_not_newer(engine.properties(RUNS.name))
        hold.take(engine)
        is_known = lakehouse.is_readable(DELIVERIES.name)
        deliveries: list[Delivery] = list(Ledger(lakehouse)) if is_known else []
        result = _move_back(deliveries, folders, declaration)
        remove_tables(lakehouse, [delivery.feed for delivery in deliveries], then=hold.take_again)
    return result


def _move_back(deliveries: list[Delivery], folders: Folders, declaration: Declaration) -> Reset:
    result = Reset()
    # The same bytes may have been delivered twice under a name: their place is one.
    latest = {
        place: delivery
        for delivery in deliveries
        for place in (folders.archived(delivery), folders.rejected(delivery))
    }
    files = [file for file in kept_files(folders, declaration) if not file.is_replay]
    for file in sorted(files, key=lambda file: _age(file, latest), reverse=True):
        delivery = latest.get(file.place)
        path = file.path if delivery is None else delivery.path
        target = folders.landing / path
        if target.exists():
            result.kept.append(file.place)
            continue
        move(file.place, target)
        _forget_reason(file.place, folders.lakehouse)
        result.moved.append(path)
        _remove_empty(file.place.parent, folders.lakehouse)
    for delivery in deliveries:
        # Of a file that stayed in the landing folder, only the reason is there.
        if not folders.rejected(delivery).exists():
            _forget_reason(folders.rejected(delivery), folders.lakehouse)
    result.moved.sort()
    return result


def _age(file: KeptFile, latest: dict[Path, Delivery]) -> tuple[int, float]:
    """A sort key: later deliveries are greater; files unknown to the ledger go by their time."""
    delivery = latest.get(file.place)
    return (delivery.file_id if delivery else 0, file.place.stat().st_mtime)


def _forget_reason(place: Path, stop: Path) -> None:
    """Removes the reason of a rejected file that lies, or stayed, in the landing folder."""
    reason = reason_path(place)
    if REJECTED in place.relative_to(stop).parts and reason.exists():
        reason.unlink()
        _remove_empty(reason.parent, stop)


def _remove_empty(folder: Path, stop: Path) -> None:
    while folder != stop and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
