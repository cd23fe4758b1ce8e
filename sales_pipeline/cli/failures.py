"""Turns an error into one message on stderr and an exit code; `--verbose` adds the traceback."""

from __future__ import annotations

import errno
import logging
import os

from sales_pipeline.cli.screen import say
from sales_pipeline.errors import SalesPipelineError

_MAX_UNFORESEEN = 300
_NO_SPACE = os.strerror(errno.ENOSPC)
logger = logging.getLogger(__name__)


def tell_failure(error: Exception) -> int:
    """Says what went wrong and returns the exit code.

    Args:
        error: An error of this package, one of the operating system, or an unforeseen one.
    """
    logger.debug("traceback", exc_info=error)
    if isinstance(error, SalesPipelineError):
        say(str(error))
        return error.exit_code
    if _NO_SPACE in str(error):
        say(f"system: {_NO_SPACE}. Do: make room and run again; nothing is lost, and it goes on.")
        return 1
    if isinstance(error, OSError) and error.strerror:
        say(f"{error.filename or 'system'}: {error.strerror}")
        return 1
    say(f"unforeseen {type(error).__name__}: {_beginning(error)}")
    if not logger.isEnabledFor(logging.DEBUG):
        say("Do: the same again with --verbose, which shows where it happened.")
    return 1


def _beginning(error: Exception) -> str:
    text = str(error).strip().partition("\n")[0]
    return text if len(text) <= _MAX_UNFORESEEN else f"{text[:_MAX_UNFORESEEN]}…"
