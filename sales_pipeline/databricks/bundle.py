"""The files of a bundle: what is deployed to a workspace, from templates and a few answers.

The repository's own bundle and that of a user's project come from the same templates, `templates/`.
They differ in one thing, which is data: where the package comes from.
"""

from __future__ import annotations

import json
import re
from importlib.resources import files

from sales_pipeline.databricks.answers import CLUSTER, SERVERLESS, Answers
from sales_pipeline.databricks.package_source import RELEASE, Source

JOBS = {SERVERLESS: "resources/jobs_serverless.yml", CLUSTER: "resources/jobs_cluster.yml"}
_NAMES = {SERVERLESS: "serverless compute", CLUSTER: "clusters of their own"}
_PLACE = re.compile(r"^( *)@\{(\w+)\}\n|@\{(\w+)\}", re.MULTILINE)

_WHEEL_TASK = {
    SERVERLESS: """\
environment_key: default
# The platform would try again by itself, more often than max_retries says.
disable_auto_optimization: true
""",
    CLUSTER: """\
job_cluster_key: default
libraries:
  - @{library}
""",
}
# A notebook without a cluster is serverless; it has no environment of a job.
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
      # Of whoever the job runs as, and of nobody else.
      data_security_mode: SINGLE_USER
      autoscale:
        min_workers: 1
        max_workers: 4
""",
}


def bundle_files(answers: Answers, source: Source = RELEASE) -> dict[str, str]:
    """Returns the files of a bundle: their paths from its root, and their texts."""
    made = {"made": source.made}
    root = _said(answers) | made | {"artifacts": source.artifacts}
    return {
        "databricks.yml": _rendered("databricks.yml", root),
        "resources/schemas.yml": _rendered("schemas.yml", made),
        **{path: _rendered("jobs.yml", made | _jobs(on, source)) for on, path in JOBS.items()},
    }


def starting_declaration() -> str:
    """Returns the sample retailer's declaration, with its files in the volume."""
    text = (files("sales_pipeline.config") / "config.yaml").read_text(encoding="utf-8")
    place = re.compile(r"# Folders, .*?lakehouse: \S+\n", re.DOTALL)
    return place.sub(_PLACES, text)


LANDING = "/Volumes/{catalog}/{schema}/landing/incoming"
"""Where the files of a declaration arrive; the engine fills in the names."""

_PLACES = f"""\
# Stores drop files in `incoming` of the volume; beside it, `lakehouse` has the files once they are
# read. The tables are in the catalog. {{catalog}} and {{schema}} are what the job is told.
landing: {LANDING}
lakehouse: /Volumes/{{catalog}}/{{schema}}/landing/lakehouse
engine: databricks
"""


def _said(answers: Answers) -> dict[str, str]:
    """The answers as the template of databricks.yml takes them."""
    host = f"workspace:\n  host: {_scalar(answers.host)}\n\n" if answers.host else ""
    return {
        "jobs": JOBS[answers.compute],
        "workspace": host,
        "mail": f"default: {_scalar(answers.mail)}" if answers.mail else "",
        "run_as": _scalar(answers.run_as or ""),
    } | {
        name: _scalar(getattr(answers, name))
        for name in ("catalog", "schema", "analysts", "engineers", "node_type")
    }


def _jobs(compute: str, source: Source) -> dict[str, str]:
    """What the template of the jobs takes for a compute."""
    [other] = JOBS.keys() - {compute}
    return {
        "compute": _NAMES[compute],
        "other": JOBS[other],
        "wheel_task": _filled(_WHEEL_TASK[compute], {"library": source.library}),
        "job": _filled(_JOB[compute], {"dependency": source.dependency}),
        "config": source.config,
        "tests": source.tests,
        "suite_parameter": source.suite_parameter,
        "suite_task": _filled(source.suite_task, {"compute_key": _COMPUTE_KEY[compute]}),
    }


def _scalar(text: str) -> str:
    """A text as YAML takes it for that text, whatever is in it.

    >>> _scalar("no")
    '"no"'
    """
    return json.dumps(text, ensure_ascii=False)


def _rendered(name: str, parts: dict[str, str]) -> str:
    text = (files("sales_pipeline.databricks") / "templates" / name).read_text(encoding="utf-8")
    return _filled(text, parts)


def _filled(text: str, parts: dict[str, str]) -> str:
    """Puts parts at their places, such as @{catalog}; what they hold is never looked at again.

    A place on a line of its own takes all lines of its part, or vanishes with it.
    """

    def part(found: re.Match[str]) -> str:
        indent, block, inline = found.groups()
        return _indented(parts[block], indent) if block else parts[inline]

    return _PLACE.sub(part, text)


def _indented(block: str, indent: str) -> str:
    return "".join(f"{indent}{line}\n" if line else "\n" for line in block.splitlines())
