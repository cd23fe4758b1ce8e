"""Prints: answers to stdout, everything else to stderr. Nothing else in the package prints."""

from __future__ import annotations

import io
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import typer

from sales_pipeline.printable import printable_lines

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_WIDTH_OF_A_FILE = 1000


def prepare_streams() -> None:
    """Makes sure that a character which the terminal cannot write never ends a command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def say(message: str) -> None:
    """Prints a message to stderr, without anything that a terminal obeys."""
    typer.echo(printable_lines(message), err=True)


def show(renderable: RenderableType) -> None:
    """Prints a text to stdout; into a file or a pipe, no line is cut to the terminal's width."""
    _console().print(renderable, crop=False)


def show_json(document: dict[str, Any]) -> None:
    """Prints one JSON document to stdout, in UTF-8 wherever it goes."""
    from sales_pipeline.report.json_text import json_text

    _write(f"{json_text(document)}\n")


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
