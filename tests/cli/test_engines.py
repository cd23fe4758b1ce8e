"""Which engine works: what is given, else declared, else in the environment; else the embedded."""

from __future__ import annotations

import socket
from contextlib import closing
from pathlib import Path

import pytest

from sales_pipeline.engines import spark_connect
from sales_pipeline.engines.embedded import EmbeddedEngine
from sales_pipeline.engines.engine import Engine, Needs
from sales_pipeline.engines.jvm_spark import LocalSparkSession, SparkFolderEngine
from sales_pipeline.engines.session import check_installed
from sales_pipeline.engines.spark_connect import RemoteSparkSession, server_of
from sales_pipeline.engines.spark_session import open_engine
from sales_pipeline.errors import DeclarationError, UsageError
from sales_pipeline.pipeline import run
from tests.cli.conftest import Call, python_in
from tests.retailer import Retailer, sale


@pytest.fixture
def free_address() -> str:
    """The address of a port on which nobody listens."""
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return f"sc://127.0.0.1:{found.getsockname()[1]}"


def _engine(retailer: Retailer, name: str | None) -> Engine:
    return open_engine(retailer.declaration.model_copy(update={"engine": name}))


def test_what_is_declared_goes_before_the_environment(
    retailer: Retailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SPARK_REMOTE", raising=False)
    assert isinstance(_engine(retailer, None), EmbeddedEngine)
    local = _engine(retailer, "spark")
    assert isinstance(local, SparkFolderEngine)
    assert isinstance(local.session, LocalSparkSession)
    monkeypatch.setenv("SPARK_REMOTE", "sc://127.0.0.1:15002")
    remote = _engine(retailer, None)
    assert isinstance(remote, SparkFolderEngine)
    assert isinstance(remote.session, RemoteSparkSession)
    assert isinstance(_engine(retailer, "embedded"), EmbeddedEngine)
    monkeypatch.setenv("SPARK_REMOTE", "local[*]")
    with pytest.raises(UsageError, match="SPARK_REMOTE: not an engine, got 'local"):
        _engine(retailer, None)


def test_a_name_of_no_engine_is_refused_with_a_guess(call: Call, retailer: Retailer) -> None:
    said = call("status", "--engine", "Spark")
    assert said.code == 2
    assert said.err.startswith("--engine: not an engine, got 'Spark'. Did you mean 'spark'?")
    retailer.declared["engine"] = "sparky"
    with pytest.raises(DeclarationError, match="engine: not an engine, got 'sparky'"):
        _ = retailer.declaration


def test_a_token_behind_an_address_is_in_no_name_and_no_message(free_address: str) -> None:
    session = RemoteSparkSession(f"{free_address}/;token=secret")
    assert session.name == free_address
    with pytest.raises(UsageError, match="no Spark Connect server at") as refused:
        session.spark()
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("options", ["", "/;token=secret", "/;use_ssl=true;token=secret"])
def test_a_server_of_something_else_is_not_waited_for(
    options: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client would retry for half an hour, as it does where only one side speaks TLS."""
    monkeypatch.setattr(spark_connect, "_READY_WITHIN_SECONDS", 0.3)
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        address = f"sc://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(UsageError, match="did not answer as a Spark Connect server") as refused:
            RemoteSparkSession(address + options).spark()
    assert address in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("options", ["/sales;token=secret", "/;secret"])
def test_options_of_an_address_that_cannot_be_read_are_refused(options: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        address = f"sc://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(UsageError, match="the options of the address") as refused:
            RemoteSparkSession(address + options).spark()
    assert "secret" not in str(refused.value)


def test_an_engine_that_cannot_be_reached_claims_nothing(
    retailer: Retailer, free_address: str
) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    with pytest.raises(UsageError, match="no Spark Connect server at"):
        run(retailer.declaration.model_copy(update={"engine": free_address}))
    assert not retailer.table("ops.deliveries")
    report = retailer.run()
    assert (report.resumed, report.outcome, len(retailer.table("silver.sales"))) == (0, "done", 1)


def test_the_address_of_a_server_has_a_usual_port() -> None:
    assert server_of("sc://spark.example.com/;use_ssl=true") == ("spark.example.com", 15002)
    with pytest.raises(UsageError, match="not the address of a server"):
        server_of("sc://spark.example.com:port")


@pytest.mark.parametrize(
    ("module", "package"),
    [("deltalake", "deltalake"), ("pysail", "pysail"), ("pyspark", "pyspark-client")],
)
def test_a_run_without_a_package_of_the_extra_names_the_extra(
    tmp_path: Path, module: str, package: str
) -> None:
    blocked = f"import sys; sys.modules[{module!r}] = None; "
    run = "from sales_pipeline.cli.app import main; main(['run', '--sample'])"
    said = python_in(tmp_path, "-W", "ignore", "-c", blocked + run)
    assert said.code == 2, said.err
    assert said.err.splitlines()[-1] == (
        f"{package} is not installed, and the embedded engine needs it. "
        "Do: pip install 'sales-pipeline[embedded]'"
    )
    assert not list(tmp_path.glob("lakehouse/*/*"))


@pytest.mark.parametrize("home", [None, "nowhere"])
def test_an_engine_without_its_java_says_so_before_it_does_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str | None
) -> None:
    needs = Needs("spark", (), java=True)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    if home is not None:
        monkeypatch.setenv("JAVA_HOME", str(tmp_path / home))
    why = "engine: there is no Java, and the spark engine needs it. Do: install a JRE 17"
    with pytest.raises(UsageError, match=why):
        check_installed(needs)
    java = tmp_path / (home or "") / ("bin/java" if home else "java")
    java.parent.mkdir(parents=True, exist_ok=True)
    java.touch(0o700)
    check_installed(needs)


def test_the_builtin_reader_needs_an_engine_that_has_it(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.declared["reader"] = "builtin"
    with pytest.raises(UsageError, match="which the embedded engine does not have"):
        retailer.run()
    assert not (retailer.lakehouse / "ops").exists()
    retailer.declared["reader"] = "csv"
    with pytest.raises(DeclarationError, match=r"reader: .*got 'csv'"):
        _ = retailer.declaration


def test_a_process_with_sessions_of_spark_connect_cannot_have_one_without(
    engine: EmbeddedEngine,
) -> None:
    engine.spark()
    with pytest.raises(UsageError, match="Do: use that engine in a process of its own"):
        LocalSparkSession().spark()
