"""`sales-pipeline databricks test`: its options, what it prints, and its exit codes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sales_pipeline.cli import databricks as command
from sales_pipeline.databricks.run_start import current_commit, idempotency_token
from sales_pipeline.databricks.waiting import Pace
from tests.cli.conftest import ROOT, loaded_by, python_in
from tests.databricks.conftest import COMMIT, Call
from tests.databricks.fake_workspace import (
    GET_JOB,
    GET_RUN,
    HANG,
    RUN_NOW,
    FakeWorkspace,
    state,
    task,
)

SIGNALS = [(signal.SIGINT, "Ctrl-C", 130), (signal.SIGTERM, "SIGTERM", 143)]
CI = {"GITHUB_REPOSITORY": "org/shop", "GITHUB_RUN_ID": "5", "GITHUB_RUN_ATTEMPT": "1"}


def test_success_is_told_with_its_page_and_exit_code_0(
    call: Call, workspace: FakeWorkspace
) -> None:
    result = call()
    page = f"{workspace.host}/?o=42#job/7/run/900"
    assert result.code == 0
    assert result.err.splitlines() == [
        f"workspace: {workspace.host}",
        "job 7 (tests): run 900", f"page: {page}", "  0:00  TERMINATED SUCCESS",
    ]  # fmt: skip
    assert result.out == f"outcome=success run=900 seconds=0 page={page}\n"


def test_failure_is_told_with_error_and_trace_and_exit_code_1(
    call: Call, workspace: FakeWorkspace
) -> None:
    workspace.ends(result="FAILED")
    workspace.tasks = [task(1, "lint", **state("TERMINATED", "FAILED", message="Exit 1."))]
    trace = "\n".join(f"line {number}" for number in range(100))
    workspace.outputs = {1: {"error": "ValueError: \x1b[2Jno", "error_trace": trace}}
    result = call()
    assert result.code == 1
    lines = result.out.splitlines()
    assert lines[0] == "task lint: TERMINATED; result FAILED; Exit 1."
    assert lines[1] == "  ValueError: no"
    assert lines[2] == "  ... (40 lines before)"
    assert lines[-3] == "  line 99"
    assert lines[-2] == "run 900: TERMINATED; result FAILED"
    assert lines[-1].startswith("outcome=failure run=900 seconds=0 page=http")


def test_many_failed_tasks_are_shown_in_part(call: Call, workspace: FakeWorkspace) -> None:
    workspace.ends(result="FAILED")
    failed = state("TERMINATED", "FAILED")
    workspace.tasks = [task(number, f"t{number}", **failed) for number in range(8)]
    result = call()
    assert "and 3 more tasks of the same run" in result.out
    assert len(json.loads(call("--json").out)["failed_tasks"]) == 8


def test_json_is_one_document_with_stable_keys(call: Call, workspace: FakeWorkspace) -> None:
    workspace.states = [state("TERMINATED", "FAILED", "DRIVER_ERROR", "Gone.")]
    workspace.tasks = [task(1, "lint", **state("TERMINATED", "TIMEDOUT"))]
    document = json.loads(call("--json").out)
    assert document.pop("seconds") >= 0
    assert document == {
        "outcome": "failure",
        "exit_code": 1,
        "job_id": 7,
        "job": "tests",
        "run_id": 900,
        "page": f"{workspace.host}/?o=42#job/7/run/900",
        "life_cycle": "TERMINATED",
        "result": "FAILED",
        "termination_code": "DRIVER_ERROR",
        "message": "TERMINATED; result FAILED; DRIVER_ERROR: the Spark driver was lost, often "
        "because memory ran out; Gone.",
        "failed_tasks": [
            {
                "task": "lint",
                "run_id": 1,
                "page": "",
                "result": "TIMEDOUT",
                "message": "TERMINATED; result TIMEDOUT",
                "error": "",
                "trace": "",
            }
        ],
    }


def test_a_job_is_found_by_its_name(call: Call, workspace: FakeWorkspace) -> None:
    workspace.names = {7: "tests", 8: "Tests", 9: "tests of others"}
    assert call(job=("--job-name", "tests")).code == 0
    assert workspace.asked(RUN_NOW)[0].body["job_id"] == 7


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("twice", "2 jobs are called 'twice': 'twice' (8), 'twice' (9). Do: give --job-id"),
        ("Sales_Tests", "no job is called 'Sales_Tests'. Did you mean 'sales_tests' (10)?"),
        ("sales_test", "no job is called 'sales_test'. Did you mean 'sales_tests' (10)"),
        ("other", "no job is called 'other'. Did you mean '[dev me] others' (11)?"),
        ("zzzz", "no job is called 'zzzz'. Do: give --job-id"),
    ],
)
def test_a_name_that_is_not_that_of_one_job_lists_candidates(
    name: str, message: str, call: Call, workspace: FakeWorkspace
) -> None:
    workspace.names = {8: "twice", 9: "twice", 10: "sales_tests", 11: "[dev me] others"}
    answer = call(job=("--job-name", name))
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.splitlines()[1].startswith(f"--job-name: {message}")
    assert workspace.asked(RUN_NOW) == []


def test_a_job_that_does_not_exist_is_wrong_usage(call: Call, workspace: FakeWorkspace) -> None:
    result = call(job=("--job-id", "99"))
    assert result.code == 2
    assert "\njob 99: Job 99 does not exist. Do: check the job" in result.err


def test_a_job_that_declares_no_commit_is_run_with_a_warning(
    call: Call, workspace: FakeWorkspace
) -> None:
    workspace.parameters = ()
    result = call()
    assert result.code == 0
    assert "\njob 7: declares no parameter commit" in result.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--param", "tests"],
        ["--param", "=tests"],
        ["--param", "commit=x"],
        ["--param", "a=1", "--param", "a=2"],
        ["--job-name", "tests"],
        ["--timeout", "0"],
        ["--timeout", "-5"],
        ["--timeout", "1d"],
        ["--timeout", "soon"],
    ],
)
def test_a_wrong_command_line_asks_nothing_of_the_workspace(
    arguments: list[str], call: Call, workspace: FakeWorkspace
) -> None:
    assert call(*arguments).code == 2
    assert workspace.requests == []


def test_one_of_number_and_name_is_needed(call: Call) -> None:
    assert call(job=()).err == "--job-id, --job-name: give one of them\n"


def test_further_parameters_reach_the_run(call: Call, workspace: FakeWorkspace) -> None:
    call("--param", "tests=tests/cli", "--param", "where=a=b")
    parameters = workspace.asked(RUN_NOW)[0].body["job_parameters"]
    assert parameters == {"commit": COMMIT, "tests": "tests/cli", "where": "a=b"}


@pytest.mark.parametrize(("number", "name", "code"), SIGNALS)
@pytest.mark.parametrize("cancel", [True, False])
def test_a_signal_ends_the_gate_and_cancels_the_run_where_that_is_asked(
    number: signal.Signals,
    name: str,
    code: int,
    cancel: bool,  # noqa: FBT001 -- a parameter of the test
    call: Call,
    workspace: FakeWorkspace,
) -> None:
    workspace.states = [state("RUNNING")]
    workspace.hooks[GET_RUN] = lambda nth: os.kill(os.getpid(), number) if nth == 3 else None
    result = call("--json", *(["--cancel-on-stop"] if cancel else []))
    assert result.code == code
    document = json.loads(result.out)
    assert document["exit_code"] == code
    becomes = "its cancellation is asked for: " if cancel else "it goes on at "
    assert document["message"] == f"stopped by {name}; {becomes}{document['page']}"
    assert workspace.cancelled == ([900] if cancel else [])


def test_a_signal_ends_a_long_pause_and_a_connection_that_hangs(
    call: Call, workspace: FakeWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "PACE", Pace(poll_seconds=300))
    workspace.states = [state("RUNNING")]
    workspace.faults[GET_RUN] = [HANG]
    workspace.hooks[GET_RUN] = lambda _: os.kill(os.getpid(), signal.SIGTERM)
    assert call().code == 143


def test_a_signal_before_the_start_starts_nothing(call: Call, workspace: FakeWorkspace) -> None:
    workspace.hooks[GET_JOB] = lambda _: os.kill(os.getpid(), signal.SIGINT)
    result = call("--cancel-on-stop")
    assert result.code == 130
    assert "stopped by Ctrl-C, before a run was started. Do: the same again" in result.err
    assert workspace.asked(RUN_NOW) == []


def test_a_signal_at_the_start_waits_for_the_number_of_the_run(
    call: Call, workspace: FakeWorkspace
) -> None:
    workspace.states = [state("RUNNING")]
    workspace.hooks[RUN_NOW] = lambda _: os.kill(os.getpid(), signal.SIGTERM)
    result = call("--cancel-on-stop")
    assert result.code == 143
    assert workspace.cancelled == [900]


def test_a_signal_while_the_start_is_not_answered_says_that_nobody_knows(
    call: Call, workspace: FakeWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "PACE", Pace(reply_seconds=0.5))
    workspace.faults[RUN_NOW] = [HANG]
    workspace.hooks[RUN_NOW] = lambda _: os.kill(os.getpid(), signal.SIGTERM)
    result = call()
    assert result.code == 143
    assert "stopped by SIGTERM, when it was not known whether the run had started" in result.err


@pytest.mark.parametrize(("number", "name", "code"), SIGNALS[:1])
def test_ctrl_c_on_a_process_of_its_own_cancels_the_run(
    number: signal.Signals, name: str, code: int, workspace: FakeWorkspace, tmp_path: Path
) -> None:
    workspace.states = [state("RUNNING")]
    arguments = ["databricks", "test", "--job-id", "7", "--commit", COMMIT, "--cancel-on-stop"]
    process = subprocess.Popen(
        [sys.executable, "-m", "sales_pipeline", *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stderr
    assert any(line.endswith("RUNNING\n") for line in process.stderr)
    process.send_signal(number)
    out, err = process.communicate()
    assert process.returncode == code
    assert err == f"{name}: stopping; again to end at once\n"
    assert "outcome=failure" in out
    assert workspace.cancelled == [900]


def test_the_commit_is_that_of_ci_else_the_one_that_is_checked_out(tmp_path: Path) -> None:
    assert current_commit({"GITHUB_SHA": "abc"}, tmp_path) == "abc"
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(tmp_path)]
    for arguments in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "One"]):
        subprocess.run([*git, *arguments], check=True)
    commit = current_commit({}, tmp_path)
    assert len(commit) == 40


def test_without_any_commit_it_has_to_be_given(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)
    result = call("--commit", "")
    assert result.code == 2
    assert result.err.startswith("--commit: no GITHUB_SHA")


def test_the_token_is_the_same_for_the_same_try_of_ci_and_differs_for_all_else() -> None:
    parameters = {"commit": COMMIT}
    token = idempotency_token(CI, 7, parameters)
    assert token == idempotency_token(CI, 7, dict(parameters))
    other_tokens = [
        idempotency_token(CI | {"GITHUB_RUN_ATTEMPT": "2"}, 7, parameters),
        idempotency_token(CI | {"GITHUB_RUN_ID": "6"}, 7, parameters),
        idempotency_token(CI, 8, parameters),
        idempotency_token(CI, 7, parameters | {"tests": "x"}),
        idempotency_token({"GITHUB_RUN_ID": "5"}, 7, parameters),
        idempotency_token({}, 7, parameters),
        idempotency_token({}, 7, parameters),
    ]
    assert len({token, *other_tokens}) == 8
    assert {len(text) for text in (token, *other_tokens)} == {64}


@pytest.mark.parametrize("again", [CI, {}])
def test_a_step_that_ci_repeats_gets_the_run_that_it_had(
    again: dict[str, str],
    call: Call,
    workspace: FakeWorkspace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in again.items():
        monkeypatch.setenv(name, value)
    call()
    call()
    assert len(workspace.runs) == (1 if again else 2)


def test_databricks_sdk_is_imported_by_nothing_but_the_gate_at_work(tmp_path: Path) -> None:
    commands = [["--help"], ["databricks", "test", "--help"], ["databricks", "test"], ["show"]]
    heavy = ("databricks", "requests", "pyspark")
    assert loaded_by(tmp_path, *commands, heavy=heavy) == "{}"


def test_without_the_extra_it_is_named(tmp_path: Path) -> None:
    arguments = ["databricks", "test", "--job-id", "7", "--commit", COMMIT]
    code = (
        "import sys\n"
        "sys.modules['databricks'] = None\n"
        "from sales_pipeline.cli.app import main\n"
        f"main({arguments})\n"
    )
    result = python_in(tmp_path, "-c", code)
    assert result.code == 2
    assert result.err == (
        "databricks-sdk is not installed, and the gate needs it. "
        "Do: pip install 'sales-pipeline[databricks]'\n"
    )


@pytest.mark.parametrize("page", [".github/workflows/ci.yml", "docs/databricks.md", "README.md"])
def test_every_option_of_the_gate_that_is_written_somewhere_is_there(page: str, call: Call) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if "sales-pipeline databricks test" in line]
    known = call("--help").out
    assert lines
    assert [
        option for line in lines for option in re.findall("--[a-z-]+", line) if option not in known
    ] == []
