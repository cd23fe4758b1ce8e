"""The commands as a wheel task: the entry point returns, or raises, and never ends the process."""

from __future__ import annotations

import io
import json
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from sales_pipeline.cli import task
from sales_pipeline.engines import private_network
from sales_pipeline.version import __version__
from tests.cli.conftest import ROOT
from tests.retailer import Retailer, sale

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def _network_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_network, "_kept", [])


def test_the_platform_finds_the_entry_point_in_whatever_group() -> None:
    groups = PROJECT["project"]["entry-points"]
    [(group, value)] = [
        (group, names["databricks"]) for group, names in groups.items() if "databricks" in names
    ]
    assert EntryPoint("databricks", value, group).load() is task.main


def test_no_script_takes_the_place_of_the_databricks_cli() -> None:
    assert "databricks" not in PROJECT["project"]["scripts"]


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["run", "--help"]])
def test_success_returns_none(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    task.main(arguments)
    assert capfd.readouterr().out


def test_the_parameters_of_the_task_are_those_of_the_process(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["databricks", "--version"])
    task.main()
    assert capfd.readouterr().out == f"sales-pipeline {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["run", "--config", "nope.yaml"], "sales-pipeline run: nope.yaml: no such file"),
        (["nonsense"], "sales-pipeline nonsense: No such command 'nonsense'."),
        (["show", "--top", "0"], "sales-pipeline show: Invalid value for '--top'"),
        (["show", "--csv"], "sales-pipeline show: --csv: holds one answer, got none"),
    ],
)
def test_failure_raises_its_reason_on_one_line_and_prints_it(
    arguments: list[str], reason: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(RuntimeError) as raised:
        task.main(arguments)
    text = str(raised.value)
    assert text.startswith(reason)
    assert "\n" not in text
    assert text.partition(": ")[2] in capfd.readouterr().err


class Page(io.StringIO):
    """The output of a job's page: it takes text alone, and here says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@contextmanager
def on_a_page() -> Iterator[tuple[Page, Page]]:
    """Gives what the page of a job shows of stdout and stderr in the block."""
    with redirect_stdout(Page()) as out, redirect_stderr(Page()) as err:
        yield out, err


@pytest.fixture
def declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Retailer:
    """A retailer with a delivery, and its declaration in the working directory."""
    retailer = Retailer(tmp_path)
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    folders = {"landing": "landing", "lakehouse": "lakehouse"}
    (tmp_path / "config.yaml").write_text(json.dumps({**retailer.declared, **folders}))
    monkeypatch.chdir(tmp_path)
    return retailer


def test_a_run_is_told_on_the_page_without_bars_and_colours(declared: Retailer) -> None:
    with on_a_page() as (out, err):
        task.main(["run"])
        assert sys.stdout is out
        task.main(["show", "global", "--json"])
    assert "outcome=done" in out.getvalue()
    assert '"global"' in out.getvalue()
    assert "start\n" in err.getvalue()
    assert "\x1b" not in out.getvalue() + err.getvalue()
    assert len(declared.rows("silver.sales")) == 1


def test_a_run_that_rejects_a_file_raises(declared: Retailer) -> None:
    declared.deliver_text("lyon/b.csv", "no,sales\n1,2\n")
    reason = "sales-pipeline run: exit code 1; its output says why"
    with on_a_page() as (out, _), pytest.raises(RuntimeError, match=reason):
        task.main(["run"])
    assert "lyon/b.csv" in out.getvalue()
    assert len(declared.rows("silver.sales")) == 1


def test_the_process_stays_in_its_network() -> None:
    task.main(["--version"])
    assert private_network.enter_private_network() is False
    assert private_network.why_not() == "the process belongs to a task of a job"


def test_a_character_that_the_page_cannot_show_ends_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stderr", narrow)
    with pytest.raises(RuntimeError, match=r"thé\.yaml: no such file"):
        task.main(["run", "--config", "thé.yaml"])
    narrow.seek(0)
    assert narrow.read().startswith("th?.yaml: no such file")


@pytest.mark.parametrize("code", [0, None])
def test_a_command_that_ends_the_process_with_success_returns(
    code: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ends(**_: object) -> None:
        raise SystemExit(code)

    monkeypatch.setattr(task, "make_app", lambda *_: ends)
    task.main([])


def test_a_command_that_ends_the_process_with_failure_raises(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def ends(**_: object) -> None:
        raise SystemExit(3)

    monkeypatch.setattr(task, "make_app", lambda *_: ends)
    with pytest.raises(RuntimeError, match="sales-pipeline run: exit code 3"):
        task.main(["run"])
