"""Opens the engine that a run works on: the declared one, or the one of the environment."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from sales_pipeline.config.locations import DATABRICKS, EMBEDDED, SPARK, check_engine_name
from sales_pipeline.config.problems import InvalidValue
from sales_pipeline.engines.engine import Engine
from sales_pipeline.engines.private_network import enter_private_network, lacks_private_networks
from sales_pipeline.engines.session import Session
from sales_pipeline.errors import UsageError

if TYPE_CHECKING:
    # The command line imports this module for its help, which needs no pydantic.
    from sales_pipeline.config.model import Declaration

REMOTE_VARIABLE = "SPARK_REMOTE"
_log = logging.getLogger(__name__)


def open_engine(declaration: Declaration) -> Engine:
    """Returns the engine of a retailer; its session starts at the first use.

    Raises:
        UsageError: `$SPARK_REMOTE` names no engine, or the engine cannot have its tables in the
            catalog, or not without one.
    """
    name, lakehouse = engine_name(declaration), Path(declaration.lakehouse)
    check_catalog(name, declaration.catalog)
    # Each engine is imported only if it is used.
    if name == EMBEDDED:
        from sales_pipeline.engines.embedded import EmbeddedEngine

        return EmbeddedEngine(lakehouse)
    session = _session(name, declaration.catalog)
    if declaration.catalog is None:
        from sales_pipeline.engines.jvm_spark import SparkFolderEngine

        return SparkFolderEngine(lakehouse, session)
    from sales_pipeline.engines.catalog import CatalogEngine

    return CatalogEngine(declaration.catalog, declaration.schema_name, session)


def _session(name: str, catalog: str | None) -> Session:
    if name == DATABRICKS:
        from sales_pipeline.engines.databricks_session import DatabricksSession

        return DatabricksSession()
    if name == SPARK:
        from sales_pipeline.engines.jvm_spark import LocalSparkSession

        return LocalSparkSession(catalog)
    from sales_pipeline.engines.spark_connect import RemoteSparkSession

    return RemoteSparkSession(name)


def check_catalog(engine: str, catalog: str | None) -> None:
    """Checks that an engine can have its tables in a catalog, or in a folder if there is none.

    Raises:
        UsageError: It cannot.
    """
    if engine == EMBEDDED and catalog is not None:
        raise UsageError(
            f"catalog: the embedded engine has its tables in a folder, got {catalog!r}. "
            "Do: name another engine, or take no catalog."
        )
    if engine == DATABRICKS and catalog is None:
        raise UsageError(
            "catalog: missing, and the engine databricks has its tables in one. "
            "Do: declare catalog:, or give --catalog NAME."
        )


def engine_name(declaration: Declaration) -> str:
    """Returns the declared engine, else the one in `$SPARK_REMOTE`, else `embedded`.

    Raises:
        UsageError: `$SPARK_REMOTE` names no engine.
    """
    if declaration.engine is not None:
        return declaration.engine
    try:
        return check_engine_name(os.environ.get(REMOTE_VARIABLE) or EMBEDDED)
    except InvalidValue as error:
        raise UsageError(f"${REMOTE_VARIABLE}: {error}") from error


def prepare_process(declaration: Declaration) -> None:
    """Prepares this process for its engine; call it before the first thread starts.

    Nobody else may reach the server of the embedded engine, so the process enters a network of
    its own; the other engines need the network of the machine.

    Raises:
        UsageError: The engine cannot have its tables in the catalog, or not without one.
    """
    name = engine_name(declaration)
    check_catalog(name, declaration.catalog)
    if name != EMBEDDED:
        return
    enter_private_network()
    if lacks_private_networks():
        _log.warning(
            "engine: this system has no private networks, so other users of this machine can reach "
            "the engine, which is bound to loopback only, while the command runs"
        )
