"""What it takes to start Spark's programs from the package that pip installs, and to end them."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

Found = TypeVar("Found")

LOCAL = "127.0.0.1"
SOON_SECONDS = 180
"""How long a program may take to start on a busy machine."""
_ENDS_WITHIN_SECONDS = 60
_TELLS_WHY = 2000


def why_not() -> str | None:
    """Why Spark cannot be started here, in words; None where it can."""
    found = find_spec("pyspark")
    home = Path(found.origin).parent if found and found.origin else None
    if home is None or not (home / "jars").is_dir():
        return "the whole of pyspark is not installed, only its client: make parity"
    if shutil.which("java") is None:
        return "there is no Java: install a JRE 17"
    return None


def spark_home() -> Path:
    """Where Spark is."""
    import pyspark

    return Path(pyspark.__file__).parent


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as found:
        found.bind((LOCAL, 0))
        return int(found.getsockname()[1])


@contextmanager
def started(
    command: Sequence[str], log: Path, *, host: str = LOCAL
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a program of Spark while the block lasts; what it started itself ends with it.

    Args:
        command: The program below Spark's home, and its arguments.
        log: What it prints.
        host: The address of this machine under which others are to know it.
    """
    with log.open("ab") as written:
        process = subprocess.Popen(
            [str(spark_home() / command[0]), *command[1:]],
            stdout=written,
            stderr=written,
            env=_environment(host),
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_ENDS_WITHIN_SECONDS)
        kill(process)


def _environment(host: str) -> dict[str, str]:
    """The environment without this package: Spark has to get its code from the client.

    Nor is measured what runs there: its processes are killed, and would only be slower.
    """
    kept = {
        key: value
        for key, value in os.environ.items()
        if key != "PYTHONPATH" and not key.startswith("COVERAGE_")
    }
    own = {"SPARK_HOME": str(spark_home()), "PYSPARK_PYTHON": sys.executable}
    return {**kept, **own, "SPARK_LOCAL_IP": host}


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kills a program and everything that it started, as when its machine breaks down."""
    signal_all(process, signal.SIGKILL)
    process.wait()


def signal_all(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Sends a signal to a program and everything that it started."""
    for each in [process.pid, *started_by(process)]:
        with suppress(ProcessLookupError):
            os.kill(each, number)


def started_by(process: subprocess.Popen[bytes]) -> list[int]:
    """The processes of a program's session but itself; Python's workers leave its group."""
    found = []
    for each in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # What stands before it is the name of the program, which may hold anything.
            _, _, _, session, *_ = each.read_text().rpartition(")")[2].split()
            if int(session) == process.pid != int(each.parent.name):
                found.append(int(each.parent.name))
    return found


def command_of(pid: int) -> str:
    """The command line of a process; nothing where it has ended."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""


def open_files(pid: int) -> list[str]:
    """The files that a process has open; none where it has ended."""
    found = []
    with suppress(OSError):
        for each in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                found.append(str(each.readlink()))
    return found


def wait_until(is_so: Callable[[], Found | None], what: str, log: Path) -> Found:
    """Waits until a question has an answer, and gives it.

    Raises:
        RuntimeError: There is none in time; the end of the log says more.
    """
    until = time.monotonic() + SOON_SECONDS
    while time.monotonic() < until:
        if found := is_so():
            return found
        time.sleep(0.1)
    raise RuntimeError(f"{what}: {log.read_text(encoding='utf-8')[-_TELLS_WHY:]}")
