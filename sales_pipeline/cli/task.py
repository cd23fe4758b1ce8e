"""The entry point of wheel tasks: runs a command, and returns or raises, but never exits.

The platform calls the entry point `databricks` within its own process. It ignores the returned
value, and a SystemExit fails the task even after success. So failure is an exception.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any, TextIO

from sales_pipeline.cli.app import app
from sales_pipeline.cli.failures import tell_failure
from sales_pipeline.cli.log import start_log
from sales_pipeline.engines.private_network import keep_network

_NAME = "sales-pipeline"


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs a command of `sales-pipeline` and returns when it succeeded.

    Args:
        arguments: The parameters of the task; without it, the arguments of the process.

    Raises:
        RuntimeError: The command failed; the text is the reason, on one line.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    # The process talks to its cluster, and other code runs in it too.
    keep_network("the process belongs to a task of a job")
    with _plain_streams():
        start_log()
        reason = _reason_of_failure(given)
    if reason is not None:
        raise RuntimeError(reason)


def _reason_of_failure(arguments: list[str]) -> str | None:
    """Runs a command; returns the reason of its failure on one line, or None."""
    command = " ".join([_NAME, *arguments[:1]])
    try:
        code = app(args=arguments, prog_name=_NAME, standalone_mode=False)
    except SystemExit as end:
        code = end.code
    except Exception as error:  # noqa: BLE001 -- any error becomes a message here
        return f"{command}: {_print_failure(error)}"
    return None if not code else f"{command}: exit code {code}; its output says why"


def _print_failure(error: Exception) -> str:
    """Prints an error on stderr, and returns its first line."""
    usage_message = getattr(error, "format_message", None)
    if usage_message is not None:
        sys.stderr.write(f"{usage_message()}\n")
        return str(usage_message()).partition("\n")[0]
    tell_failure(error)
    return str(error).partition("\n")[0] or type(error).__name__


class _Plain(io.TextIOBase):
    """A stream that writes to another one, and never claims to be a terminal."""

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
    """Makes output in the block free of progress bars and colours; it goes where it went before."""
    out: Any = _Plain(sys.stdout)
    err: Any = _Plain(sys.stderr)
    with redirect_stdout(out), redirect_stderr(err):
        yield
