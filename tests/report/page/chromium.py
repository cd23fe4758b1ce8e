"""A headless Chromium, driven through its own protocol over two pipes, without any driver.

Source: Chrome DevTools Protocol, `--remote-debugging-pipe`: JSON messages that end in a zero byte.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import IO, Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
    "--disable-extensions", "--disable-background-networking", "--disable-component-update",
    "--no-first-run", "--no-default-browser-check", "--hide-scrollbars",
    "--force-color-profile=srgb", "--remote-debugging-pipe",
)  # fmt: skip
_WITH_PIPES = """
import fcntl, os, sys
pipes = [fcntl.fcntl(int(pipe), fcntl.F_DUPFD, 10) for pipe in sys.argv[1:3]]
for pipe, number in zip(pipes, (3, 4)):
    os.dup2(pipe, number)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Starts a program that finds two pipes where the protocol wants them, as descriptors 3 and 4."""


def program() -> str | None:
    """The path of Chromium, or None if this machine has none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@dataclass
class Browser:
    """A running browser with one open tab.

    Attributes:
        to_browser: Takes messages to the browser.
        from_browser: Has the messages of the browser.
        events: What the tab has told since the last page was opened, as method and parameters.
    """

    to_browser: IO[bytes]
    from_browser: IO[bytes]
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    _session: str | None = None
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def attach(self) -> None:
        """Opens a tab and asks it to tell errors, messages and requests."""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Sends a command and returns its result; what happens meanwhile is kept in `events`."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self.to_browser.write(json.dumps(message).encode() + b"\0")
        self.to_browser.flush()
        while True:
            answer = self._next()
            if answer.get("id") == number:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result

    def _next(self) -> dict[str, Any]:
        """The next message; an event is kept, too."""
        text = bytearray()
        while (byte := self.from_browser.read(1)) != b"\0":
            if not byte:
                raise AssertionError("the browser has ended")
            text += byte
        message: dict[str, Any] = json.loads(text)
        if "method" in message:
            self.events.append((message["method"], message.get("params", {})))
        return message

    def open(self, page: Path) -> None:
        """Opens a file and waits until it is loaded."""
        self.events.clear()
        self.send("Page.navigate", url=page.as_uri())
        while not any(method == "Page.loadEventFired" for method, _ in self.events):
            self._next()

    def evaluate(self, expression: str) -> Any:
        """Returns the value of an expression of JavaScript; waits for a promise."""
        answer = self.send(
            "Runtime.evaluate",
            expression=expression,
            returnByValue=True,
            awaitPromise=True,
            allowUnsafeEvalBlockedByCSP=False,
        )
        if "exceptionDetails" in answer:
            raise AssertionError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def screenshot(self, *, width: int, dark: bool = False, height: int | None = None) -> bytes:
        """Returns a picture of the whole page, as PNG, as a screen of some width shows it."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", media="screen", features=[scheme])
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self.send("Emulation.setDeviceMetricsOverride", **metrics)
        self.evaluate("new Promise(done => setTimeout(done, 600))")
        whole = self.evaluate("document.documentElement.scrollHeight")
        clip = {"x": 0, "y": 0, "width": width, "height": height or whole, "scale": 1}
        shot = self.send("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        return base64.b64decode(shot["data"])

    def printed(self) -> bytes:
        """Returns the page as a PDF on A4."""
        answer = self.send("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
        return base64.b64decode(answer["data"])


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """Starts Chromium with a fresh profile and ends it after the block."""
    path = program()
    if path is None:
        raise AssertionError("there is no Chromium")
    there, to_browser = os.pipe()
    from_browser, back = os.pipe()
    # Without an environment of its own, this Python starts at once.
    command = [sys.executable, "-I", "-S", "-c", _WITH_PIPES, str(there), str(back), path]
    process = subprocess.Popen(
        [*command, *_FLAGS, f"--user-data-dir={folder}", "about:blank"],
        pass_fds=(there, back),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(there)
    os.close(back)
    with open(to_browser, "wb") as writer, open(from_browser, "rb") as reader:
        opened = Browser(writer, reader)
        try:
            opened.attach()
            yield opened
        finally:
            process.terminate()
            process.wait(timeout=30)
