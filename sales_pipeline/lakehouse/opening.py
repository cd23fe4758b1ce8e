"""Opens the lakehouse of a retailer, as every command does first; that starts no session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from sales_pipeline.config.model import Declaration
from sales_pipeline.engines.session import check_installed
from sales_pipeline.engines.spark_session import open_engine
from sales_pipeline.errors import UsageError
from sales_pipeline.lakehouse.damage import (
    check_ledger,
    missing_derived,
    missing_table,
    named_damage,
)
from sales_pipeline.lakehouse.lakehouse import Lakehouse


@contextmanager
def opened_lakehouse(declaration: Declaration, *, makes_again: bool = False) -> Iterator[Lakehouse]:
    """Opens the lakehouse of a retailer, even if no run has made it yet.

    Args:
        declaration: What the retailer declares.
        makes_again: Whether the command makes missing tables of silver and gold again.

    Raises:
        ExtraMissing: A package that the engine needs is not installed.
        UsageError: There is no Java, and the engine needs it.
        LakehouseMismatch: The lakehouse does not fit the declaration.
        TableDamaged: A table is missing, damaged, or cannot be written; also while it is open.
    """
    with closing(open_engine(declaration)) as engine:
        check_installed(engine.needs)
        lakehouse = Lakehouse(declaration, engine)
        with named_damage(lakehouse):
            lakehouse.check()
            check_ledger(lakehouse)
            missing = [] if makes_again else missing_derived(lakehouse)
            if missing:
                raise missing_table(lakehouse, missing[0])
            yield lakehouse


@contextmanager
def made_lakehouse(declaration: Declaration, *, makes_again: bool = False) -> Iterator[Lakehouse]:
    """Opens the lakehouse that earlier runs of a retailer made.

    Args:
        declaration: What the retailer declares.
        makes_again: Whether the command makes missing tables of silver and gold again.

    Raises:
        UsageError: No run has made it yet.
        LakehouseMismatch: The lakehouse does not fit the declaration.
        TableDamaged: A table is missing, damaged, or cannot be written; also while it is open.
    """
    with opened_lakehouse(declaration, makes_again=makes_again) as lakehouse:
        if not lakehouse.exists():
            place = declaration.tables_place
            raise UsageError(f"lakehouse: none at {place} yet. Do: sales-pipeline run")
        yield lakehouse
