"""What a check is, and what it finds: that all is well, or what is wrong and what to do."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sales_pipeline.doctor.reasons import reason_of

if TYPE_CHECKING:
    from sales_pipeline.doctor.bench import Bench

Hide = Callable[[str], str]
"""Takes the secrets out of a text."""
logger = logging.getLogger(__name__)


class State(StrEnum):
    """How a check ended."""

    OK = "ok"
    WRONG = "wrong"
    NOT_TRIED = "not tried"


class Wrong(Exception):
    """A check found that something is not as it has to be.

    Args:
        what: What it found, *what, got*.
        do: What to do about it; what the check says of itself where it is empty.
    """

    def __init__(self, what: str, do: str = "") -> None:
        self.what = what
        self.do = do
        super().__init__(what)


@dataclass(frozen=True)
class Check:
    """One thing that is tried.

    Attributes:
        name: What is tried, in a word or two.
        tries: Tries it and says what there is, in a few words; raises what goes wrong.
        do: What to do where it goes wrong and nothing better is known.
        after: The checks without whose success it cannot be done.
    """

    name: str
    tries: Callable[[Bench], str]
    do: str
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """How a check ended.

    Attributes:
        check: The name of the check.
        state: Whether all is well.
        said: What there is, what is wrong, or why it was not tried.
        do: What to do; empty where all is well.
        seconds: How long it took.
    """

    check: str
    state: State
    said: str
    do: str = ""
    seconds: float = 0.0


def finding_of(check: Check, bench: Bench, before: Iterable[Finding], *, hide: Hide) -> Finding:
    """Does a check, unless one that it needs did not succeed.

    Args:
        check: The check.
        bench: What it works on.
        before: What the checks before it found.
        hide: Takes secrets out of what an engine says.
    """
    succeeded = {each.check for each in before if each.state is State.OK}
    lacking = next((name for name in check.after if name not in succeeded), None)
    if lacking is not None:
        return Finding(check.name, State.NOT_TRIED, f"no {lacking}")
    began = time.monotonic()
    state, do = State.OK, ""
    try:
        said = check.tries(bench)
    except Exception as error:  # noqa: BLE001 -- whatever an engine raises is a finding
        logger.debug("%s: %s", check.name, hide(traceback.format_exc()))
        # Errors of this package say themselves what to do.
        said, _, do = reason_of(error).partition(". Do: ")
        state, do = State.WRONG, getattr(error, "do", "") or do.rstrip(".") or check.do
        said = said.rstrip(".")
    return Finding(check.name, state, hide(said), hide(do), time.monotonic() - began)
