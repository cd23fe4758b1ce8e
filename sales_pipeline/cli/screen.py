"""Prints: answers to stdout; messages, log lines and errors to stderr.

Nothing else in the package prints.
"""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from sales_pipeline.errors import NO_SPACE, SalesPipelineError
from sales_pipeline.printable import printable_lines

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

Report = TypeVar("Report")
_PACKAGE = "sales_pipeline"
_WIDTH_OF_A_FILE = 1000
_MAX_UNFORESEEN = 300
_STREAMS = {"stdin": "r", "stdout": "w", "stderr": "w"}
"""Standard stream -> the mode in which it is opened, in the order of their descriptors."""
logger = logging.getLogger(__name__)


def prepare_streams() -> None:
    """Makes sure that no stream ends a command: one that is closed, or cannot write a character."""
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _open_closed_streams() -> None:
    """Opens the null device in place of each standard stream that the caller closed (`>&-`).

    Its descriptor is taken, too, because a table's file would get it otherwise, and with it what
    a library writes to stderr.
    """
    for descriptor in range(len(_STREAMS)):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest free descriptor is this one, because those below it are open by now.
            null_device = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(null_device, True)  # noqa: FBT003 -- it takes no keyword
    for name, mode in _STREAMS.items():
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 -- it stays


def say(message: str) -> None:
    """Prints a message to stderr, without anything that a terminal obeys."""
    typer.echo(printable_lines(message), err=True)


def show(renderable: RenderableType) -> None:
    """Prints a text to stdout; into a file or a pipe, no line is cut to the terminal's width."""
    _console().print(renderable, crop=False)


def show_json(document: dict[str, Any]) -> None:
    """Prints one JSON document to stdout, in UTF-8 wherever it goes."""
    from sales_pipeline.report.document import json_text

    _write(f"{json_text(document)}\n")


def show_report(
    report: Report,
    document: Callable[[Report], dict[str, Any]],
    text: Callable[[Report], RenderableType],
    *,
    as_json: bool,
    csv: Callable[[Report], str] | None = None,
) -> None:
    """Prints a report as one JSON document if that is asked for, else as CSV, else as text."""
    if as_json:
        show_json(document(report))
    elif csv is not None:
        show_exactly(csv(report))
    else:
        show(text(report))


def show_exactly(text: str) -> None:
    """Prints a text to stdout as it is, in UTF-8; on a terminal, without what it would obey."""
    shown = printable_lines(text) if sys.stdout.isatty() else text
    _write(shown)


def _write(text: str) -> None:
    # The page of a job, and a notebook, give a stdout that takes text alone.
    typer.echo(text.encode() if hasattr(sys.stdout, "buffer") else text, nl=False)


def _console() -> Console:
    from rich.console import Console

    # In a notebook's process rich would draw into a cell, which the page of a job does not show.
    plain = partial(Console, markup=False, emoji=False, highlight=False, force_jupyter=False)
    return plain() if sys.stdout.isatty() else plain(width=_WIDTH_OF_A_FILE)


class _Stderr(logging.Handler):
    """Writes each record to the stderr of that moment, which a progress bar may replace."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one record, without anything that a terminal obeys."""
        say(self.format(record))


def start_log() -> None:
    """Sends the package's warnings to stderr; called once per command."""
    package = logging.getLogger(_PACKAGE)
    handler = _Stderr()
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    package.handlers = [handler]
    package.propagate = False
    package.setLevel(logging.WARNING)


def log_everything() -> None:
    """Sends all of the package's log lines to stderr, tracebacks among them."""
    logging.getLogger(_PACKAGE).setLevel(logging.DEBUG)


def tell_failure(error: Exception) -> int:
    """Says in one message what went wrong and returns the exit code.

    With `--verbose` the traceback is logged, too.
    """
    logger.debug("traceback", exc_info=error)
    if isinstance(error, SalesPipelineError):
        say(str(error))
        return error.exit_code
    if NO_SPACE in str(error):
        say(f"system: {NO_SPACE}. Do: make room and run again; nothing is lost, and it goes on.")
    elif isinstance(error, OSError) and error.strerror:
        say(f"{error.filename or 'system'}: {error.strerror}")
    else:
        say(f"unforeseen {type(error).__name__}: {_beginning(error)}")
        if not logger.isEnabledFor(logging.DEBUG):
            say("Do: the same again with --verbose, which shows where it happened.")
    return 1


def _beginning(error: Exception) -> str:
    text = str(error).strip().partition("\n")[0]
    return text if len(text) <= _MAX_UNFORESEEN else f"{text[:_MAX_UNFORESEEN]}…"
