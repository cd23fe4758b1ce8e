"""The gate waits for replies and between them, never longer than asked and never past a stop."""

from __future__ import annotations

import threading

import pytest

from sales_pipeline.databricks.waiting import Stop, StopAsked, Waiting
from sales_pipeline.errors import WorkspaceSilent

STOP = Stop("SIGTERM", 15)
LONG = 300.0


def test_a_reply_is_what_the_call_returns_or_raises() -> None:
    waiting = Waiting()
    assert waiting.reply(lambda: 7, seconds=LONG) == 7
    with pytest.raises(ZeroDivisionError):
        waiting.reply(lambda: 1 // 0, seconds=LONG)


def test_a_reply_that_comes_too_late_is_not_taken_for_the_next() -> None:
    waiting, may_go, is_gone = Waiting(), threading.Event(), threading.Event()

    def late() -> str:
        may_go.wait()
        is_gone.set()
        return "late"

    with pytest.raises(WorkspaceSilent, match="no reply within 0 s"):
        waiting.reply(late, seconds=0)

    def next_one() -> str:
        may_go.set()
        is_gone.wait()
        return "next"

    assert waiting.reply(next_one, seconds=LONG) == "next"


def test_a_stop_ends_a_pause_and_the_wait_for_a_reply() -> None:
    waiting, never = Waiting(), threading.Event()
    threading.Thread(target=waiting.stop, args=(STOP,)).start()
    waiting.sleep(LONG)
    assert waiting.stopped == STOP
    waiting.sleep(LONG)
    with pytest.raises(StopAsked, match="SIGTERM"):
        waiting.reply(never.wait, seconds=LONG)
    never.set()


def test_a_stop_does_not_end_the_wait_for_what_is_begun() -> None:
    waiting = Waiting()

    def begun() -> str:
        waiting.stop(STOP)
        return "begun"

    assert waiting.reply(begun, seconds=LONG, is_stoppable=False) == "begun"
    with pytest.raises(StopAsked):
        waiting.check()
