"""`certify`: runs the same files on the embedded engine and on another, and compares every row.

Each run has a process of its own, because one process can have either a session of Spark or one of
Spark Connect, never both. It is started as

    python -m sales_pipeline.proofs.certificate FOLDER ENGINE [SCHEMA]

and leaves its result as JSON in its folder.
"""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

from sales_pipeline import pipeline
from sales_pipeline.bronze.feed_files import folders_of
from sales_pipeline.config.locations import EMBEDDED, SPARK
from sales_pipeline.config.model import Declaration
from sales_pipeline.engines.spark_session import open_engine
from sales_pipeline.errors import (
    ExtraMissing,
    PipelineError,
    SalesPipelineError,
    UsageError,
    counted,
)
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.opening import opened_lakehouse
from sales_pipeline.lakehouse.ops_tables import LOCK
from sales_pipeline.lakehouse.runs import utc_now
from sales_pipeline.lakehouse.table_removal import remove_tables
from sales_pipeline.proofs.killed_processes import environment_of_children
from sales_pipeline.proofs.retailer_copies import (
    DELIVERED,
    FILES,
    LANDING,
    Contents,
    PlaceFiles,
    compare_contents,
    contents,
    copied_declaration,
    write_declaration,
)
from sales_pipeline.version import __version__

_MODULE = "sales_pipeline.proofs.certificate"
_RESULT = "side.json"


@dataclass(frozen=True)
class Side:
    """A run on one engine: the versions of its parts, and its seconds with the session's start."""

    engine: str
    versions: Mapping[str, str]
    seconds: float


@dataclass(frozen=True)
class Certificate:
    """The result of a comparison of two engines.

    Attributes:
        at: The time of the comparison, UTC.
        version: The version of this package.
        files: The number of landing files that both took in.
        rows: Table -> rows compared.
        sides: The embedded engine, and the one compared with it.
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
        """0, or 1 if anything differs."""
        return 1 if self.differences else 0


def certify(
    declaration: Declaration,
    place: PlaceFiles,
    *,
    against: str,
    folder: Path | None = None,
    on_run: Callable[[str], None] = lambda _: None,
) -> Certificate:
    """Runs the same landing files on the embedded engine and on another, and compares.

    Args:
        declaration: What the retailer declares; its own folders and schemas are never used. With
            a catalog, the other engine has its tables there, in schemas that are dropped again.
        place: Writes the landing files into a folder.
        against: The name of the other engine.
        folder: The folder for the copies and the two lakehouses, which are removed at the end; a
            remote engine has to see it under the same path. A temporary folder by default.
        on_run: Called with a description of each run as it begins.

    Raises:
        UsageError: The other engine is the embedded one.
        ExtraMissing: The other engine is a session of Spark, which is not installed.
        PipelineError: A run failed.
    """
    if against == EMBEDDED:
        raise UsageError("--against: the embedded engine is compared with another, got 'embedded'")
    if against == SPARK and find_spec("delta") is None:
        raise ExtraMissing("certify", "delta-spark")
    with tempfile.TemporaryDirectory(prefix="sales-pipeline-certify-", dir=folder) as temporary:
        copy = Path(temporary)
        write_declaration(copy, declaration)
        files = place(copy / DELIVERED)
        results = []
        schema = [f"certify_{secrets.token_hex(4)}"] if declaration.catalog else []
        for name, arguments in (("embedded", [EMBEDDED]), ("other", [against, *schema])):
            on_run(f"run on {arguments[0]}")
            shutil.copytree(copy / DELIVERED, copy / name / LANDING)
            results.append(_run_in_process(copy / name, *arguments))
    (embedded, expected), (compared, actual) = results
    return Certificate(
        at=utc_now(),
        version=__version__,
        files=files,
        rows={name: sum(rows.values()) for name, rows in expected.items() if name != FILES},
        sides=(embedded, compared),
        differences=tuple(_differences(expected, actual, compared.engine)),
    )


def _run_in_process(folder: Path, engine: str, *schema: str) -> tuple[Side, Contents]:
    python = [sys.executable, "-P", "-W", "ignore", "-m"]
    process = subprocess.run(  # noqa: S603 -- this very Python, and our own module
        [*python, _MODULE, folder, engine, *schema],
        env=environment_of_children(),
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode:
        lines = process.stderr.strip().splitlines() or [f"exit code {process.returncode}"]
        raise PipelineError(f"certify: the run on {engine} failed: {lines[-1]}")
    result = json.loads((folder / _RESULT).read_text(encoding="utf-8"))
    return Side(engine, result["versions"], result["seconds"]), result["contents"]


def _differences(expected: Contents, actual: Contents, engine: str) -> list[str]:
    return [
        f"{difference.name}: {counted(difference.missing.total(), difference.noun)} "
        f"not on {engine}, {difference.extra.total():,} only there"
        for difference in compare_contents(expected, actual)
    ]


def run_side(folder: Path, engine: str, schema: str | None = None) -> None:
    """Runs on one engine; writes down the contents, the versions and the seconds.

    The folder is the one of this run, with the landing files. Without `schema`, the prefix of the
    schemas that are made in the declared catalog and dropped again, the tables are there, too.
    """
    tables = {"schema_name": schema} if schema else {"catalog": None}
    declaration = copied_declaration(folder, **tables, engine=engine)
    try:
        result = _result(declaration)
    finally:
        if schema:
            _drop_schemas(declaration)
    (folder / _RESULT).write_text(json.dumps(result), encoding="utf-8")


def _result(declaration: Declaration) -> dict[str, object]:
    began = time.monotonic()
    pipeline.run(declaration)
    seconds = time.monotonic() - began
    with opened_lakehouse(declaration) as lakehouse:
        return {
            "contents": contents(lakehouse, folders_of(declaration)),
            "versions": dict(lakehouse.engine.versions()),
            "seconds": seconds,
        }


def _drop_schemas(declaration: Declaration) -> None:
    with closing(open_engine(declaration)) as engine:
        lakehouse = Lakehouse(declaration, engine)
        remove_tables(lakehouse, ())
        engine.drop(LOCK.name)
        for schema in {engine.table_name(name).rpartition(".")[0] for name in lakehouse.tables}:
            engine.spark().sql(f"DROP SCHEMA IF EXISTS {schema}")


if __name__ == "__main__":
    try:
        run_side(Path(sys.argv[1]), *sys.argv[2:])
    except SalesPipelineError as error:
        sys.exit(str(error))
