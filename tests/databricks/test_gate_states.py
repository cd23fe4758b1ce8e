"""Only TERMINATED with SUCCESS passes the gate, whatever else a run may say of itself."""

from __future__ import annotations

import pytest
from databricks.sdk.service import jobs

from sales_pipeline.databricks.run_state import IN_WORDS, run_state
from tests.databricks.conftest import GateOf
from tests.databricks.fake_workspace import GET_RUN, FakeWorkspace, state

RESULTS = [each.value for each in jobs.RunResultState]
CODES = [each.value for each in jobs.TerminationCodeCode]


def test_terminated_with_success_passes(workspace: FakeWorkspace, gate: GateOf) -> None:
    verdict = gate()
    assert (verdict.exit_code, verdict.message, verdict.failed) == (0, "", ())


@pytest.mark.parametrize("result", [each for each in RESULTS if each != "SUCCESS"])
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


@pytest.mark.parametrize("code", [*(each for each in CODES if each != "SUCCESS"), "NEW_CODE"])
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


def test_the_newer_status_alone_never_passes() -> None:
    told = {"status": {"state": "TERMINATED", "termination_details": {"code": "SUCCESS"}}}
    found = run_state(told)
    assert (found.is_ended, found.is_success) == (True, False)


@pytest.mark.parametrize("nonsense", [{}, {"state": "SUCCESS"}, {"state": None, "status": []}])
def test_a_reply_without_a_state_is_no_end_and_no_success(nonsense: dict[str, object]) -> None:
    found = run_state(nonsense)
    assert (found.is_ended, found.is_success) == (False, False)
    assert found.line() == "no state"


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
