"""Builds the files of a bundle, the unit that the Databricks CLI deploys to a workspace.

The bundle of this repository and the bundle of a user's project come from the same templates, in
`templates/`. They differ in one thing, which is data: where the package comes from.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from sales_pipeline.databricks.bundle_settings import CLUSTER, SERVERLESS, BundleSettings
from sales_pipeline.errors import UsageError, examples
from sales_pipeline.version import __version__

JOBS = {SERVERLESS: "resources/jobs_serverless.yml", CLUSTER: "resources/jobs_cluster.yml"}
LANDING = "/Volumes/{catalog}/{schema}/landing/incoming"
"""The landing folder of a starting declaration; the engine fills in the names."""
_NAMES = {SERVERLESS: "serverless compute", CLUSTER: "clusters of their own"}
# Everything in the folder is deployed, except what this names.
_IGNORED = "/.databricks/\n/.venv/\n/landing/\n/lakehouse/\n__pycache__/\n"
_PLACE = re.compile(r"^( *)@\{(\w+)\}\n|@\{(\w+)\}", re.MULTILINE)

_WHEEL_TASK = {
    SERVERLESS: """\
environment_key: default
# Without this the platform retries by itself, more often than max_retries allows.
disable_auto_optimization: true
""",
    CLUSTER: """\
job_cluster_key: default
libraries:
  - @{library}
""",
}
# A notebook task without a cluster is serverless, and takes no environment of the job.
_COMPUTE_KEY = {SERVERLESS: "disable_auto_optimization: true", CLUSTER: "job_cluster_key: default"}
_JOB = {
    SERVERLESS: """\
environments:
  - environment_key: default
    spec:
      environment_version: "4"
      dependencies:
        - @{dependency}
""",
    CLUSTER: """\
job_clusters:
  - job_cluster_key: default
    new_cluster:
      spark_version: 17.3.x-scala2.13
      node_type_id: ${var.node_type}
      # The cluster belongs to the user that the job runs as.
      data_security_mode: SINGLE_USER
      autoscale:
        min_workers: 1
        max_workers: 4
""",
}


@dataclass(frozen=True)
class PackageSource:
    """The package's place in a bundle, and the parts of the bundle that depend on it.

    Attributes:
        origin: The first line of each file, which says what wrote it.
        artifacts: The part of databricks.yml that builds the package before it is deployed.
        dependency: The package, as a line of pip, for serverless compute.
        library: The package, as a library of a cluster.
        config: The path of the declaration from the root of the bundle.
        tests: The description of the test job.
        suite_parameter: A further parameter of the test job.
        suite_task: A further task of the test job.
    """

    origin: str
    artifacts: str
    dependency: str
    library: str
    config: str
    tests: str
    suite_parameter: str = ""
    suite_task: str = ""


PROJECT = PackageSource(
    origin="# Made by `python tests/databricks/test_bundle.py --update`; change it in "
    "sales_pipeline/databricks/.",
    artifacts="""\
artifacts:
  wheel:
    type: whl
    build: uv build --wheel
    dynamic_version: true # each deployment is a version of its own

""",
    dependency="../dist/*.whl",
    library="{whl: ../dist/*.whl}",
    config="resources/config.yaml",
    tests="Tests the engine in this workspace, and runs the test suite.",
    suite_parameter="""\
# Without the tests of the repository itself, which need git and executable files.
- name: tests
  default: tests -n auto --ignore=tests/packaging --ignore=tests/docs
""",
    suite_task="""\
- task_key: suite
  max_retries: 0
  @{compute_key}
  notebook_task:
    notebook_path: ../tests/run_test.ipynb
    base_parameters:
      TESTS: "{{job.parameters.tests}}"
      COMMIT: "{{job.parameters.commit}}"
""",
)
"""The bundle of this repository: a wheel that is built from it, and the test suite."""

RELEASE = PackageSource(
    origin="# Written by `sales-pipeline databricks init`. It is yours to change.",
    artifacts="",
    dependency=f"sales-pipeline=={__version__}",
    library=f"{{pypi: {{package: sales-pipeline=={__version__}}}}}",
    config="config.yaml",
    tests="Tests the engine in this workspace.",
)
"""The bundle of a user's project: the released version that is installed."""


def bundle_files(settings: BundleSettings, source: PackageSource = RELEASE) -> dict[str, str]:
    """Returns the files of a bundle: their paths from its root, and their texts."""
    origin = {"origin": source.origin}
    root = _root_parts(settings) | origin | {"artifacts": source.artifacts}
    return {
        "databricks.yml": _rendered("databricks.yml", root),
        "resources/schemas.yml": _rendered("schemas.yml", origin),
        **{
            path: _rendered("jobs.yml", origin | _jobs_parts(compute, source))
            for compute, path in JOBS.items()
        },
    }


def starting_declaration() -> str:
    """Returns the declaration of the sample retailer, with its files in the volume."""
    text = (files("sales_pipeline.config") / "config.yaml").read_text(encoding="utf-8")
    place = re.compile(r"# Folders, .*?lakehouse: \S+\n", re.DOTALL)
    return place.sub(_PLACES, text)


_PLACES = f"""\
# Stores drop files in `incoming` of the volume; beside it, `lakehouse` holds the files that were
# read. The tables are in the catalog. {{catalog}} and {{schema}} come from the job's parameters.
landing: {LANDING}
lakehouse: /Volumes/{{catalog}}/{{schema}}/landing/lakehouse
engine: databricks
"""


def _root_parts(settings: BundleSettings) -> dict[str, str]:
    """Returns the parts of the template of databricks.yml."""
    host = f"workspace:\n  host: {_scalar(settings.host)}\n\n" if settings.host else ""
    return {
        "jobs": JOBS[settings.compute],
        "workspace": host,
        "mail": f"default: {_scalar(settings.mail)}" if settings.mail else "",
        "run_as": _scalar(settings.run_as or ""),
    } | {
        name: _scalar(getattr(settings, name))
        for name in ("catalog", "schema", "analysts", "engineers", "node_type")
    }


def _jobs_parts(compute: str, source: PackageSource) -> dict[str, str]:
    """Returns the parts of the template of the jobs, for a compute."""
    [other_compute] = JOBS.keys() - {compute}
    return {
        "compute": _NAMES[compute],
        "other": JOBS[other_compute],
        "wheel_task": _filled(_WHEEL_TASK[compute], {"library": source.library}),
        "job": _filled(_JOB[compute], {"dependency": source.dependency}),
        "config": source.config,
        "tests": source.tests,
        "suite_parameter": source.suite_parameter,
        "suite_task": _filled(source.suite_task, {"compute_key": _COMPUTE_KEY[compute]}),
    }


def _scalar(text: str) -> str:
    """Returns any text as a YAML scalar.

    >>> _scalar("no")
    '"no"'
    """
    return json.dumps(text, ensure_ascii=False)


def _rendered(name: str, parts: dict[str, str]) -> str:
    text = (files("sales_pipeline.databricks") / "templates" / name).read_text(encoding="utf-8")
    return _filled(text, parts)


def _filled(text: str, parts: dict[str, str]) -> str:
    """Puts parts at their places, such as @{catalog}; places within a part are not filled.

    A place on a line of its own takes all lines of its part; if the part is empty, the line goes.
    """

    def part(place: re.Match[str]) -> str:
        indent, block, inline = place.groups()
        return _indented(parts[block], indent) if block else parts[inline]

    return _PLACE.sub(part, text)


def _indented(block: str, indent: str) -> str:
    return "".join(f"{indent}{line}\n" if line else "\n" for line in block.splitlines())


@dataclass(frozen=True)
class WrittenBundle:
    """The result of writing a bundle into a project.

    Attributes:
        written: The files that were written, from the root of the project.
        left: The files that were there already, and stay as they are.
        is_elsewhere: Whether the declaration that was there takes no files from the volume.
    """

    written: tuple[str, ...]
    left: tuple[str, ...]
    is_elsewhere: bool


def write_bundle(folder: Path, settings: BundleSettings, *, force: bool = False) -> WrittenBundle:
    """Writes the files of a bundle into a folder; the folder is made if it is missing.

    A declaration and a .gitignore are written only if there are none, whatever `force` says,
    because they are the user's own. Only with `force`, files of a bundle that differ are replaced.

    Raises:
        UsageError: Files are there and differ, or the folder takes none; nothing was written.
    """
    users_own = {RELEASE.config: starting_declaration(), ".gitignore": _IGNORED}
    bundle = bundle_files(settings)
    existing = [name for name in users_own if os.path.lexists(folder / name)]
    same = [name for name, text in bundle.items() if _has(folder / name, text)]
    differ = [name for name in bundle if name not in same and os.path.lexists(folder / name)]
    if differ and not force:
        raise UsageError(
            f"{folder}: has {examples(differ)} already. Do: give --force to replace them, "
            "or another folder"
        )
    all_files = bundle | users_own
    missing = {name: text for name, text in all_files.items() if name not in same + existing}
    try:
        for name, text in missing.items():
            _write(folder / name, text)
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written to, {error}") from error
    declaration = (folder / RELEASE.config).read_bytes()
    return WrittenBundle(
        tuple(missing), tuple(same + existing), is_elsewhere=LANDING.encode() not in declaration
    )


def _has(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode()


def _write(path: Path, text: str) -> None:
    """Writes a file whole or not at all; a link is replaced, not followed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    growing = path.with_name(f".{path.name}.part")
    growing.write_bytes(text.encode())
    os.replace(growing, path)
