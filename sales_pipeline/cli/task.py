"""Runs a command as a wheel task: returns or raises, and never ends the process.

The platform calls the entry point `databricks` within a process of its own. What it returns does
not count, and a SystemExit, even with exit code 0, fails the task: only an exception says failure.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any, TextIO

from sales_pipeline.cli.app import make_app
from sales_pipeline.cli.screen import start_log, tell_failure
from sales_pipeline.engines.private_network import keep_network

_NAME = "sales-pipeline"


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs a command of `sales-pipeline` and returns when it succeeded.

    Args:
        arguments: The parameters of the task; by default the arguments of the process.

    Raises:
        RuntimeError: The command failed; the text is its reason, on one line.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    # The process talks to its cluster, and is not ours alone.
    keep_network("the process belongs to a task of a job")
    with _plain_streams():
        start_log()
        reason = _reason_of_failure(given)
    if reason is not None:
        raise RuntimeError(reason)


def _reason_of_failure(arguments: list[str]) -> str | None:
    """The reason why a command failed, on one line; None if it succeeded."""
    command = " ".join([_NAME, *arguments[:1]])
    try:
        app = make_app(*arguments[:1])
        code = app(args=arguments, prog_name=_NAME, standalone_mode=False)
    except SystemExit as end:
        code = end.code
    except Exception as error:  # noqa: BLE001 -- the last stop: whatever comes becomes a message
        return f"{command}: {_reported(error)}"
    return None if not code else f"{command}: exit code {code}; its output says why"


def _reported(error: Exception) -> str:
    """Says on stderr what went wrong, and returns the first line of it."""
    wrong_usage = getattr(error, "format_message", None)
    if wrong_usage is not None:
        sys.stderr.write(f"{wrong_usage()}\n")
        return str(wrong_usage()).partition("\n")[0]
    tell_failure(error)
    return str(error).partition("\n")[0] or type(error).__name__


class _Plain(io.TextIOBase):
    """A stream that writes to another, and never says that it is a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str, /) -> int:
        try:
            return self._stream.write(text)
        except UnicodeEncodeError:
            encoding = self._stream.encoding or "ascii"
            return self._stream.write(text.encode(encoding, "replace").decode(encoding))

    def flush(self) -> None:
        self._stream.flush()

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False


@contextmanager
def _plain_streams() -> Iterator[None]:
    """Prints without progress bars and colours in the block, to where the streams lead now."""
    out: Any = _Plain(sys.stdout)
    err: Any = _Plain(sys.stderr)
    with redirect_stdout(out), redirect_stderr(err):
        yield
