"""`doctor`: tries everything that a run asks of an engine, in the user's own place.

Nothing of the retailer's is written or removed: the checks make tables, folders and a landing file
of their own and remove them, also where a check fails or somebody stops it. What a doctor left that
was killed, the next one removes.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sales_pipeline.commit_points import safe_point
from sales_pipeline.config.model import Declaration
from sales_pipeline.doctor import machine, places, probe, session, tables
from sales_pipeline.doctor.bench import Bench
from sales_pipeline.doctor.findings import Check, Finding, Hide, State, finding_of
from sales_pipeline.engines.spark_session import open_engine
from sales_pipeline.errors import examples


@dataclass(frozen=True)
class Diagnosis:
    """What a doctor found.

    Attributes:
        engine: The name of the engine.
        landing: The landing folder.
        lakehouse: The lakehouse folder.
        findings: How each check ended, in their order.
    """

    engine: str
    landing: Path
    lakehouse: Path
    findings: tuple[Finding, ...]

    @property
    def exit_code(self) -> int:
        """0 where all is well, else 1."""
        return 0 if all(each.state is State.OK for each in self.findings) else 1


def examine(
    declaration: Declaration,
    *,
    on_check: Callable[[str], None] = lambda _: None,
    hide: Hide = lambda text: text,
) -> Diagnosis:
    """Tries everything that a run asks of an engine.

    Args:
        declaration: What the retailer declares; their own tables and files are never touched.
        on_check: Told of each check as it begins.
        hide: Takes secrets out of what an engine says.

    Raises:
        UsageError: The declaration names no engine that can be tried.
        Stopped: Somebody stopped it, between two checks.
    """
    findings: list[Finding] = []

    def find(check: Check) -> None:
        on_check(check.name)
        findings.append(finding_of(check, bench, findings, hide=hide))

    with closing(open_engine(declaration)) as engine:
        bench = Bench(declaration, engine)
        try:
            for check in _CHECKS:
                safe_point()
                find(check)
        finally:
            for check in _CLEANING:
                find(check)
        return Diagnosis(engine.name, bench.landing, bench.lakehouse, tuple(findings))


def _remove_folders(bench: Bench) -> str:
    return _told(bench.remove_folders())


def _remove_tables(bench: Bench) -> str:
    return _told(bench.remove_tables())


def _told(abandoned: list[str]) -> str:
    found = f", and what a doctor left that was killed: {examples(abandoned)}" if abandoned else ""
    return f"what was made here{found}"


_SET_UP = "set the engine up as docs/engines.md says"
_DELTA = "give the engine a Delta Lake that fits its Spark; docs/engines.md names versions"
_TABLES = (
    "let this user make and change tables in the lakehouse; a server has to see its folder under "
    "the same path"
)
_LEFT = "remove by hand whatever has _doctor_ in its name"
_IN_LANDING = "let this user make and remove files in the landing folder, or declare archive: leave"
_BUILTIN = (
    "let the tasks see the landing folder under the same path; where the engine refuses data "
    "sources in Python, declare reader: builtin"
)
_CHECKS = (
    Check("Python", machine.python, "install a later Python"),
    Check("packages", machine.packages, _SET_UP),
    Check("one pyspark", machine.one_pyspark, "uninstall both, then install the one of the engine"),
    Check("Java", machine.java, "install a JRE 17, and let JAVA_HOME or the path lead to it"),
    Check("session", session.session, _SET_UP, after=("Java",)),
    Check(
        "time zone",
        session.time_zone,
        "set spark.sql.session.timeZone to UTC where the engine runs",
        after=("session",),
    ),
    Check(
        "ANSI mode",
        session.ansi_mode,
        "set spark.sql.ansi.enabled to true where the engine runs",
        after=("session",),
    ),
    Check("decimals", session.decimals, _SET_UP, after=("session",)),
    Check("landing folder", places.landing, "let this user read the landing folder"),
    Check("landing file", places.landing_file, _IN_LANDING, after=("landing folder",)),
    Check("lakehouse folder", places.lakehouse, "let this user make folders and files there"),
    Check(
        "lock", places.lock, "put the lakehouse on a file system with locks", ("lakehouse folder",)
    ),
    Check("reader", probe.reader, _BUILTIN, after=("session", "landing file")),
    Check("archive", places.archive, _IN_LANDING, after=("landing file", "lakehouse folder")),
    Check("tables", tables.create, _TABLES, after=("session", "lakehouse folder")),
    Check("write", tables.write, _TABLES, after=("tables",)),
    Check("MERGE", tables.merge, _DELTA, after=("write",)),
    Check("replaceWhere", tables.replace_where, _DELTA, after=("write",)),
    Check("DELETE", tables.delete, _DELTA, after=("write",)),
    Check("time travel", tables.time_travel, _DELTA, after=("write",)),
)
_CLEANING = (
    Check("tables removed", _remove_tables, _LEFT, after=("session",)),
    # The last, for it also removes a lakehouse folder that was made for nothing else.
    Check("folders removed", _remove_folders, _LEFT),
)
