"""The workflow publishes only what was tested on Databricks, with no more rights than it needs.

A small model of GitHub's rules shows what the workflow does: a job without a status function in its
condition starts if all jobs that it needs succeeded and the condition holds.
"""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
SOURCE = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
WORKFLOW: dict[str, Any] = YAML(typ="safe").load(SOURCE)
JOBS: dict[str, dict[str, Any]] = WORKFLOW["jobs"]
GATE = "databricks-tests"

PULL_REQUEST = ("pull_request", "refs/pull/7/merge")
PUSH_TO_MAIN = ("push", "refs/heads/main")
EVENTS = (PULL_REQUEST, PUSH_TO_MAIN)
SETTINGS = ("", "on", "off")
"""The values of the repository variable DATABRICKS_TESTS."""


def needs(job: str) -> list[str]:
    given = JOBS[job].get("needs", [])
    return [given] if isinstance(given, str) else list(given)


def holds(condition: str, event: tuple[str, str], setting: str) -> bool:
    """Whether a condition holds; it may ask for the event, the ref and DATABRICKS_TESTS only."""
    name, ref = event
    known = {
        "github": SimpleNamespace(event_name=name, ref=ref),
        "vars": SimpleNamespace(DATABRICKS_TESTS=setting),
    }
    text = condition.replace("&&", " and ").replace("||", " or ")
    return bool(eval(text, {"__builtins__": {}}, known))


def outcome(event: tuple[str, str], setting: str, ends: Mapping[str, str]) -> dict[str, str]:
    """How each job ends, if one that starts ends as given."""
    results: dict[str, str] = {}
    while len(results) < len(JOBS):
        job = next(job for job in JOBS if job not in results and set(needs(job)) <= set(results))
        starts = all(results[needed] == "success" for needed in needs(job))
        starts = starts and holds(JOBS[job].get("if", "True"), event, setting)
        results[job] = ends[job] if starts else "skipped"
    return results


def all_outcomes() -> Iterator[tuple[tuple[str, str], str, dict[str, str]]]:
    for event, setting in itertools.product(EVENTS, SETTINGS):
        for ends in itertools.product(("success", "failure", "cancelled"), repeat=len(JOBS)):
            yield event, setting, outcome(event, setting, dict(zip(JOBS, ends, strict=True)))


def steps(job: str) -> list[dict[str, Any]]:
    return list(JOBS[job]["steps"])


def script(job: str, name: str) -> str:
    return str(next(step["run"] for step in steps(job) if step.get("name", "").startswith(name)))


def jobs_that_say(pattern: str) -> set[str]:
    texts = {job: "\n".join(map(str, steps(job))) + str(JOBS[job].get("env")) for job in JOBS}
    return {job for job, text in texts.items() if re.search(pattern, text)}


def play(text: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs the commands of a step, as GitHub does."""
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", text],
        env={**os.environ, **variables},
        capture_output=True,
        encoding="utf-8",
    )


def test_checks_come_before_databricks_before_building_before_publishing() -> None:
    assert needs("checks") == []
    assert needs("engines") == []
    assert needs(GATE) == ["checks", "engines"]
    assert needs("build") == [GATE]
    assert needs("publish") == [GATE, "build"]


def test_only_publish_can_publish() -> None:
    publishing = r"pypi-publish|gh release|twine upload|uv publish|hatch publish"
    assert jobs_that_say(publishing) == {"publish"}
    writing = {job for job in JOBS if "write" in JOBS[job]["permissions"].values()}
    assert writing == {GATE, "publish"}


def test_nothing_is_published_without_the_tests_on_databricks() -> None:
    for event, setting, results in all_outcomes():
        if results["build"] != "skipped":
            assert results[GATE] == results["checks"] == results["engines"] == "success"
        if results["publish"] != "skipped":
            assert (event, results[GATE], results["build"]) == (PUSH_TO_MAIN, "success", "success")
            assert setting != "off"


def test_every_push_to_main_whose_tests_succeed_is_published() -> None:
    for event, setting, results in all_outcomes():
        if event == PUSH_TO_MAIN and results[GATE] == results["build"] == "success":
            assert results["publish"] != "skipped"
            assert setting != "off"
    assert WORKFLOW["on"]["push"] == {"branches": ["main"]}
    results = outcome(PUSH_TO_MAIN, "", dict.fromkeys(JOBS, "success"))
    assert {job for job in JOBS if results[job] == "skipped"} == {"without-databricks"}


def test_a_version_that_is_published_is_skipped_and_tags_are_not_needed() -> None:
    [published] = [step for step in steps("publish") if "pypi-publish" in step["uses"]]
    assert published["with"]["skip-existing"] is True
    assert not re.search(r"\btags?\b|ref_type", SOURCE)


def test_a_pull_request_runs_the_checks_and_nothing_that_needs_a_secret() -> None:
    results = outcome(PULL_REQUEST, "", dict.fromkeys(JOBS, "success"))
    started = [job for job in JOBS if results[job] != "skipped"]
    assert started == ["checks", "engines", "systems"]
    assert set(WORKFLOW["on"]) == {"push", "pull_request"}


def test_a_push_is_tested_on_databricks_or_says_that_it_is_not() -> None:
    for setting in SETTINGS:
        results = outcome(PUSH_TO_MAIN, setting, dict.fromkeys(JOBS, "success"))
        assert (results[GATE] == "skipped") == (setting == "off")
        assert (results["without-databricks"] == "skipped") == (setting != "off")


def test_no_failure_is_passed_over() -> None:
    for status in ("always(", "failure(", "cancelled(", "success(", "continue-on-error", "|| true"):
        assert status not in SOURCE


def test_the_opt_out_is_seen(tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    opt_out = script("without-databricks", "The variable")
    process = play(opt_out, GITHUB_STEP_SUMMARY=str(summary))
    assert process.returncode == 0
    for text in (process.stdout, summary.read_text(encoding="utf-8")):
        assert "NOT tested on Databricks" in text
        assert "Nothing is built or published from it." in text
    assert "::warning" in process.stdout


@pytest.mark.parametrize(
    ("host", "login", "code"),
    [("true", "true", 0), ("false", "true", 1), ("true", "false", 1), ("false", "false", 1)],
)
def test_a_repository_without_a_workspace_fails_clearly(host: str, login: str, code: int) -> None:
    said = play(script(GATE, "Check that a workspace"), HAS_HOST=host, HAS_LOGIN=login)
    assert said.returncode == code
    assert ("::error title=No workspace::" in said.stdout) == bool(code)


def test_the_gate_is_the_last_word_of_the_tests_on_databricks() -> None:
    deploy = script(GATE, "Validate")
    assert deploy.index("bundle validate --strict") < deploy.index("bundle deploy")
    last = steps(GATE)[-1]["run"].splitlines()[-1]
    assert last.startswith('exec .venv/bin/sales-pipeline databricks test --job-id "$JOB_ID"')
    assert int(re.findall(r"--timeout (\d+)", last)[0]) < 60 * JOBS[GATE]["timeout-minutes"]


@pytest.mark.parametrize(
    ("summary", "code", "written"),
    [
        ('{"resources": {"jobs": {"sales_pipeline_tests": {"id": "123"}}}}', 0, "job_id=123\n"),
        ('{"resources": {"jobs": {"sales_pipeline_tests": {}}}}', 1, ""),
        ('{"resources": {}}', 1, ""),
    ],
)
def test_the_test_job_is_the_one_that_was_deployed(
    tmp_path: Path, summary: str, code: int, written: str
) -> None:
    cli = tmp_path / "databricks"
    cli.write_text(f"#!/bin/sh\ncase \"$*\" in *summary*) echo '{summary}' ;; esac\n")
    cli.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    output = tmp_path / "output"
    said = play(script(GATE, "Validate"), PATH=path, GITHUB_OUTPUT=str(output))
    assert (said.returncode, output.read_text(encoding="utf-8")) == (code, written)


def test_what_is_published_is_what_was_tested() -> None:
    commands = [step["run"] for step in steps("build") if "run" in step]
    assert commands == [".ci/package dist"]
    [kept] = [step["with"] for step in steps("build") if "upload-artifact" in step.get("uses", "")]
    assert (kept["name"], kept["path"]) == ("packages", "dist/")
    fetched, published = steps("publish")
    assert fetched["with"] == {"name": "packages", "path": "dist/"}
    assert published["with"]["attestations"] is True
    assert not {"user", "password"} & set(published["with"])


def test_each_action_is_pinned_by_its_commit_and_names_its_version() -> None:
    used = re.findall(r"uses: (.+)", SOURCE)
    assert used
    pinned = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    assert [use for use in used if not pinned.fullmatch(use)] == []
    assert len({use.partition("@")[0] for use in used}) == len(set(used))
    for tool in ("setup-cli", "setup-uv"):
        [given] = [step["with"] for step in steps(GATE) if tool in step.get("uses", "")]
        assert re.fullmatch(r"\d+\.\d+\.\d+", given["version"])


def test_each_job_has_the_permissions_it_needs_and_no_other() -> None:
    assert WORKFLOW["permissions"] == {}
    assert {job: JOBS[job]["permissions"] for job in JOBS} == {
        "checks": {"contents": "read"},
        "engines": {"contents": "read"},
        "systems": {"contents": "read"},
        "without-databricks": {},
        GATE: {"contents": "read", "id-token": "write"},
        "build": {"contents": "read"},
        "publish": {"id-token": "write"},
    }
    for job in JOBS:
        for step in steps(job):
            if "actions/checkout" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False


def test_secrets_are_only_in_the_environment_dev_and_reach_only_steps_of_ours() -> None:
    assert jobs_that_say(r"\bsecrets\.") == {GATE}
    environments = {job: JOBS[job]["environment"] for job in JOBS if "environment" in JOBS[job]}
    assert environments == {GATE: "dev", "publish": "pypi"}
    assert SOURCE.count("secrets.") == sum(str(step).count("secrets.") for step in steps(GATE))
    assert not any("secrets." in str(step) for step in steps(GATE) if "uses" in step)


def test_no_text_from_outside_is_put_into_a_command() -> None:
    assert [step for job in JOBS for step in steps(job) if "${{" in step.get("run", "")] == []


def test_no_deployment_is_cancelled_by_another() -> None:
    only_pull_requests = "${{ github.event_name == 'pull_request' }}"
    assert WORKFLOW["concurrency"]["cancel-in-progress"] == only_pull_requests
    assert "github.run_id" in WORKFLOW["concurrency"]["group"]
    assert JOBS[GATE]["concurrency"] == {
        "group": "databricks-dev",
        "cancel-in-progress": False,
        "queue": "max",
    }


def test_the_checks_run_on_every_python_of_the_classifiers() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [re.fullmatch(r".* :: Python :: (3\.\d+)", name) for name in project["classifiers"]]
    assert JOBS["checks"]["strategy"]["matrix"]["python"] == [name[1] for name in named if name]
    commands = [step["run"] for step in steps("checks") if "run" in step]
    assert commands == ["make check", "make package"]


def test_the_package_is_tested_on_macos_and_windows() -> None:
    systems = JOBS["systems"]["strategy"]["matrix"]["system"]
    assert [name.partition("-")[0] for name in systems] == ["macos", "windows"]
    commands = [line for step in steps("systems") for line in step.get("run", "").splitlines()]
    assert "sales-pipeline --help" in commands
    [tests] = [line.split() for line in commands if " pytest " in line]
    folders = [argument for argument in tests if argument.startswith("tests/")]
    assert folders == ["tests/config", "tests/report"]
    assert all((ROOT / folder).is_dir() for folder in folders)


def test_actions_are_renewed_after_a_week_at_the_earliest() -> None:
    text = (ROOT / ".github" / "dependabot.yml").read_text(encoding="utf-8")
    [update] = YAML(typ="safe").load(text)["updates"]
    assert update["package-ecosystem"] == "github-actions"
    assert update["cooldown"]["default-days"] >= 7


def test_the_page_on_releasing_names_every_variable_and_secret() -> None:
    page = (ROOT / "docs" / "releasing.md").read_text(encoding="utf-8")
    names = set(re.findall(r"\b(?:vars|secrets)\.(\w+)", SOURCE))
    assert [name for name in sorted(names) if f"`{name}`" not in page] == []
