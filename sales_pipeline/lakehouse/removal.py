"""Removes the tables of a lakehouse, so that a removal which is killed is brought to its end.

The ledger goes first, in one step: from then on nothing says what the other tables hold, and
whatever is left of them is on its way out. Files are no part of it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from sales_pipeline.commit_points import commit_point

_LEDGER = "ops"
_SCHEMAS = (_LEDGER, "gold", "silver", "bronze")


def remove_tables(lakehouse: Path) -> None:
    """Removes all tables; each schema is renamed first, so that no half of it is ever read."""
    for schema in _SCHEMAS:
        folder = lakehouse / schema
        if folder.exists():
            shutil.rmtree(_doomed(folder), ignore_errors=True)
            with commit_point(f"remove the tables of {schema}"):
                folder.rename(_doomed(folder))
    for schema in reversed(_SCHEMAS):  # The ledger last: it says that there is more to remove.
        shutil.rmtree(_doomed(lakehouse / schema), ignore_errors=True)


def finish_removal(lakehouse: Path) -> None:
    """Finishes a removal that was killed; called before anybody makes a table."""
    ledger = lakehouse / _LEDGER
    if _doomed(ledger).exists() and not ledger.exists():
        remove_tables(lakehouse)


def _doomed(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.removed")
