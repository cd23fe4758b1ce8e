"""`--profile` shows what each stage of a run cost, on every engine, and belongs to that run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import deltalake
import pytest
from pyspark.sql.connect.client import SparkConnectClient

from sales_pipeline.commit_points import in_background, together
from sales_pipeline.profile import Profile, collected_in, statement
from tests.cli.conftest import Call
from tests.cli.lyon import declare_lyon

SALES = "id,day,item,units,total\n1,2025-01-02,Thé vert,1,3.50\n2,2025-01-03,Thé vert,2,7.00\n"
RUN_COMMANDS = [
    ["run"],
    ["rebuild"],
    ["accept"],
    ["release"],
    ["withdraw"],
    ["quarantine", "replay"],
]


def _run(call: Call, *arguments: str) -> dict[str, Any]:
    said = call(*arguments, "--json")
    assert said.code == 0, said.err
    document: dict[str, Any] = json.loads(said.out)
    return document


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.long
def test_the_profile_of_the_sample_counts_what_its_run_did(in_folder: Path, call: Call) -> None:
    document = _run(call, "run", "--sample", "--profile")
    stages = document["profile"]["stages"]
    counts = [tuple(value for name, value in cost.items() if name != "seconds") for cost in stages]
    assert counts == [
        # stage, rows, bytes, commits, statements
        ("open", 0, 0, 0, 0),
        ("discover", 0, 357_546, 0, 0),
        ("start", 0, 0, 19, 22),
        ("bronze", 6_292, 352_276, 3, 3),
        ("silver", 6_292, 352_276, 7, 26),
        ("gold", 0, 0, 8, 18),
        ("archive", 0, 0, 2, 5),
    ]
    assert sum(cost["seconds"] for cost in stages) >= document["seconds"]
    slowest = document["profile"]["slowest"]
    seconds = [step["seconds"] for step in slowest]
    assert seconds == sorted(seconds, reverse=True)
    assert {step["stage"] for step in slowest} <= {cost["stage"] for cost in stages}


@pytest.mark.long
def test_the_commits_of_a_profile_are_the_versions_of_the_tables(
    in_folder: Path, call: Call
) -> None:
    stages = _run(call, "run", "--sample", "--profile")["profile"]["stages"]
    versions = [*in_folder.glob("lakehouse/*/*/_delta_log/*.json")]
    assert sum(cost["commits"] for cost in stages) == len(versions)


def test_every_request_to_the_engine_is_a_statement_of_the_profile(
    in_folder: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests: list[str] = []

    def counted(owner: Any, name: str) -> None:
        real = getattr(owner, name)

        def called(*given: Any, **named: Any) -> Any:
            requests.append(name)
            return real(*given, **named)

        monkeypatch.setattr(owner, name, called)

    counted(SparkConnectClient, "_execute_and_fetch_as_iterator")
    counted(deltalake, "write_deltalake")
    counted(deltalake.QueryBuilder, "execute")
    counted(deltalake.DeltaTable, "create")
    declare_lyon(in_folder, {"lyon/a.csv": SALES})
    stages = _run(call, "run", "--profile")["profile"]["stages"]
    assert {*requests} == {"_execute_and_fetch_as_iterator", "write_deltalake", "execute", "create"}
    assert sum(cost["statements"] for cost in stages) == len(requests)


@pytest.mark.long
def test_text_shows_stages_before_the_report_and_its_line_for_grep_last(
    in_folder: Path, call: Call
) -> None:
    declare_lyon(in_folder, {"lyon/a.csv": SALES})
    out = call("run", "--profile").out
    places = [out.index(text) for text in ("Where the time went", "What took longest", "What came")]
    assert places == sorted(places)
    assert out.splitlines()[-1].startswith("run=")
    assert "Where the time went" in call("rebuild", "--profile").out


def test_without_the_option_a_run_has_no_profile(
    in_folder: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Profile, "add", None)
    declare_lyon(in_folder, {"lyon/a.csv": SALES})
    assert "profile" not in _run(call, "run")


@pytest.mark.parametrize("command", RUN_COMMANDS, ids=" ".join)
def test_every_command_that_runs_the_pipeline_takes_it(command: list[str], call: Call) -> None:
    assert "--profile" in call(*command, "--help").out


def test_a_profile_has_the_statements_of_all_threads_of_its_run_and_of_no_other() -> None:
    def ask() -> None:
        with statement("read a table"):
            pass

    profile, other = Profile(), Profile()
    with collected_in(profile):
        together([ask, ask, ask], at_once=2)
        in_background(ask).join()
        with collected_in(other):
            ask()
    ask()
    assert [cost.statements for cost in profile.stages] == [4]
    assert [cost.statements for cost in other.stages] == [1]


def test_a_statement_that_fails_is_counted_and_its_error_goes_on() -> None:
    profile = Profile()
    with collected_in(profile), pytest.raises(ValueError, match="no"), statement("read a table"):
        raise ValueError("no")
    assert [step.what for step in profile.slowest] == ["read a table"]
