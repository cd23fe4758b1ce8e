"""However one authenticates, no secret appears in anything that the gate prints."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from sales_pipeline.cli import databricks as command
from sales_pipeline.databricks.redaction import Secrets
from sales_pipeline.databricks.waiting import Pace
from tests.databricks.conftest import Call
from tests.databricks.fake_workspace import (
    GET_JOB,
    GET_RUN,
    ID_TOKEN,
    OUTPUT,
    PAT,
    RUN_NOW,
    TOKEN,
    FakeWorkspace,
    state,
    task,
)

SECRET = "a client's secret/with+signs"
REQUEST_TOKEN = "the-token-of-the-ci-run"
ALL = (PAT, SECRET, REQUEST_TOKEN, "granted-access-token-1", "eyJ")


@pytest.fixture
def m2m(workspace: FakeWorkspace, monkeypatch: pytest.MonkeyPatch) -> FakeWorkspace:
    """The workspace, entered by a service principal with a secret."""
    monkeypatch.delenv("DATABRICKS_TOKEN")
    monkeypatch.setenv("DATABRICKS_CLIENT_ID", "principal")
    monkeypatch.setenv("DATABRICKS_CLIENT_SECRET", SECRET)
    return workspace


@pytest.fixture
def oidc(workspace: FakeWorkspace, monkeypatch: pytest.MonkeyPatch) -> FakeWorkspace:
    """The workspace, entered by a run of CI without a stored secret."""
    monkeypatch.delenv("DATABRICKS_TOKEN")
    monkeypatch.setenv("DATABRICKS_AUTH_TYPE", "github-oidc")
    monkeypatch.setenv("DATABRICKS_CLIENT_ID", "principal")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", REQUEST_TOKEN)
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", f"{workspace.host}/{ID_TOKEN}?api=2")
    return workspace


def _says_none(call: Call, code: int) -> str:
    result = call("--verbose", "--json")
    text = result.out + result.err
    assert result.code == code, text
    assert [secret for secret in ALL if secret in text] == []
    return text


def test_a_service_principal_with_a_secret_passes(m2m: FakeWorkspace, call: Call) -> None:
    _says_none(call, 0)
    [request] = m2m.asked(TOKEN)
    assert request.body["grant_type"] == "client_credentials"
    assert m2m.asked(RUN_NOW)[0].authorization == "Bearer granted-access-token-1"


def test_a_run_of_ci_without_a_stored_secret_passes(oidc: FakeWorkspace, call: Call) -> None:
    _says_none(call, 0)
    request = oidc.asked(TOKEN)[0]
    assert request.body["grant_type"].endswith("token-exchange")
    assert request.body["subject_token"].startswith("eyJ")
    assert oidc.asked(ID_TOKEN)[0].query["audience"] == f"{oidc.host}/oidc/v1/token"


def test_a_profile_in_a_file_passes(
    workspace: FakeWorkspace, call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "profiles").write_text(f"[ours]\nhost = {workspace.host}\ntoken = {PAT}\n")
    monkeypatch.delenv("DATABRICKS_TOKEN")
    monkeypatch.delenv("DATABRICKS_HOST")
    monkeypatch.setenv("DATABRICKS_CONFIG_FILE", str(tmp_path / "profiles"))
    monkeypatch.setenv("DATABRICKS_CONFIG_PROFILE", "ours")
    _says_none(call, 0)
    monkeypatch.setenv("DATABRICKS_CONFIG_PROFILE", "missing")
    assert "has no missing profile configured" in _says_none(call, 2)


@pytest.mark.parametrize("way", ["m2m", "oidc"])
def test_credentials_that_are_refused_are_wrong_usage(
    way: str, call: Call, request: pytest.FixtureRequest
) -> None:
    workspace: FakeWorkspace = request.getfixturevalue(way)
    workspace.faults[TOKEN] = [401] * 9
    assert "Do: check DATABRICKS_HOST and the credentials" in _says_none(call, 2)
    assert workspace.runs == {}


def test_a_service_principal_at_a_dead_host_is_told_of_the_host(
    m2m: FakeWorkspace, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "PACE", Pace(discovery_seconds=1))
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        host = f"http://127.0.0.1:{unused.getsockname()[1]}"
    monkeypatch.setenv("DATABRICKS_HOST", host)
    text = _says_none(call, 2)
    assert f"Failed to fetch host metadata from {host}" in text
    assert "Do: check DATABRICKS_HOST and the credentials" in text


def test_without_credentials_they_are_asked_for(
    workspace: FakeWorkspace, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABRICKS_TOKEN")
    assert "cannot configure default credentials" in _says_none(call, 2)
    monkeypatch.delenv("DATABRICKS_HOST")
    assert "Do: check DATABRICKS_HOST and the credentials" in _says_none(call, 2)


def test_two_ways_at_once_are_refused(
    workspace: FakeWorkspace, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABRICKS_CLIENT_ID", "principal")
    monkeypatch.setenv("DATABRICKS_CLIENT_SECRET", SECRET)
    assert "more than one authorization method" in _says_none(call, 2)


@pytest.mark.parametrize("way", ["workspace", "m2m", "oidc"])
def test_what_the_platform_repeats_is_hidden(
    way: str, call: Call, request: pytest.FixtureRequest
) -> None:
    workspace: FakeWorkspace = request.getfixturevalue(way)
    texts = (
        f"used {PAT} {SECRET} {REQUEST_TOKEN} Bearer granted-access-token-1 eyJhbGciOi.eyJzdWIi.x"
    )
    workspace.names = {7: f"job {PAT}"}
    workspace.states = [state("TERMINATED", "FAILED", "RUN_EXECUTION_ERROR", texts)]
    workspace.tasks = [task(1, "lint", **state("TERMINATED", "FAILED", message=texts))]
    workspace.outputs = {1: {"error": f"ValueError: {texts}", "error_trace": f"File\n{texts}"}}
    monkeypatch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
    for name, value in (("DATABRICKS_OIDC_TOKEN", SECRET), ("SYSTEM_ACCESSTOKEN", REQUEST_TOKEN)):
        monkeypatch.setenv(name, value)
    text = _says_none(call, 1)
    assert "used *** *** *** Bearer *** ***" in text


@pytest.mark.parametrize("endpoint", [GET_JOB, RUN_NOW, GET_RUN, OUTPUT])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 500])
def test_an_error_that_repeats_the_request_hides_its_credentials(
    endpoint: str, status: int, call: Call, workspace: FakeWorkspace
) -> None:
    workspace.ends(result="FAILED")
    workspace.tasks = [task(1, "lint", **state("TERMINATED", "FAILED"))]
    workspace.faults[endpoint] = [status]
    result = call("--verbose", "--timeout", "1s")
    text = result.out + result.err
    assert result.code in (1, 2)
    assert PAT not in text
    assert f"fault {status}, Bearer ***" in text


def test_a_secret_is_hidden_however_it_is_written() -> None:
    hide = Secrets(
        {"DATABRICKS_CLIENT_SECRET": 'p/q "r"', "DATABRICKS_OIDC_TOKEN_ENV": "MINE"}
    ).hide
    assert hide('p/q "r" p%2Fq%20%22r%22 p%2Fq+%22r%22 p/q \\"r\\"') == "*** *** *** ***"
    assert Secrets({"DATABRICKS_OIDC_TOKEN_ENV": "MINE", "MINE": "opaque"}).hide("opaque") == "***"


def test_a_key_in_several_lines_is_hidden() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----"
    assert Secrets({}).hide(f"before {key} after") == "before *** after"
    assert Secrets({"GOOGLE_CREDENTIALS": ""}).hide("nothing to hide") == "nothing to hide"
