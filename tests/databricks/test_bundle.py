"""The bundle is what its classes take, fits the package, and cannot lose data or hide a failure.

python tests/databricks/test_bundle.py --update  # makes the repository's files again
"""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
import typer
from databricks.bundles.jobs import Job
from databricks.bundles.schemas import Schema
from databricks.bundles.volumes import Volume

from sales_pipeline.cli import task as wheel_task
from sales_pipeline.cli.app import make_app
from sales_pipeline.config.loader import load_config
from sales_pipeline.databricks.bundle import (
    JOBS,
    PROJECT,
    RELEASE,
    bundle_files,
    starting_declaration,
    write_bundle,
)
from sales_pipeline.databricks.bundle_settings import CLUSTER, SERVERLESS, BundleSettings
from sales_pipeline.version import __version__
from tests.databricks.bundle_reader import Bundle, load_yaml, read_bundle, texts

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SCHEMAS = ("bronze", "silver", "gold", "ops")
CLASSES = {"jobs": Job, "schemas": Schema, "volumes": Volume}
BOTH = [SERVERLESS, CLUSTER]


def own_files() -> dict[str, str]:
    """The files of the repository's own bundle, as they have to be."""
    return {**bundle_files(BundleSettings(), PROJECT), PROJECT.config: starting_declaration()}


@pytest.fixture(params=["repository", "user"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The repository, and a project that got its files by `init`."""
    if request.param == "repository":
        return ROOT
    write_bundle(tmp_path, BundleSettings(mail="sales@example.com", host="https://dbc.example.com"))
    return tmp_path


@pytest.fixture(params=BOTH)
def bundle(request: pytest.FixtureRequest, folder: Path) -> Bundle:
    """Both, on both kinds of compute, in dev."""
    return read_bundle(folder, jobs=JOBS[request.param])


def wheel_tasks(bundle: Bundle) -> list[dict[str, Any]]:
    every = (task for job in bundle.jobs().values() for task in job["tasks"])
    return [task for task in every if "python_wheel_task" in task]


def declared(name: str) -> str:
    """A folder of the declaration that comes with a bundle, in the places of dev."""
    text = load_yaml(starting_declaration())[name]
    return str(text.format(catalog="main", schema="dev_ci_sales"))


@pytest.mark.parametrize("name", own_files())
def test_the_repositorys_files_are_those_of_the_templates(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == own_files()[name], __doc__


def test_a_users_files_differ_only_in_where_the_package_comes_from() -> None:
    mine, yours = bundle_files(BundleSettings(), PROJECT), bundle_files(BundleSettings(), RELEASE)
    assert mine.keys() == yours.keys()
    pinned = f"sales-pipeline=={__version__}"
    for name, text in mine.items():
        for old, new in (
            (PROJECT.origin, RELEASE.origin),
            (PROJECT.artifacts, RELEASE.artifacts),
            ("${workspace.file_path}/resources/config.yaml", "${workspace.file_path}/config.yaml"),
            ("{whl: ../dist/*.whl}", f"{{pypi: {{package: {pinned}}}}}"),
            ("../dist/*.whl", pinned),
            (PROJECT.tests, RELEASE.tests),
        ):
            text = text.replace(old, new)
        # The test suite is in the repository only.
        text = re.sub(r"        # Without the tests of .*\n.*name: tests\n.*\n", "", text)
        text = re.sub(r"        - task_key: suite\n(         .*\n)+", "", text)
        assert text == yours[name]


@pytest.mark.parametrize("target", ["dev", "prod"])
@pytest.mark.parametrize("compute", BOTH)
def test_databricks_own_classes_take_every_resource(
    folder: Path, target: str, compute: str
) -> None:
    bundle = read_bundle(folder, target, jobs=JOBS[compute])
    assert bundle.resources.keys() == CLASSES.keys()
    for kind, resources in bundle.resources.items():
        for written in resources.values():
            loaded = CLASSES[kind].from_dict(written)  # type: ignore[attr-defined]
            assert loaded.as_dict().keys() >= written.keys()


def test_these_classes_refuse_a_key_that_is_misspelt() -> None:
    with pytest.raises(ValueError, match="max_concurrent_run"):
        Job.from_dict({"name": "a", "max_concurrent_run": 1})  # type: ignore[typeddict-unknown-key]


@pytest.mark.parametrize("target", ["dev", "prod"])
def test_every_reference_leads_to_something(folder: Path, target: str) -> None:
    for compute in BOTH:
        bundle = read_bundle(folder, target, jobs=JOBS[compute])
        target_part = {**bundle.target, "variables": {}}
        given = {**bundle.target.get("variables", {}), "mail": "sales@example.com"}
        bundle.target["variables"] = given
        for text in texts([bundle.resources, target_part]):
            bundle.resolved(text)


def test_prod_needs_an_address_for_mails_and_dev_sends_none_to_anybody() -> None:
    variables = read_bundle(ROOT).root["variables"]
    assert "default" not in variables["mail"]
    assert read_bundle(ROOT, "dev").resolved("${var.mail}") == "nobody@example.com"
    assert variables["run_as"]["default"] == ""  # which the CLI refuses as an identity


def test_names_are_right_behind_the_prefix_of_dev(bundle: Bundle) -> None:
    [schema] = {
        bundle.resolved(parameter["default"])
        for job in bundle.jobs().values()
        for parameter in job.get("parameters", [])
        if parameter["name"] == "schema"
    }
    assert schema == "dev_ci_sales"
    names = {key: bundle.deployed_name("schemas", key) for key in bundle.schemas()}
    assert names == {"sales": schema, **{layer: f"{schema}_{layer}" for layer in SCHEMAS}}
    volume = bundle.resources["volumes"]["landing"]
    assert bundle.resolved(volume["schema_name"]) == schema


def test_only_what_arrives_starts_a_run_and_the_archive_lies_elsewhere(bundle: Bundle) -> None:
    url = bundle.resolved(bundle.jobs()["sales_pipeline"]["trigger"]["file_arrival"]["url"])
    assert url.endswith("/incoming/")
    assert url == declared("landing") + "/"
    kept = declared("lakehouse") + "/"
    assert not kept.startswith(url)
    assert not url.startswith(kept)
    volume = "/Volumes/main/dev_ci_sales/landing/"
    assert url.startswith(volume)
    assert kept.startswith(volume)


def test_nothing_that_holds_data_is_destroyed_by_accident(bundle: Bundle) -> None:
    keeping = [*bundle.schemas().values(), *bundle.resources["volumes"].values()]
    assert len(keeping) == 6
    assert all(resource["lifecycle"] == {"prevent_destroy": True} for resource in keeping)


def test_no_trigger_says_whether_it_is_paused(folder: Path) -> None:
    written = [
        (folder / name).read_text(encoding="utf-8") for name in bundle_files(BundleSettings())
    ]
    assert [key for text in written for key in texts(load_yaml(text))].count("pause_status") == 0


def test_one_run_at_a_time_whatever_starts_it(bundle: Bundle) -> None:
    jobs = bundle.jobs()
    assert all(job["max_concurrent_runs"] == 1 for job in jobs.values())
    assert all(job["queue"] == {"enabled": True} for job in jobs.values())
    runs = [
        key
        for key, job in jobs.items()
        for task in job["tasks"]
        if task.get("python_wheel_task", {}).get("parameters", [""])[0] == "run"
    ]
    assert runs == ["sales_pipeline"]
    periodic = jobs["sales_pipeline_periodic"]
    assert periodic["trigger"].keys() == {"periodic"}
    [task] = periodic["tasks"]
    assert task["run_job_task"] == {"job_id": "${resources.jobs.sales_pipeline.id}"}


def test_a_failure_is_told_by_mail_also_where_a_second_attempt_succeeds(bundle: Bundle) -> None:
    recipients = ["${var.mail}"]
    for job in bundle.jobs().values():
        assert job["email_notifications"]["on_failure"] == recipients
        for task in job["tasks"]:
            retried = task["max_retries"] > 0
            assert not retried or task["email_notifications"]["on_failure"] == recipients
            assert not retried or task["retry_on_timeout"] is False
    job = bundle.jobs()["sales_pipeline"]
    assert job["email_notifications"]["on_duration_warning_threshold_exceeded"] == recipients
    [rule] = job["health"]["rules"]
    assert rule["metric"] == "RUN_DURATION_SECONDS"
    assert rule["value"] < job["timeout_seconds"]


def test_the_platform_does_not_add_attempts_of_its_own(folder: Path) -> None:
    bundle = read_bundle(folder, jobs=JOBS[SERVERLESS])
    tasks = [task for job in bundle.jobs().values() for task in job["tasks"]]
    assert all(task["disable_auto_optimization"] for task in tasks if "run_job_task" not in task)


def test_a_job_of_tests_hides_nothing_and_is_the_one_that_ci_runs(bundle: Bundle) -> None:
    job = bundle.jobs()["sales_pipeline_tests"]
    assert all(task["max_retries"] == 0 for task in job["tasks"])
    assert "trigger" not in job
    assert "commit" in [parameter["name"] for parameter in job["parameters"]]
    workflow = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    assert 'jobs["sales_pipeline_tests"]["id"]' in workflow
    assert f"--timeout {job['timeout_seconds']}" in workflow


def test_the_repositorys_job_of_tests_runs_the_test_notebook() -> None:
    for compute in BOTH:
        job = read_bundle(ROOT, jobs=JOBS[compute]).jobs()["sales_pipeline_tests"]
        [suite] = [task for task in job["tasks"] if "notebook_task" in task]
        notebook = (ROOT / "resources" / suite["notebook_task"]["notebook_path"]).read_text("utf-8")
        for name in suite["notebook_task"]["base_parameters"]:
            assert f'databricks.widgets.get(\\"{name}\\")' in notebook
        parameters = {parameter["name"]: parameter["default"] for parameter in job["parameters"]}
        ignored = re.findall(r"--ignore=(\S+)", parameters["tests"])
        assert ignored
        assert all((ROOT / path).is_dir() for path in ignored)


def test_tasks_call_an_entry_point_that_the_package_has(bundle: Bundle) -> None:
    tasks = wheel_tasks(bundle)
    assert len(tasks) == 2
    for task in tasks:
        called = task["python_wheel_task"]
        assert called["package_name"].replace("_", "-") == PYPROJECT["project"]["name"]
        # The platform looks it up by its name, in whatever group it is.
        groups = [PYPROJECT["project"]["scripts"], *PYPROJECT["project"]["entry-points"].values()]
        entry_points = [
            group[called["entry_point"]] for group in groups if called["entry_point"] in group
        ]
        assert [EntryPoint("", entry_point, "").load() for entry_point in entry_points] == [
            wheel_task.main
        ]


@pytest.mark.parametrize("command", ["run", "doctor"])
def test_a_task_gives_only_options_that_its_command_has(bundle: Bundle, command: str) -> None:
    commands: Any = typer.main.get_command(make_app())
    called = [task["python_wheel_task"]["parameters"] for task in wheel_tasks(bundle)]
    [arguments] = [parameters for name, *parameters in called if name == command]
    context = commands.commands[command].make_context(command, filled(bundle, arguments))
    given = {key: value for key, value in context.params.items() if value}
    assert given["engine"] == "databricks"
    assert (given["catalog"], given["schema"]) == ("main", "dev_ci_sales")
    assert str(given["config"]).endswith("/config.yaml")


def filled(bundle: Bundle, arguments: list[str]) -> list[str]:
    """The arguments as a run gets them."""
    job = bundle.jobs()["sales_pipeline"]
    values = {parameter["name"]: parameter["default"] for parameter in job["parameters"]}
    for name, value in values.items():
        place = f"{{{{job.parameters.{name}}}}}"
        arguments = [value if argument == place else argument for argument in arguments]
    assert not [argument for argument in arguments if "{{" in argument]
    return [bundle.resolved(argument) for argument in arguments]


def test_what_tasks_refer_to_by_job_parameter_is_a_parameter_of_their_job(bundle: Bundle) -> None:
    for job in bundle.jobs().values():
        names = {parameter["name"] for parameter in job.get("parameters", [])}
        words = " ".join(texts(job["tasks"]))
        assert set(re.findall(r"{{job\.parameters\.(\w+)}}", words)) <= names


def test_the_declaration_is_deployed_with_the_bundle(bundle: Bundle, folder: Path) -> None:
    for task in wheel_tasks(bundle):
        given = task["python_wheel_task"]["parameters"]
        path = given[given.index("--config") + 1].removeprefix("${workspace.file_path}/")
        assert (folder / path).read_text(encoding="utf-8") == starting_declaration()


def test_the_declaration_is_the_samples_with_its_files_in_the_volume(tmp_path: Path) -> None:
    place = tmp_path / "config.yaml"
    text = starting_declaration().replace("engine: databricks\n", "")
    for name, value in (("catalog", "main"), ("schema", "sales")):
        text = text.replace(f"{{{name}}}", value)
    place.write_text(text, encoding="utf-8")
    declaration, sample = load_config(place), load_config()
    assert declaration.landing == "/Volumes/main/sales/landing/incoming"
    assert declaration.lakehouse == "/Volumes/main/sales/landing/lakehouse"
    places = {"landing": sample.landing, "lakehouse": sample.lakehouse}
    assert declaration.model_copy(update=places) == sample


def test_every_task_has_its_compute_and_the_package(folder: Path) -> None:
    serverless, cluster = (read_bundle(folder, jobs=JOBS[compute]) for compute in BOTH)
    for task in wheel_tasks(serverless):
        assert task["environment_key"] == "default"
        assert "libraries" not in task
    for task in wheel_tasks(cluster):
        assert task["job_cluster_key"] == "default"
        assert len(task["libraries"]) == 1
    for job in serverless.jobs().values():
        keys = [environment["environment_key"] for environment in job.get("environments", [])]
        assert {task["environment_key"] for task in job["tasks"] if "environment_key" in task} == {
            *keys
        }
        assert "job_clusters" not in job
    for job in cluster.jobs().values():
        keys = [cluster["job_cluster_key"] for cluster in job.get("job_clusters", [])]
        assert {task["job_cluster_key"] for task in job["tasks"] if "job_cluster_key" in task} == {
            *keys
        }
        assert "environments" not in job


def test_in_prod_analysts_read_gold_and_nothing_else(folder: Path) -> None:
    prod = read_bundle(folder, "prod")
    granted = {
        (kind, key): grant["privileges"]
        for kind in ("schemas", "volumes")
        for key, resource in prod.resources[kind].items()
        for grant in resource.get("grants", [])
        if grant["principal"] == "${var.analysts}"
    }
    assert granted == {("schemas", "gold"): ["USE_SCHEMA", "SELECT"]}
    assert not {"ALL_PRIVILEGES", "MANAGE"} & set(texts(prod.resources))


def test_in_prod_jobs_run_as_a_principal_that_can_do_its_work_and_no_more(folder: Path) -> None:
    prod = read_bundle(folder, "prod")
    assert prod.target["mode"] == "production"
    assert prod.target["run_as"] == {"service_principal_name": "${var.run_as}"}
    levels = {
        next(value for key, value in permission.items() if key != "level"): permission["level"]
        for permission in prod.target["permissions"]
    }
    assert levels == {"${var.engineers}": "CAN_MANAGE", "${var.run_as}": "CAN_VIEW"}
    for key in SCHEMAS:
        own = [grant for grant in prod.schemas()[key]["grants"] if "run_as" in grant["principal"]]
        assert [grant["privileges"] for grant in own] == [
            ["USE_SCHEMA", "CREATE_TABLE", "SELECT", "MODIFY"]
        ]


def test_dev_grants_nothing_to_anybody(folder: Path) -> None:
    dev = read_bundle(folder, "dev")
    assert dev.target["mode"] == "development"
    assert dev.target["default"] is True
    assert "grants" not in set(texts(dev.resources))


def test_what_a_deployment_leaves_behind_is_not_kept_in_git_and_the_sdist_has_the_bundle() -> None:
    assert "/.databricks/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    included = PYPROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    assert {"/databricks.yml", "/resources"} <= set(included)


if __name__ == "__main__":
    if sys.argv[1:] != ["--update"]:
        sys.exit(__doc__)
    for name, text in own_files().items():
        (ROOT / name).parent.mkdir(exist_ok=True)
        (ROOT / name).write_text(text, encoding="utf-8")
