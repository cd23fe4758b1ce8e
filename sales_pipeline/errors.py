"""Every error that this package raises on purpose, in one tree.

SalesPipelineError
├── UsageError               exit 2: the command line or the declaration is wrong
│   ├── DeclarationError     config.yaml cannot be used; carries every problem found
│   ├── ExtraMissing         an optional part of the package is not installed
│   ├── LakehouseMismatch    the lakehouse belongs to another declaration or version
│   └── WorkspaceRefused     a Databricks workspace refuses the request, or is not one
└── PipelineError            exit 1: the data or the run failed
    ├── FileRejected         a landing file does not match its feed's declaration
    ├── FileChanged          a landing file changed while it was read
    ├── LakehouseBusy        another run has locked the lakehouse
    ├── LeaseLost            the run stopped, because its lock on the lakehouse expired
    ├── MonthNotClosed       something is in the way of closing a month
    ├── TableDamaged         a table is missing, damaged, or cannot be written
    ├── Stopped              a person or a program stopped the run; exit 130 or 143
    ├── VersionGone          an earlier version of a table is no longer kept
    └── WorkspaceSilent      a Databricks workspace gives no usable answer

A message reads *where: what, got, do*. Errors show at most a few examples of what is wrong,
and say how many there are in all.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

MAX_EXAMPLES = 5


def examples(items: Sequence[str]) -> str:
    """Joins the first few items and says how many more there are.

    >>> examples(["a", "b"])
    'a, b'
    >>> examples(list("abcdefg"))
    'a, b, c, d, e and 2 more'
    """
    shown = ", ".join(items[:MAX_EXAMPLES])
    more = len(items) - MAX_EXAMPLES
    return f"{shown} and {more:,} more" if more > 0 else shown


def counted(count: int, noun: str) -> str:
    """Returns a number with its noun, in the plural unless the number is 1.

    >>> counted(1, "file"), counted(1200, "file"), counted(2, "delivery"), counted(2, "day")
    ('1 file', '1,200 files', '2 deliveries', '2 days')
    """
    is_ies = noun.endswith("y") and noun[-2] not in "aeou"
    plural = f"{noun[:-1]}ies" if is_ies else f"{noun}s"
    return f"{count:,} {noun if count == 1 else plural}"


def shown_text(text: str, most: int = 40) -> str:
    """Returns a text quoted, on one line, and cut after some characters.

    >>> shown_text("tea"), shown_text("tea in bags", 3)
    ("'tea'", "'tea…'")
    """
    return repr(text if len(text) <= most else f"{text[:most]}…")


def closest(given: str, known: Iterable[str]) -> str | None:
    """Returns the known name most like a given one; None if none is like it."""
    return next(iter(get_close_matches(given, known, n=1)), None)


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """Returns a question after the known name most like a given one; empty if none is like it.

    >>> did_you_mean("lion", ["lyon", "boston"]), did_you_mean("x", ["lyon"])
    (" Did you mean 'lyon'?", '')
    """
    close = closest(given, known)
    return f" Did you mean {close!r}?" if close else ""


NO_SPACE = os.strerror(errno.ENOSPC)
"""The words of every engine for a full disk, whatever the class of its error."""


class SalesPipelineError(Exception):
    """The root of every error this package raises on purpose."""

    exit_code = 1


class UsageError(SalesPipelineError):
    """The command line or the declaration is wrong; nothing was changed."""

    exit_code = 2


@dataclass(frozen=True)
class Problem:
    """One problem of a declaration.

    Attributes:
        line: The line in the file, counted from 1, or None if it has no line.
        key: The dotted path of the key, `feeds.tokyo.date_formats`.
        message: The fault, the text that was got, and the text to write instead.
    """

    line: int | None
    key: str
    message: str


class DeclarationError(UsageError):
    """A declaration cannot be used; holds every problem of the file at once."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        super().__init__("\n".join(self._sentence(problem) for problem in self.problems))

    def _sentence(self, problem: Problem) -> str:
        place = f"{self.source}:{problem.line}" if problem.line else self.source
        where = f"{place} {problem.key}" if problem.key else place
        return f"{where}: {problem.message}"


class ExtraMissing(UsageError):
    """An optional part of the package is needed and not installed."""

    def __init__(self, extra: str, module: str, *, needed_by: str | None = None) -> None:
        self.extra = extra
        super().__init__(
            f"{module} is not installed, and {needed_by or f'the {extra} engine'} needs it. "
            f"Do: pip install 'sales-pipeline[{extra}]'"
        )


class LakehouseMismatch(UsageError):
    """The lakehouse was made by a declaration or version that this one cannot continue."""


class WorkspaceRefused(UsageError):
    """A Databricks workspace refuses the credentials or the request, or is not a workspace."""


class PipelineError(SalesPipelineError):
    """The data or the run failed."""


class FileRejected(PipelineError):
    """A landing file does not match its feed's declaration, so none of it is read.

    Attributes:
        code: A stable word for the reason, such as `missing_column`.
        reason: One sentence: what was expected, what was got, what to do.
    """

    def __init__(self, code: str, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(reason)


class FileChanged(PipelineError):
    """The bytes of a landing file changed after the run claimed it."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(f"{path}: changed while it was read; the next run takes it as it is then")


class LakehouseBusy(PipelineError):
    """Another run has locked the lakehouse."""


class MonthNotClosed(PipelineError):
    """Something is in the way of closing a month; no month was closed."""


class LeaseLost(PipelineError):
    """The run's lock on the lakehouse expired, so it commits nothing; another run may hold it."""

    def __init__(self, place: str, got: str) -> None:
        super().__init__(
            f"{place}: the lease of this run was lost, so it stopped before its next commit; "
            f"{got}. Do: run again, which finishes it."
        )


class Stopped(PipelineError):
    """A signal stopped a command, at a point where nothing is half-done."""

    def __init__(
        self, name: str, number: int, *, then: str, where: str = "between two commits"
    ) -> None:
        self.exit_code = 128 + number
        super().__init__(f"stopped by {name}, {where}. Do: {then}")


class TableDamaged(PipelineError):
    """A table is missing, damaged, or cannot be written.

    Attributes:
        table: The table, such as `silver.records`.
        problem: What is wrong with it, with the file that shows it.
        do: The command that helps.
    """

    def __init__(self, table: str, problem: str, do: str) -> None:
        self.table, self.problem, self.do = table, problem, do
        super().__init__(f"{table}: {problem}. Do: {do}")


class VersionGone(PipelineError):
    """An earlier version of a table can no longer be read."""

    def __init__(self, table: str, version: int) -> None:
        self.table = table
        super().__init__(
            f"{table}: version {version} is not kept any more (keep_days says for how long it was)"
        )


class WorkspaceSilent(PipelineError):
    """A Databricks workspace gives no usable answer; it may later."""
