"""Where log lines go: to stderr, warnings only unless `--verbose` is given."""

from __future__ import annotations

import logging

import typer

from sales_pipeline.printable import printable_lines

_PACKAGE = "sales_pipeline"


class _Stderr(logging.Handler):
    """Writes each record to what stderr is at that moment, which a progress bar may replace."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one record, without anything that a terminal obeys."""
        typer.echo(printable_lines(self.format(record)), err=True)


def start_log() -> None:
    """Sends the package's warnings to stderr; called once per command."""
    logger = logging.getLogger(_PACKAGE)
    handler = _Stderr()
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    logger.handlers = [handler]
    logger.propagate = False
    logger.setLevel(logging.WARNING)


def log_everything() -> None:
    """Sends all of the package's log lines to stderr, tracebacks among them."""
    logging.getLogger(_PACKAGE).setLevel(logging.DEBUG)
