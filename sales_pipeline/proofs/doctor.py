"""`doctor`: tries every ability of an engine that a run needs, in the user's own place.

It writes and removes nothing of the retailer's. The checks make scratch tables, scratch folders
and a landing file, and remove them, even if a check fails or the user stops it. If a `doctor` is
killed, the next one removes its scratch tables and folders.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from sales_pipeline.commit_points import safe_point
from sales_pipeline.config.model import Declaration
from sales_pipeline.engines.spark_session import open_engine
from sales_pipeline.errors import examples
from sales_pipeline.proofs import engine_checks, folder_checks, machine_checks
from sales_pipeline.proofs.diagnosis import Check, Diagnosis, Finding, Hide, run_check
from sales_pipeline.proofs.workbench import Workbench


def diagnose(
    declaration: Declaration,
    *,
    on_check: Callable[[str], None] = lambda _: None,
    hide: Hide = lambda text: text,
) -> Diagnosis:
    """Tries every ability of an engine that a run needs.

    Args:
        declaration: What the retailer declares; their own tables and files are never touched.
        on_check: Called with the name of each check as it begins.
        hide: Replaces the secrets in messages of an engine.

    Raises:
        UsageError: The declaration names no engine that can be tried.
        Stopped: The user stopped it, between two checks.
    """
    findings: list[Finding] = []

    def run(check: Check) -> None:
        on_check(check.name)
        findings.append(run_check(check, bench, findings, hide=hide))

    with closing(open_engine(declaration)) as engine:
        bench = Workbench(declaration, engine)
        try:
            for check in _CHECKS:
                safe_point()
                run(check)
        finally:
            for check in _CLEANING:
                run(check)
        return Diagnosis(engine.name, bench.landing, bench.lakehouse, tuple(findings))


def _remove_folders(bench: Workbench) -> str:
    return _removed(bench.remove_folders())


def _remove_tables(bench: Workbench) -> str:
    return _removed(bench.remove_tables())


def _removed(abandoned: list[str]) -> str:
    more = f", and those that a killed doctor left: {examples(abandoned)}" if abandoned else ""
    return f"the scratch ones{more}"


_SET_UP = "set the engine up as docs/engines.md says"
_DELTA = "give the engine a Delta Lake that fits its Spark; docs/engines.md names versions"
_TABLES = (
    "let this user make and change tables in the lakehouse; a server has to see its folder under "
    "the same path"
)
_LEFT = "remove by hand everything with _doctor_ in its name"
_IN_LANDING = "let this user make and remove files in the landing folder, or declare archive: leave"
_BUILTIN = (
    "let the tasks see the landing folder under the same path; where the engine refuses data "
    "sources in Python, declare reader: builtin"
)
_CHECKS = (
    Check("Python", machine_checks.python, "install a later Python"),
    Check("packages", machine_checks.packages, _SET_UP),
    Check(
        "one pyspark",
        machine_checks.one_pyspark,
        "uninstall both, then install the one of the engine",
    ),
    Check(
        "Java", machine_checks.java, "install a JRE 17, and let JAVA_HOME or the path lead to it"
    ),
    Check("session", engine_checks.session, _SET_UP, needs=("Java",)),
    Check(
        "time zone",
        engine_checks.time_zone,
        "set spark.sql.session.timeZone to UTC where the engine runs",
        needs=("session",),
    ),
    Check(
        "ANSI mode",
        engine_checks.ansi_mode,
        "set spark.sql.ansi.enabled to true where the engine runs",
        needs=("session",),
    ),
    Check("decimals", engine_checks.decimals, _SET_UP, needs=("session",)),
    Check("landing folder", folder_checks.landing, "let this user read the landing folder"),
    Check("landing file", folder_checks.landing_file, _IN_LANDING, needs=("landing folder",)),
    Check(
        "lakehouse folder", folder_checks.lakehouse, "let this user make folders and files there"
    ),
    Check(
        "lock",
        folder_checks.lock,
        "put the lakehouse on a file system with locks",
        needs=("lakehouse folder",),
    ),
    Check("reader", folder_checks.reader, _BUILTIN, needs=("session", "landing file")),
    Check(
        "archive", folder_checks.archive, _IN_LANDING, needs=("landing file", "lakehouse folder")
    ),
    Check("tables", engine_checks.create, _TABLES, needs=("session", "lakehouse folder")),
    Check("write", engine_checks.write, _TABLES, needs=("tables",)),
    Check("MERGE", engine_checks.merge, _DELTA, needs=("write",)),
    Check("replaceWhere", engine_checks.replace_where, _DELTA, needs=("write",)),
    Check("DELETE", engine_checks.delete, _DELTA, needs=("write",)),
    Check("time travel", engine_checks.time_travel, _DELTA, needs=("write",)),
)
_CLEANING = (
    Check("tables removed", _remove_tables, _LEFT, needs=("session",)),
    # Last, because it also removes a lakehouse folder that these checks made.
    Check("folders removed", _remove_folders, _LEFT),
)
