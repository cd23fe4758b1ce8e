"""What the gate is asked for: a run of a job, for a commit, and a token of this very try."""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sales_pipeline.errors import UsageError

COMMIT = "commit"
_CI = ("GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT")


@dataclass(frozen=True)
class Asked:
    """A run of a job that is asked for.

    Attributes:
        job: The number of the job, or its name.
        parameters: Its parameters, the commit among them.
        timeout: The seconds that it may take.
        cancel_on_stop: Whether the run is cancelled when the gate stops before it ends.
    """

    job: int | str
    parameters: dict[str, str]
    timeout: float
    cancel_on_stop: bool = False


def current_commit(environment: Mapping[str, str], folder: Path) -> str:
    """Returns the commit that CI works on, else the one that is checked out in a folder.

    Raises:
        UsageError: There is neither.
    """
    if found := environment.get("GITHUB_SHA"):
        return found
    if git := shutil.which("git"):
        done = subprocess.run(  # noqa: S603 -- git as it is found, and no text of others
            [git, "rev-parse", "HEAD"],
            cwd=folder,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        if not done.returncode:
            return done.stdout.strip()
    raise UsageError("--commit: no GITHUB_SHA and no commit checked out here. Do: give the commit")


def idempotency_token(
    environment: Mapping[str, str], job_id: int, parameters: Mapping[str, str]
) -> str:
    """Returns a token with which the same request starts one run only, of at most 64 characters.

    Within one attempt of a CI run it is always the same for a job and its parameters. It differs
    for another job: the platform answers a token that it knows with the run which that started.

    >>> len(idempotency_token({}, 7, {"commit": "abc"}))
    64
    """
    ci = [environment.get(name, "") for name in _CI]
    of_this_try = ci if all(ci) else [secrets.token_hex(16)]
    text = json.dumps([*of_this_try, job_id, sorted(parameters.items())])
    return hashlib.sha256(text.encode()).hexdigest()
