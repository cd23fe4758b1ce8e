"""The settings of a bundle, each checked before it is written into a file.

A setting is text from a user that goes into YAML which a workspace obeys. So each has a pattern of
its own, and a text that does not match it is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

from sales_pipeline.errors import UsageError

SERVERLESS, CLUSTER = "serverless", "cluster"

_HOST = r"https://[A-Za-z0-9.-]{1,250}(:[0-9]{1,5})?/?"
_ADDRESS = r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9.-]{1,250}"
# Without the signs that begin a reference in a bundle or a job, and without line ends.
_GROUP = r"[^\W_](?:[\w .@&()/'+-]{0,253}[\w.)])?"


@dataclass(frozen=True)
class BundleSettings:
    """The settings of a bundle.

    Attributes:
        catalog: The catalog of Unity Catalog.
        schema: The schema of the landing volume; the names of the table schemas begin with it.
        mail: The address for mails about failed or slow runs; None leaves it to the deployment.
        compute: `serverless` or `cluster`.
        host: The address of the workspace; None leaves it to the profile or the environment.
        analysts: The group that reads gold.
        engineers: The group that manages the jobs.
        run_as: The application id of the service principal that runs the jobs in prod; None
            leaves it to the deployment.
        node_type: The machine type of a job cluster.
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
        """Checks each setting.

        Raises:
            UsageError: A setting does not match its pattern.
        """
        for setting in fields(self):
            value = getattr(self, setting.name)
            if value is not None:
                _check(setting.name, value)


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


def _check(name: str, value: str) -> None:
    pattern, wanted = _ALLOWED[name]
    if not re.fullmatch(pattern, value):
        option = name.replace("_", "-")
        raise UsageError(f"--{option}: cannot be used, got {value[:80]!r}. Do: give {wanted}")
