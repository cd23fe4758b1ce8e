"""Whatever the network and the workspace do, one run is started and nothing false is said of it."""

from __future__ import annotations

import socket

import pytest

from sales_pipeline.databricks.waiting import Pace
from sales_pipeline.errors import PipelineError, UsageError, WorkspaceRefused
from tests.databricks.conftest import COMMIT, GateOf
from tests.databricks.fake_workspace import (
    CANCEL,
    GET_JOB,
    GET_RUN,
    HANG,
    HTML,
    LOST,
    OUTPUT,
    PAT,
    RUN_NOW,
    FakeWorkspace,
    state,
    task,
)

BRIEF = Pace(reply_seconds=0.2, cancel_seconds=0.2)
RUNNING = [state("RUNNING")]


def test_the_run_is_asked_for_with_the_commit_a_token_and_a_queue(
    workspace: FakeWorkspace, gate: GateOf
) -> None:
    gate()
    [request] = workspace.asked(RUN_NOW)
    token = request.body.pop("idempotency_token")
    assert 32 <= len(token) <= 64
    assert request.body == {
        "job_id": 7, "job_parameters": {"commit": COMMIT}, "queue": {"enabled": True},
    }  # fmt: skip


@pytest.mark.parametrize("endpoint", [GET_JOB, RUN_NOW, GET_RUN])
@pytest.mark.parametrize("faults", [[429, 503], [LOST], [LOST, LOST, 503]])
def test_a_workspace_that_stumbles_still_runs_the_job_once(
    endpoint: str, faults: list[int | str], workspace: FakeWorkspace, gate: GateOf
) -> None:
    workspace.faults[endpoint] = faults
    assert gate().exit_code == 0
    assert list(workspace.runs.values()) == [900]
    assert len(workspace.asked(endpoint)) > len(faults) or endpoint != RUN_NOW


def test_a_reply_to_run_now_that_is_lost_after_its_effect_starts_no_second_run(
    workspace: FakeWorkspace, gate: GateOf
) -> None:
    workspace.faults[RUN_NOW] = [LOST]
    verdict = gate()
    assert (verdict.exit_code, verdict.run_id) == (0, 900)
    assert len(workspace.asked(RUN_NOW)) == 2
    assert len(workspace.runs) == 1


def test_a_start_that_hangs_is_asked_for_again_with_the_same_token(
    workspace: FakeWorkspace,
) -> None:
    gate = GateOf(pace=BRIEF)
    workspace.faults[RUN_NOW] = [HANG]
    assert gate().exit_code == 0
    assert len(workspace.asked(RUN_NOW)) == 2
    assert len(workspace.runs) == 1
    assert "no reply within 0 s; asking again, with the same token" in gate.told


def test_a_start_that_is_never_answered_says_that_nobody_knows(
    workspace: FakeWorkspace,
) -> None:
    gate = GateOf(pace=Pace(start_seconds=20))
    workspace.faults[RUN_NOW] = [503] * 1000
    with pytest.raises(PipelineError, match="Nobody knows whether the run started") as caught:
        gate()
    assert caught.value.exit_code == 1
    assert f"look at {workspace.host}/jobs/7" in str(caught.value)


@pytest.mark.parametrize("faults", [[500, 502], [HTML], [503] * 30])
def test_trouble_while_a_run_is_followed_is_told_once_and_waited_out(
    faults: list[int | str], workspace: FakeWorkspace, gate: GateOf
) -> None:
    workspace.faults[GET_RUN] = faults
    assert gate().exit_code == 0
    assert len([line for line in gate.told if line.endswith("; asking again")]) in (1, 2)


def test_a_connection_that_hangs_while_a_run_is_followed_is_given_up(
    workspace: FakeWorkspace,
) -> None:
    gate = GateOf(pace=BRIEF)
    workspace.faults[GET_RUN] = [HANG]
    assert gate().exit_code == 0


def test_a_workspace_that_falls_silent_for_good_fails_in_time(
    workspace: FakeWorkspace, gate: GateOf
) -> None:
    workspace.faults[GET_RUN] = [503] * 10_000
    verdict = gate(timeout=60)
    assert verdict.exit_code == 1
    assert "not at its end after 1:00 (it was never seen); it goes on at " in verdict.message
    assert verdict.page == f"{workspace.host}/jobs/7/runs/900"


@pytest.mark.parametrize(("status", "code"), [(401, 2), (403, 2), (404, 2), (400, 2)])
def test_a_refusal_before_the_start_is_wrong_usage(
    status: int, code: int, workspace: FakeWorkspace, gate: GateOf
) -> None:
    for endpoint in (GET_JOB, RUN_NOW):
        workspace.faults[endpoint] = [status]
        with pytest.raises(UsageError) as caught:
            gate()
        assert caught.value.exit_code == code
        assert "Do: check" in str(caught.value)
        assert PAT not in str(caught.value)
    assert workspace.runs == {}


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_expires_while_a_run_is_followed_fails_and_says_where_it_goes_on(
    status: int, workspace: FakeWorkspace, gate: GateOf
) -> None:
    workspace.states = [*RUNNING, *RUNNING, state("TERMINATED", "SUCCESS")]
    workspace.hooks[GET_RUN] = lambda nth: workspace.faults[GET_RUN].extend(
        [status] if nth == 2 else []
    )
    verdict = gate()
    assert verdict.exit_code == 1
    assert verdict.message.startswith(f"lost sight of it: run 900: fault {status}")
    assert f"it goes on at {workspace.host}/?o=42#job/7/run/900" in verdict.message
    assert PAT not in verdict.message


def test_a_token_that_the_workspace_does_not_know_starts_nothing(
    workspace: FakeWorkspace, gate: GateOf
) -> None:
    workspace.bearers = {"another"}
    with pytest.raises(UsageError, match="Invalid token") as caught:
        gate()
    assert PAT not in str(caught.value)
    assert workspace.asked(RUN_NOW) == []


def test_a_run_that_never_ends_fails_and_goes_on(workspace: FakeWorkspace, gate: GateOf) -> None:
    workspace.states = RUNNING
    verdict = gate(timeout=90)
    assert verdict.exit_code == 1
    page = f"{workspace.host}/?o=42#job/7/run/900"
    assert verdict.message == (f"not at its end after 1:30 (it was RUNNING); it goes on at {page}")
    assert verdict.seconds == 90
    assert workspace.cancelled == []


def test_a_run_that_never_ends_is_cancelled_where_that_is_asked(
    workspace: FakeWorkspace, gate: GateOf
) -> None:
    workspace.states = RUNNING
    verdict = gate(timeout=60, cancel_on_stop=True)
    assert verdict.exit_code == 1
    assert "its cancellation is asked for" in verdict.message
    assert workspace.cancelled == [900]


@pytest.mark.parametrize("fault", [403, HANG])
def test_a_run_that_cannot_be_cancelled_is_said_to_go_on(
    fault: int | str, workspace: FakeWorkspace
) -> None:
    workspace.states = RUNNING
    workspace.faults[CANCEL] = [fault]
    verdict = GateOf(pace=Pace(cancel_seconds=0.2))(timeout=60, cancel_on_stop=True)
    assert "it could not be cancelled and goes on at " in verdict.message
    assert workspace.cancelled == []


def test_a_run_that_ends_well_is_never_cancelled(workspace: FakeWorkspace, gate: GateOf) -> None:
    gate(cancel_on_stop=True)
    assert workspace.cancelled == []


def test_a_host_where_nobody_listens_is_wrong_usage(
    monkeypatch: pytest.MonkeyPatch, workspace: FakeWorkspace
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        host = f"http://127.0.0.1:{unused.getsockname()[1]}"
    monkeypatch.setenv("DATABRICKS_HOST", host)
    # The first request of databricks-sdk does not go by our clock.
    gate = GateOf(pace=Pace(discovery_seconds=1))
    with pytest.raises(WorkspaceRefused, match="check DATABRICKS_HOST; no run was started"):
        gate()
    assert gate.waiting.clock.passed < 20


def test_a_host_that_is_no_workspace_is_wrong_usage(workspace: FakeWorkspace, gate: GateOf) -> None:
    workspace.faults[GET_JOB] = [HTML]
    with pytest.raises(WorkspaceRefused, match="check DATABRICKS_HOST; no run was started"):
        gate()


def test_a_host_that_hangs_is_wrong_usage(workspace: FakeWorkspace) -> None:
    workspace.faults[GET_JOB] = [HANG]
    with pytest.raises(WorkspaceRefused, match="no reply within"):
        GateOf(pace=Pace(contact_seconds=0.5))()


def test_failed_tasks_are_named_with_their_error_and_trace(
    workspace: FakeWorkspace, gate: GateOf
) -> None:
    workspace.states = [state("TERMINATED", "FAILED", "RUN_EXECUTION_ERROR", "Task lint failed.")]
    workspace.tasks = [
        task(1, "build"),
        task(2, "publish", **state("TERMINATED", "UPSTREAM_FAILED")),
        task(3, "lint", attempt_number=0, **state("TERMINATED", "FAILED")),
        task(4, "lint", attempt_number=1, **state("TERMINATED", "FAILED", message="Exit 1.")),
        task(5, "retried", attempt_number=1, **state("TERMINATED", "SUCCESS")),
        task(6, "retried", attempt_number=0, **state("TERMINATED", "FAILED")),
        task(8, "not this time", **state("TERMINATED", "EXCLUDED")),
    ]
    trace = "\x1b[0;31mTraceback\x1b[0m\n  line 1"
    workspace.outputs = {4: {"error": "ValueError: no", "error_trace": trace}}
    verdict = gate()
    assert verdict.message == (
        "TERMINATED; result FAILED; RUN_EXECUTION_ERROR: a task failed; Task lint failed."
    )
    lint, publish = verdict.failed
    assert (lint.task, lint.run_id, lint.result, lint.error) == (
        "lint",
        4,
        "FAILED",
        "ValueError: no",
    )
    assert lint.trace == "Traceback\n  line 1"
    assert (publish.task, publish.error) == ("publish", "")
    assert [request.query["run_id"] for request in workspace.asked(OUTPUT)] == ["4"]


def test_the_tasks_of_all_pages_are_looked_at(workspace: FakeWorkspace, gate: GateOf) -> None:
    workspace.ends(result="FAILED")
    workspace.tasks = [task(number, f"t{number}") for number in range(249)]
    workspace.tasks.append(task(249, "the last", **state("TERMINATED", "FAILED")))
    workspace.outputs = {249: {"error": "ValueError: no"}}
    [failed] = gate().failed
    assert (failed.task, failed.error) == ("the last", "ValueError: no")


def test_a_task_whose_output_cannot_be_read_is_named_all_the_same(
    workspace: FakeWorkspace, gate: GateOf
) -> None:
    workspace.ends(result="FAILED")
    workspace.tasks = [task(1, "lint", **state("TERMINATED", "FAILED"))]
    workspace.faults[OUTPUT] = [400]
    [failed] = gate().failed
    assert failed.error.startswith("(its output cannot be read: run 1: output: fault 400")


def test_the_verdict_stands_where_the_tasks_cannot_be_read(
    workspace: FakeWorkspace, gate: GateOf
) -> None:
    workspace.ends(result="FAILED")
    workspace.hooks[GET_RUN] = lambda nth: workspace.faults[GET_RUN].extend(
        [403] if nth == 2 else []
    )
    verdict = gate()
    assert (verdict.exit_code, verdict.failed) == (1, ())
    assert "the failed tasks cannot be read: run 900: fault 403" in "\n".join(gate.told)
