"""Only TERMINATED with SUCCESS passes the gate, whatever else a run may say of itself."""

from __future__ import annotations

from typing import Any

import pytest
from databricks.sdk.service import jobs

from sales_pipeline.databricks.verdict import IN_WORDS, run_state
from tests.databricks.conftest import GateOf
from tests.databricks.fake_workspace import GET_RUN, FakeWorkspace, state, task

RESULTS = [result.value for result in jobs.RunResultState]
CODES = [code.value for code in jobs.TerminationCodeCode]


def test_terminated_with_success_passes(workspace: FakeWorkspace, gate: GateOf) -> None:
    verdict = gate()
    assert (verdict.exit_code, verdict.message, verdict.failed) == (0, "", ())


@pytest.mark.parametrize("result", [result for result in RESULTS if result != "SUCCESS"])
def test_every_other_result_fails_with_its_name(
    result: str, workspace: FakeWorkspace, gate: GateOf
) -> None:
    workspace.ends(result=result)
    verdict = gate()
    assert verdict.exit_code == 1
    assert f"result {result}" in verdict.message
    assert "not a known" not in verdict.message


@pytest.mark.parametrize("life_cycle", ["SKIPPED", "INTERNAL_ERROR"])
@pytest.mark.parametrize("result", [None, *RESULTS])
def test_every_other_end_fails_even_with_the_result_success(
    life_cycle: str, result: str | None, workspace: FakeWorkspace, gate: GateOf
) -> None:
    workspace.ends(life_cycle=life_cycle, result=result)
    verdict = gate()
    assert verdict.exit_code == 1
    assert verdict.message.startswith(f"{life_cycle}; ")


def test_terminated_without_a_result_fails(workspace: FakeWorkspace, gate: GateOf) -> None:
    workspace.ends(result=None)
    assert gate().message == "TERMINATED; no result"


def test_a_result_that_nobody_knows_fails_with_its_text(
    workspace: FakeWorkspace, gate: GateOf
) -> None:
    workspace.ends(result="SUCCESS_OF_SORTS")
    verdict = gate()
    assert verdict.exit_code == 1
    assert verdict.message == "TERMINATED; result SUCCESS_OF_SORTS (not a known result)"


def test_an_end_that_nobody_knows_fails_with_its_text(
    workspace: FakeWorkspace, gate: GateOf
) -> None:
    workspace.states = [state("EVAPORATED", "SUCCESS")]
    assert gate().message == "EVAPORATED (not a known life cycle); result SUCCESS"


@pytest.mark.parametrize(
    "end", [{"end_time": 1_700_000_000_000}, {"status": {"state": "TERMINATED"}}]
)
def test_an_end_without_any_life_cycle_fails(
    end: dict[str, object], workspace: FakeWorkspace, gate: GateOf
) -> None:
    workspace.states = [end]
    assert gate().exit_code == 1


def test_a_life_cycle_that_nobody_knows_and_that_goes_on_fails_when_time_is_over(
    workspace: FakeWorkspace, gate: GateOf
) -> None:
    workspace.states = [state("HIBERNATING")]
    verdict = gate(timeout=60)
    assert verdict.exit_code == 1
    assert "not at its end after 1:00 (it was HIBERNATING); it goes on at " in verdict.message


def test_a_life_cycle_that_nobody_knows_may_come_before_success(
    workspace: FakeWorkspace, gate: GateOf
) -> None:
    workspace.states = [state("HIBERNATING"), state("TERMINATED", "SUCCESS")]
    assert gate().exit_code == 0


@pytest.mark.parametrize("code", [*(code for code in CODES if code != "SUCCESS"), "NEW_CODE"])
def test_a_termination_code_counts_more_than_the_result(
    code: str, workspace: FakeWorkspace, gate: GateOf
) -> None:
    workspace.states = [state("TERMINATED", "SUCCESS", code)]
    verdict = gate()
    assert verdict.exit_code == 1
    assert (IN_WORDS.get(code) or f"termination code {code}") in verdict.message


def test_the_termination_code_success_passes(workspace: FakeWorkspace, gate: GateOf) -> None:
    workspace.states = [state("TERMINATED", "SUCCESS", "SUCCESS")]
    assert gate().exit_code == 0


def ended(state: dict[str, Any], **details: str) -> dict[str, Any]:
    """A run, a task or a repair that has ended, with termination details."""
    status = {"state": "TERMINATED", "termination_details": details}
    return {"state": {"life_cycle_state": "TERMINATED", "result_state": "SUCCESS"} | state} | {
        "status": status
    }


CONTRADICTED = [
    (ended({}, code="SUCCESS", type="CLIENT_ERROR"), "termination type CLIENT_ERROR"),
    (ended({}, code="SUCCESS", type="A_NEW_TYPE"), "termination type A_NEW_TYPE"),
    (ended({}, type="INTERNAL_ERROR"), "termination type INTERNAL_ERROR"),
    (ended({}, code="CANCELED", type="SUCCESS"), "termination code CANCELED"),
    (ended({"user_cancelled_or_timedout": True}, code="SUCCESS"), "cancelled or timed out"),
    (state("TERMINATED", "SUCCESS") | {"status": {"state": "RUNNING"}}, "status RUNNING"),
    (ended({"result_state": "FAILED"}, code="SUCCESS"), "termination code SUCCESS"),
]


@pytest.mark.parametrize(("reply", "named"), CONTRADICTED)
def test_a_result_and_a_termination_that_contradict_each_other_fail(
    reply: dict[str, Any], named: str, workspace: FakeWorkspace, gate: GateOf
) -> None:
    workspace.states = [reply]
    verdict = gate()
    assert verdict.exit_code == 1
    assert f"; {named}" in verdict.message
    assert verdict.message.endswith("; these contradict each other")


@pytest.mark.parametrize("reply", [reply for reply, _ in CONTRADICTED])
def test_a_task_that_contradicts_itself_fails_a_run_that_says_success(
    reply: dict[str, Any], workspace: FakeWorkspace, gate: GateOf
) -> None:
    workspace.tasks = [task(1, "lint"), task(2, "suite", **reply)]
    verdict = gate()
    assert verdict.exit_code == 1
    assert verdict.message.startswith(
        "TERMINATED SUCCESS, which is contradicted by task suite (TERMINATED; result "
    )
    assert [failed.task for failed in verdict.failed] == ["suite"]


@pytest.mark.parametrize(
    "task_reply",
    [
        *(
            state("TERMINATED", result)
            for result in RESULTS
            if result not in ("SUCCESS", "EXCLUDED")
        ),
        *(state(life_cycle) for life_cycle in ("SKIPPED", "RUNNING", "PENDING", "TERMINATED")),
        *(state(life_cycle, "SUCCESS") for life_cycle in ("SKIPPED", "INTERNAL_ERROR", "RUNNING")),
        state("INTERNAL_ERROR", "EXCLUDED"),
        ended({"result_state": "EXCLUDED"}, code="DRIVER_ERROR", type="CLIENT_ERROR"),
        ended({"result_state": "EXCLUDED"}, code="SKIPPED", type="INTERNAL_ERROR"),
        {"end_time": 1_700_000_000_000},
    ],
)
def test_a_run_that_says_success_fails_because_of_any_task_that_does_not(
    task_reply: dict[str, Any], workspace: FakeWorkspace, gate: GateOf
) -> None:
    workspace.tasks = [task(1, "lint"), task(2, "suite", **task_reply)]
    verdict = gate()
    assert verdict.exit_code == 1
    assert "which is contradicted by task suite (" in verdict.message


@pytest.mark.parametrize(
    "task_reply",
    [
        state("TERMINATED", "EXCLUDED"),
        state("SKIPPED", "EXCLUDED"),
        state("TERMINATED", "EXCLUDED", "SKIPPED"),
    ],
)
def test_a_task_that_a_condition_left_out_contradicts_nothing_unless_all_are(
    task_reply: dict[str, Any], workspace: FakeWorkspace, gate: GateOf
) -> None:
    workspace.tasks = [task(1, "lint"), task(2, "only on Mondays", **task_reply)]
    assert gate().exit_code == 0
    workspace.tasks = workspace.tasks[1:]
    verdict = gate()
    assert verdict.exit_code == 1
    assert verdict.message.endswith("contradicted by its tasks, none of which ran")


def test_the_last_attempt_of_a_task_counts(workspace: FakeWorkspace, gate: GateOf) -> None:
    failed, passed = state("TERMINATED", "FAILED"), state("TERMINATED", "SUCCESS")
    workspace.tasks = [
        task(2, "lint", attempt_number=1, **passed),
        task(1, "lint", attempt_number=0, **failed),
    ]
    assert gate().exit_code == 0
    workspace.tasks = [
        task(2, "lint", attempt_number=1, **failed),
        task(1, "lint", attempt_number=0, **passed),
    ]
    assert gate().exit_code == 1


def test_a_failed_task_on_a_later_page_fails_a_run_that_says_success(
    workspace: FakeWorkspace, gate: GateOf
) -> None:
    workspace.tasks = [task(number, f"t{number}") for number in range(249)]
    assert gate().exit_code == 0
    workspace.tasks.append(task(249, "the last", **state("TERMINATED", "FAILED")))
    verdict = gate()
    assert verdict.exit_code == 1
    assert "contradicted by task the last (TERMINATED; result FAILED)" in verdict.message


def test_success_is_not_believed_before_all_tasks_are_read(
    workspace: FakeWorkspace, gate: GateOf
) -> None:
    workspace.tasks = [task(number, f"t{number}") for number in range(101)]
    workspace.hooks[GET_RUN] = lambda nth: workspace.faults[GET_RUN].extend(
        [500] if nth % 2 == 0 else []
    )
    verdict = gate(timeout=60)
    assert verdict.exit_code == 1
    assert "not at its end after 1:00 (it was never seen)" in verdict.message


def repaired(*ends: dict[str, Any]) -> dict[str, Any]:
    """A run that says SUCCESS, whose repairs ended so; the last comes first."""
    history = [{"start_time": number} | end for number, end in enumerate(ends)]
    return state("TERMINATED", "SUCCESS") | {"repair_history": history[::-1]}


@pytest.mark.parametrize(
    "last", [state("TERMINATED", "FAILED"), state("RUNNING"), CONTRADICTED[0][0]]
)
def test_a_repaired_run_passes_only_if_its_last_repair_succeeded(
    last: dict[str, Any], workspace: FakeWorkspace, gate: GateOf
) -> None:
    workspace.states = [repaired(state("TERMINATED", "FAILED"), state("TERMINATED", "SUCCESS"))]
    assert gate().exit_code == 0
    assert workspace.asked(GET_RUN)[0].query["include_history"] == "true"
    workspace.states = [repaired(state("TERMINATED", "SUCCESS"), last)]
    verdict = gate()
    assert verdict.exit_code == 1
    assert "contradicted by its last repair (" in verdict.message


def test_the_newer_status_alone_never_passes() -> None:
    reply = {"status": {"state": "TERMINATED", "termination_details": {"code": "SUCCESS"}}}
    state = run_state(reply)
    assert (state.is_ended, state.is_success) == (True, False)


@pytest.mark.parametrize("nonsense", [{}, {"state": "SUCCESS"}, {"state": None, "status": []}])
def test_a_reply_without_a_state_is_no_end_and_no_success(nonsense: dict[str, object]) -> None:
    state = run_state(nonsense)
    assert (state.is_ended, state.is_success) == (False, False)
    assert state.line() == "no state"


def test_every_word_is_about_a_code_that_there_is() -> None:
    assert set(IN_WORDS) - set(CODES) == set()


def test_a_line_is_told_for_each_change_and_for_nothing_else(
    workspace: FakeWorkspace, gate: GateOf
) -> None:
    queue = {"code": "MAX_CONCURRENT_RUNS_REACHED", "message": "Wait."}
    workspace.states = [
        state("QUEUED") | {"status": {"state": "QUEUED", "queue_details": queue}},
        *([state("PENDING")] * 2),
        *([state("RUNNING")] * 20),
        state("TERMINATING"),
        state("TERMINATED", "SUCCESS"),
    ]
    assert gate().exit_code == 0
    page = f"{workspace.host}/?o=42#job/7/run/900"
    assert gate.told == [
        f"workspace: {workspace.host}",
        "job 7 (tests): run 900",
        f"page: {page}",
        "  0:00  QUEUED: MAX_CONCURRENT_RUNS_REACHED: Wait.",
        "  0:01  PENDING",
        "  0:06  RUNNING",
        "  3:05  TERMINATING",
        "  3:15  TERMINATED SUCCESS",
    ]
    assert len(workspace.asked(GET_RUN)) == 25


def test_a_run_of_another_job_fails_and_is_left_alone(
    workspace: FakeWorkspace, gate: GateOf
) -> None:
    workspace.states = [state("TERMINATED", "SUCCESS") | {"job_id": 8}]
    verdict = gate(cancel_on_stop=True)
    assert (verdict.exit_code, verdict.message) == (1, "it is a run of job 8, not of 7")
    assert workspace.cancelled == []
