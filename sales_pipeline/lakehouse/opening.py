"""Opens the lakehouse of a retailer, as every command does first; that starts no session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from sales_pipeline.config.model import Declaration
from sales_pipeline.engines.session import check_installed
from sales_pipeline.engines.spark_session import open_engine
from sales_pipeline.errors import UsageError
from sales_pipeline.lakehouse.lakehouse import Lakehouse


@contextmanager
def opened_lakehouse(declaration: Declaration) -> Iterator[Lakehouse]:
    """Opens the lakehouse of a retailer, even if no run has made it yet.

    Raises:
        ExtraMissing: A package that the engine needs is not installed.
        UsageError: There is no Java, and the engine needs it.
        LakehouseMismatch: The lakehouse does not fit the declaration.
    """
    with closing(open_engine(declaration)) as engine:
        check_installed(engine.needs)
        lakehouse = Lakehouse(declaration, engine)
        lakehouse.check()
        yield lakehouse


@contextmanager
def made_lakehouse(declaration: Declaration) -> Iterator[Lakehouse]:
    """Opens the lakehouse that earlier runs of a retailer made.

    Raises:
        UsageError: No run has made it yet.
        LakehouseMismatch: The lakehouse does not fit the declaration.
    """
    with opened_lakehouse(declaration) as lakehouse:
        if not lakehouse.exists():
            place = declaration.tables_place
            raise UsageError(f"lakehouse: none at {place} yet. Do: sales-pipeline run")
        yield lakehouse
