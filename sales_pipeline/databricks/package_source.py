"""Where a bundle gets the package from: what the repository's bundle and a user's differ in."""

from __future__ import annotations

from dataclasses import dataclass

from sales_pipeline.version import __version__


@dataclass(frozen=True)
class Source:
    """Where a bundle gets the package from.

    Attributes:
        made: How its files came to be, as their first line.
        artifacts: What the bundle builds before it is deployed.
        dependency: The package, as a line of pip, for serverless compute.
        library: The package, as a library of a cluster.
        config: The declaration, from the root of the bundle.
        tests: What the job of the tests does.
        suite_parameter: A further parameter of that job.
        suite_task: A further task of that job.
    """

    made: str
    artifacts: str
    dependency: str
    library: str
    config: str
    tests: str
    suite_parameter: str = ""
    suite_task: str = ""


PROJECT = Source(
    made="# Made by `python tests/databricks/test_bundle.py --update`; change it in "
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
    tests="Tries the engine in its place, and runs the test suite.",
    suite_parameter="""\
# Without those that are about the repository, which needs git and files that can be executed.
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
"""This repository: the wheel that is built from it, and the test suite."""

RELEASE = Source(
    made="# Written by `sales-pipeline databricks init`. It is yours to change.",
    artifacts="",
    dependency=f"sales-pipeline=={__version__}",
    library=f"{{pypi: {{package: sales-pipeline=={__version__}}}}}",
    config="config.yaml",
    tests="Tries the engine in its place.",
)
"""A project of a user: the release that is installed."""
