"""`certify`: runs the same files on the embedded engine and on another, and compares every row."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

from sales_pipeline.certify.side import DECLARED, LANDING, SIDE
from sales_pipeline.config.locations import EMBEDDED, SPARK
from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import ExtraMissing, PipelineError, UsageError, counted
from sales_pipeline.lakehouse.runs import utc_now
from sales_pipeline.version import __version__

Place = Callable[[Path], int]
"""Puts copies of landing files into a folder; returns how many."""


@dataclass(frozen=True)
class Side:
    """A run on one engine.

    Attributes:
        engine: Its name.
        versions: What it is made of -> the version of that.
        seconds: How long the run took, its session's start included.
    """

    engine: str
    versions: Mapping[str, str]
    seconds: float


@dataclass(frozen=True)
class Certificate:
    """What a comparison of two engines found.

    Attributes:
        at: When, UTC.
        version: That of this package.
        files: How many landing files both took in.
        rows: Table -> rows compared.
        sides: The embedded engine, and the other.
        differences: A sentence for each table that differs.
    """

    at: datetime
    version: str
    files: int
    rows: Mapping[str, int]
    sides: tuple[Side, Side]
    differences: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """0, or 1 where anything differs."""
        return 1 if self.differences else 0


def certify(
    declaration: Declaration,
    place: Place,
    *,
    against: str,
    folder: Path | None = None,
    on_run: Callable[[str], None] = lambda _: None,
) -> Certificate:
    """Runs the same landing files on the embedded engine and on another, and compares.

    Args:
        declaration: What the retailer declares; its own folders and schemas are never used. With
            a catalog, the other engine has its tables there, in schemas that are dropped again.
        place: Puts the landing files into a folder.
        against: The name of the other engine.
        folder: Where the copies and the two lakehouses are put, and removed at the end; a remote
            engine has to see it under the same path. A temporary one without it.
        on_run: Told of each run, in words.

    Raises:
        UsageError: The other engine is the embedded one.
        ExtraMissing: The other engine is a session of Spark, which is not installed.
        PipelineError: A run failed.
    """
    if against == EMBEDDED:
        raise UsageError("--against: the embedded engine is compared with another, got 'embedded'")
    if against == SPARK and find_spec("delta") is None:
        raise ExtraMissing("certify", "delta-spark")
    with tempfile.TemporaryDirectory(prefix="sales-pipeline-certify-", dir=folder) as made:
        bench = Path(made)
        (bench / DECLARED).write_text(declaration.model_dump_json(by_alias=True), encoding="utf-8")
        files = place(bench / "delivered")
        found = []
        schema = [f"certify_{secrets.token_hex(4)}"] if declaration.catalog else []
        for name, side in (("embedded", [EMBEDDED]), ("other", [against, *schema])):
            on_run(f"run on {side[0]}")
            shutil.copytree(bench / "delivered", bench / name / LANDING)
            found.append(_ran(bench / name, *side))
    (embedded, expected), (other, seen) = found
    return Certificate(
        at=utc_now(),
        version=__version__,
        files=files,
        rows={name: sum(rows.values()) for name, rows in expected.items() if name != "files"},
        sides=(embedded, other),
        differences=tuple(_differences(expected, seen, other.engine)),
    )


def _ran(folder: Path, engine: str, *schema: str) -> tuple[Side, dict[str, dict[str, int]]]:
    python = [sys.executable, "-P", "-W", "ignore", "-m"]
    done = subprocess.run(  # noqa: S603 -- this very Python, and our own module
        [*python, "sales_pipeline.certify.side", folder, engine, *schema],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(each or "." for each in sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise PipelineError(f"certify: the run on {engine} failed: {lines[-1]}")
    found = json.loads((folder / SIDE).read_text(encoding="utf-8"))
    return Side(engine, found["versions"], found["seconds"]), found["seen"]


def _differences(
    expected: Mapping[str, Mapping[str, int]], seen: Mapping[str, Mapping[str, int]], engine: str
) -> list[str]:
    said = []
    for name in dict.fromkeys([*expected, *seen]):
        ours, theirs = Counter(expected.get(name, {})), Counter(seen.get(name, {}))
        if ours != theirs:
            noun = "file" if name == "files" else "row"
            missing, more = (ours - theirs).total(), (theirs - ours).total()
            said.append(f"{name}: {counted(missing, noun)} not on {engine}, {more:,} only there")
    return said
