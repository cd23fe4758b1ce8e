"""Nobody else of the machine reaches the engine of a run."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sales_pipeline.engines.private_network import why_not
from tests.cli.conftest import ROOT, python_in

SERVE = """\
import socket, sys
from sales_pipeline.engines.private_network import enter_private_network
print(enter_private_network(), flush=True)
from sales_pipeline.engines.embedded import _server_port
port = _server_port()
socket.create_connection(("127.0.0.1", port)).close()
print(port, flush=True)
sys.stdin.read()
"""
REACH = """\
import encodings.idna, os, socket, sys
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
try:
    socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=5)
except ConnectionRefusedError:
    print("refused")
else:
    print("reached")
"""


@contextmanager
def a_served_port() -> Iterator[tuple[bool, str]]:
    """Whether the engine of another process is in a network of its own, and its port."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    with process:
        is_private = process.stdout.readline() == "True\n"
        yield is_private, process.stdout.readline().strip()
        process.stdin.close()


def test_another_user_reaches_the_engine_only_where_the_machine_cannot_prevent_it(
    tmp_path: Path,
) -> None:
    with a_served_port() as (is_private, port):
        process = subprocess.run(
            [sys.executable, "-c", REACH, port],
            cwd="/",
            capture_output=True,
            text=True,
            check=True,
        )
    assert process.stdout == ("refused\n" if is_private else "reached\n")
    last_line = python_in(tmp_path, "-m", "sales_pipeline", "status", "--verbose").out.splitlines()[
        -1
    ]
    alone = "Engine: a run is alone in a network of its own, so no other user reaches its engine."
    assert (last_line == alone) is is_private


def test_a_process_with_threads_keeps_the_network_of_the_machine() -> None:
    wait = threading.Event()
    thread = threading.Thread(target=wait.wait)
    thread.start()
    try:
        assert why_not() == "the process has started threads already"
    finally:
        wait.set()
        thread.join()


def test_elsewhere_than_on_linux_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert why_not() == "only Linux gives a process a network of its own"


def test_the_network_of_this_process_stays_as_it_is_after_a_question() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        why_not()
        socket.create_connection(server.getsockname()).close()
