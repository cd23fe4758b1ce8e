"""Opens a lakehouse that was made already, to read from it without Spark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sales_pipeline.config.model import Declaration
from sales_pipeline.engines.spark_session import open_engine
from sales_pipeline.errors import UsageError
from sales_pipeline.lakehouse.lakehouse import Lakehouse


@contextmanager
def made_lakehouse(declaration: Declaration) -> Iterator[Lakehouse]:
    """Opens the tables of a retailer for reading.

    Raises:
        UsageError: There is no lakehouse yet.
        LakehouseMismatch: The lakehouse does not fit the declaration.
    """
    with closing(open_engine(Path(declaration.lakehouse))) as engine:
        lakehouse = Lakehouse(declaration, engine)
        lakehouse.check()
        if not lakehouse.exists():
            place = declaration.lakehouse
            raise UsageError(f"lakehouse: none at {place} yet. Do: sales-pipeline run")
        yield lakehouse
