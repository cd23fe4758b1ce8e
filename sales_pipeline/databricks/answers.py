"""What `databricks init` is told of a workspace, checked before any of it is written into a file.

The text of others gets into YAML that a workspace obeys: so each answer has a pattern of its own,
and what does not match it is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

from sales_pipeline.errors import UsageError

SERVERLESS, CLUSTER = "serverless", "cluster"

_HOST = r"https://[A-Za-z0-9.-]{1,250}(:[0-9]{1,5})?/?"
_ADDRESS = r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9.-]{1,250}"
# Not the signs that begin a reference of a bundle or of a job, nor what ends a line.
_GROUP = r"[^\W_](?:[\w .@&()/'+-]{0,253}[\w.)])?"


@dataclass(frozen=True)
class Answers:
    """The answers about a workspace.

    Attributes:
        catalog: The catalog of Unity Catalog.
        schema: The schema of the landing volume; those of the tables begin with its name.
        mail: Who is told of runs that fail or take long; None leaves it to the deployment.
        compute: `serverless` or `cluster`.
        host: The address of the workspace; None leaves it to the profile or the environment.
        analysts: The group that reads gold.
        engineers: The group that manages the jobs.
        run_as: The application id of the service principal that runs the jobs in prod; None
            leaves it to the deployment.
        node_type: The machines of a job cluster.
    """

    catalog: str = "main"
    schema: str = "sales"
    mail: str | None = None
    compute: str = SERVERLESS
    host: str | None = None
    analysts: str = "analysts"
    engineers: str = "data-engineers"
    run_as: str | None = None
    node_type: str = "i3.xlarge"

    def __post_init__(self) -> None:
        """Checks each answer.

        Raises:
            UsageError: An answer is not what it should be.
        """
        for each in fields(self):
            value = getattr(self, each.name)
            if value is not None:
                checked_answer(each.name, value)


_ALLOWED = {
    "catalog": (
        r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}",
        "at most 100 ASCII letters, digits, _ and -, and no - first",
    ),
    "schema": (
        r"[a-z][a-z0-9_]{0,49}",
        "at most 50 lower-case letters a to z, digits and _, a letter first",
    ),
    "mail": (_ADDRESS, "an address such as sales@example.com"),
    "compute": (f"{SERVERLESS}|{CLUSTER}", f"{SERVERLESS} or {CLUSTER}"),
    "host": (_HOST, "an address such as https://my-workspace.cloud.databricks.com"),
    "analysts": (_GROUP, "the name of a group"),
    "engineers": (_GROUP, "the name of a group"),
    "run_as": (r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", "an application id"),
    "node_type": (r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", "a type of machine such as i3.xlarge"),
}


def checked_answer(name: str, value: str) -> str:
    """Returns an answer that can be used.

    >>> checked_answer("schema", "sales")
    'sales'

    Raises:
        UsageError: It is not what it should be.
    """
    pattern, wanted = _ALLOWED[name]
    if re.fullmatch(pattern, value):
        return value
    option = name.replace("_", "-")
    raise UsageError(f"--{option}: cannot be used, got {value[:80]!r}. Do: give {wanted}")
