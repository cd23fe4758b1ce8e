"""Runs one check of `doctor`; its finding is that all is well, or a problem and a remedy."""

from __future__ import annotations

import logging
import re
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from sales_pipeline.printable import printable

if TYPE_CHECKING:
    from sales_pipeline.proofs.workbench import Workbench

Hide = Callable[[str], str]
"""Replaces the secrets in a text."""
logger = logging.getLogger(__name__)

_MAX_CHARACTERS = 300
_PYTHON_STACK = "Traceback (most recent call last)"
_STACK_LINE = re.compile(
    r"^(\s+at |\s*\.\.\. \d+ more|Traceback |\s+File \"|JVM stacktrace:|== SQL)"
)
_CLASS_PREFIX = re.compile(r"^(\([\w.$]+\)|(?:[\w$]+\.)+[\w$]+:)\s+")
_GRPC_DETAILS = re.compile(r'^\s*details\s*=\s*"(.*)"$')
_HEADING = re.compile(r"^(<.*|\s*status = .*|Exception thrown .*:|.* failed with error:)$")


class CheckState(StrEnum):
    """The result of a check in a word."""

    OK = "ok"
    WRONG = "wrong"
    NOT_TRIED = "not tried"


class CheckFailed(Exception):
    """Raised by a check that finds a problem.

    Args:
        problem: What was expected and what was found.
        remedy: What the user can do about it; if it is empty, the remedy of the check is shown.
    """

    def __init__(self, problem: str, remedy: str = "") -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(problem)


@dataclass(frozen=True)
class Check:
    """One thing that `doctor` tries.

    Attributes:
        name: What is tried, in a word or two.
        run: Tries it and returns what it saw, in a few words; raises if it fails.
        remedy: What the user can do if it fails and the error names nothing better.
        needs: The names of the checks that have to succeed first.
    """

    name: str
    run: Callable[[Workbench], str]
    remedy: str
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        check: The name of the check.
        state: The result in a word.
        detail: The observation, the problem, or why it was not tried.
        remedy: What the user can do; empty if all is well.
        seconds: How long the check took.
    """

    check: str
    state: CheckState
    detail: str
    remedy: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Diagnosis:
    """The findings of all checks on one engine, in the order in which they ran."""

    engine: str
    landing: Path
    lakehouse: Path
    findings: tuple[Finding, ...]

    @property
    def is_ok(self) -> bool:
        """True if all checks are ok."""
        return all(finding.state is CheckState.OK for finding in self.findings)

    @property
    def exit_code(self) -> int:
        """0 if all checks are ok, else 1."""
        return 0 if self.is_ok else 1


def run_check(check: Check, bench: Workbench, before: Iterable[Finding], *, hide: Hide) -> Finding:
    """Runs a check, unless one that it needs did not succeed among the findings before it."""
    succeeded = {finding.check for finding in before if finding.state is CheckState.OK}
    missing = next((name for name in check.needs if name not in succeeded), None)
    if missing is not None:
        return Finding(check.name, CheckState.NOT_TRIED, f"no {missing}")
    began = time.monotonic()
    state, remedy = CheckState.OK, ""
    try:
        detail = check.run(bench)
    except Exception as error:  # noqa: BLE001 -- any error of an engine is a finding
        logger.debug("%s: %s", check.name, hide(traceback.format_exc()))
        # The errors of this package carry their own remedy.
        detail, _, remedy = error_summary(error).partition(". Do: ")
        if isinstance(error, CheckFailed) and error.remedy:
            remedy = error.remedy
        state, remedy = CheckState.WRONG, remedy.rstrip(".") or check.remedy
        detail = detail.rstrip(".")
    return Finding(check.name, state, hide(detail), hide(remedy), time.monotonic() - began)


def error_summary(error: BaseException) -> str:
    r"""Returns the message of an error on one line, without the stack of a JVM or of Python.

    >>> error_summary(ValueError("[CAST_INVALID_INPUT] The 'x'.\n\nJVM stacktrace:\n\tat a.b(C)"))
    "[CAST_INVALID_INPUT] The 'x'."
    >>> error_summary(FileNotFoundError(2, "No such file or directory", "/data/landing"))
    '/data/landing: No such file or directory'
    >>> error_summary(KeyError())
    'KeyError'
    """
    if isinstance(error, OSError) and error.strerror:
        text = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    else:
        text = meaningful_line(str(error))
    if len(text) > _MAX_CHARACTERS:
        text = f"{text[:_MAX_CHARACTERS]}…"
    return printable(text) or type(error).__name__


def meaningful_line(text: str) -> str:
    r"""Returns the line of a long error message that says what happened.

    In a stack of Python it is the last line, because a worker that fails sends its own stack along.

    >>> meaningful_line('Worker:\nTraceback (most recent call last):\n  File "x", line 1\nOSError')
    'OSError'
    >>> meaningful_line('<_Rendezvous of RPC>:\n\tstatus = UNAVAILABLE\n\tdetails = "refused"')
    'refused'
    >>> meaningful_line("(org.apache.spark.SparkException) Job aborted")
    'Job aborted'
    """
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    details = next((match[1] for line in lines if (match := _GRPC_DETAILS.match(line))), "")
    if details:
        return details
    stacks = [index for index, line in enumerate(lines) if _PYTHON_STACK in line]
    if stacks:
        below = [line for line in lines[stacks[-1] + 1 :] if not line.startswith((" ", "\t"))]
        lines = below or lines
    messages = [line for line in lines if not _STACK_LINE.match(line) and not _HEADING.match(line)]
    return _CLASS_PREFIX.sub("", (messages or lines or [""])[0].strip())
