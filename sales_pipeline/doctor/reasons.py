"""What engines say when something fails, cut to the line that says it."""

from __future__ import annotations

import re

from sales_pipeline.printable import printable

_LONGEST = 300
_STACK = "Traceback (most recent call last)"
_TRACE = re.compile(r"^(\s+at |\s*\.\.\. \d+ more|Traceback |\s+File \"|JVM stacktrace:|== SQL)")
_CLASS_IN_FRONT = re.compile(r"^(\([\w.$]+\)|(?:[\w$]+\.)+[\w$]+:)\s+")
_DETAILS = re.compile(r'^\s*details\s*=\s*"(.*)"$')
_HEADING = re.compile(r"^(<.*|\s*status = .*|Exception thrown .*:|.* failed with error:)$")


def reason_of(error: BaseException) -> str:
    r"""Returns what an error says, on one line and without the stack of a JVM or of Python.

    >>> reason_of(ValueError("[CAST_INVALID_INPUT] The 'x'.\n\nJVM stacktrace:\n\tat a.b(C)"))
    "[CAST_INVALID_INPUT] The 'x'."
    >>> reason_of(FileNotFoundError(2, "No such file or directory", "/data/landing"))
    '/data/landing: No such file or directory'
    >>> reason_of(KeyError())
    'KeyError'
    """
    if isinstance(error, OSError) and error.strerror:
        text = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    else:
        text = condensed(str(error))
    return printable(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…") or _name(error)


def condensed(text: str) -> str:
    r"""Returns the line of a long message that says what happened.

    Of a stack of Python that is the last one, for a worker that fails sends its own with it.

    >>> condensed('Worker:\nTraceback (most recent call last):\n  File "x", line 1\nOSError: no')
    'OSError: no'
    >>> condensed('<_Rendezvous of RPC>:\n\tstatus = UNAVAILABLE\n\tdetails = "refused"')
    'refused'
    >>> condensed("(org.apache.spark.SparkException) Job aborted")
    'Job aborted'
    """
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    if details := next((found[1] for line in lines if (found := _DETAILS.match(line))), ""):
        return details
    python = [at for at, line in enumerate(lines) if _STACK in line]
    if python:
        after = [line for line in lines[python[-1] + 1 :] if not line.startswith((" ", "\t"))]
        lines = after or lines
    meant = [line for line in lines if not _TRACE.match(line) and not _HEADING.match(line)]
    return _CLASS_IN_FRONT.sub("", (meant or lines or [""])[0].strip())


def _name(error: BaseException) -> str:
    return type(error).__name__
