"""Tables in a catalog: which engines take one, and what is said where it does not fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from sales_pipeline.engines.catalog import CatalogEngine
from sales_pipeline.engines.databricks_session import RUNTIME_VARIABLE, DatabricksSession
from sales_pipeline.engines.embedded import SailSession, _server_port
from sales_pipeline.engines.jvm_spark import LocalSparkSession, check_catalog_lasts
from sales_pipeline.engines.spark_connect import RemoteSparkSession
from sales_pipeline.engines.spark_session import open_engine
from sales_pipeline.errors import LakehouseMismatch, UsageError
from sales_pipeline.lakehouse.preparation import WHEN_REMOVED, check_properties
from tests.cli.conftest import Call
from tests.retailer import Retailer

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SERVER = "sc://spark.example.com:15002"


@pytest.mark.parametrize(
    ("engine", "session"),
    [
        ("spark", LocalSparkSession),
        (SERVER, RemoteSparkSession),
        ("databricks", DatabricksSession),
    ],
)
def test_with_a_catalog_every_table_has_a_quoted_name_in_it(
    retailer: Retailer, engine: str, session: type
) -> None:
    retailer.declared |= {"engine": engine, "catalog": "main", "schema": "my-toys"}
    opened = open_engine(retailer.declaration)
    assert isinstance(opened, CatalogEngine)
    assert isinstance(opened.session, session)
    assert opened.name == engine
    assert opened.table_name("silver.sales") == "`main`.`my-toys_silver`.`sales`"
    assert not opened.capabilities.has_folder
    assert not opened.new_files(0)


def test_the_embedded_engine_takes_no_catalog(call: Call) -> None:
    said = call("status", "--engine", "embedded", "--catalog", "main")
    assert said.code == 2
    assert said.err.endswith(
        "catalog: the embedded engine has its tables in a folder, got 'main'. "
        "Do: name another engine, or take no catalog.\n"
    )


def test_databricks_needs_one(call: Call) -> None:
    said = call("run", "--sample", "--engine", "databricks")
    assert said.code == 2
    assert said.err.endswith(
        "catalog: missing, and the engine databricks has its tables in one. "
        "Do: declare catalog:, or give --catalog NAME.\n"
    )


def test_a_name_that_is_none_is_refused_on_the_command_line(call: Call) -> None:
    said = call("status", "--catalog", "main.sales")
    assert said.code == 2
    assert said.err.endswith(
        "--catalog: not a name for a catalog or a schema, got 'main.sales'. "
        "Did you mean 'main_sales'?\n"
    )
    assert call("status", "--schema", "a`b").err.startswith("--schema: not a name for a catalog")


def test_outside_of_databricks_the_message_says_where_its_engine_is(
    retailer: Retailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(RUNTIME_VARIABLE, raising=False)
    with pytest.raises(UsageError, match=r"jobs and notebooks there, and here is neither. Do: "):
        DatabricksSession().spark()


@pytest.fixture
def provided(monkeypatch: pytest.MonkeyPatch) -> Iterator[SparkSession]:
    """The session of a runtime, here one of Sail's."""
    from pyspark.sql import SparkSession

    SailSession().spark()
    monkeypatch.setenv("SPARK_REMOTE", f"sc://127.0.0.1:{_server_port()}")
    monkeypatch.setenv(RUNTIME_VARIABLE, "client.4.1")
    session = SparkSession.builder.getOrCreate()
    yield session
    session.stop()


def test_the_session_of_the_runtime_is_taken_and_left_open(provided: SparkSession) -> None:
    provided.conf.set("spark.sql.session.timeZone", "Europe/Paris")
    session = DatabricksSession()
    assert session.spark() is provided
    assert session.versions()["runtime"] == "client.4.1"
    session.close()
    assert provided.conf.get("spark.sql.session.timeZone") == "UTC"


def test_a_session_whose_time_zone_cannot_be_set_is_refused(
    provided: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pyspark.errors import PySparkException

    def refuse(*_: object) -> None:
        raise PySparkException("CONFIG_NOT_AVAILABLE")

    provided.conf.set("spark.sql.session.timeZone", "Europe/Paris")
    monkeypatch.setattr(type(provided.conf), "set", refuse)
    with pytest.raises(UsageError, match=r"timeZone Europe/Paris, and it cannot be set. Do: "):
        DatabricksSession().spark()


def test_a_catalog_that_a_local_session_forgets_is_refused() -> None:
    check_catalog_lasts("hive")
    with pytest.raises(UsageError, match="a session of Spark forgets spark_catalog with its end"):
        check_catalog_lasts("in-memory")


def test_a_lakehouse_on_its_way_out_is_touched_by_nothing_but_another_reset(
    retailer: Retailer,
) -> None:
    with pytest.raises(
        LakehouseMismatch, match=r"a reset did not finish. Do: sales-pipeline reset"
    ):
        check_properties(WHEN_REMOVED, retailer.declaration)
