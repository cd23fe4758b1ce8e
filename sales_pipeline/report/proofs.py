"""Results of `certify`, `selftest` and `doctor`, as text and as JSON."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator
from rich.console import Group, RenderableType
from rich.text import Text

from sales_pipeline.errors import MAX_EXAMPLES, counted
from sales_pipeline.printable import printable
from sales_pipeline.proofs.diagnosis import CheckState
from sales_pipeline.report.document import Moment, Seconds, View, json_object, read_from
from sales_pipeline.report.figures import moment
from sales_pipeline.report.layout import cell, new_table

if TYPE_CHECKING:
    from sales_pipeline.proofs.certificate import Certificate
    from sales_pipeline.proofs.diagnosis import Diagnosis, Finding
    from sales_pipeline.proofs.selftest import KillTrial, Selftest


def certificate_text(certificate: Certificate) -> RenderableType:
    """Returns a short page to keep: versions, seconds, and what differs."""
    table = new_table()
    table.add_column("Engine")
    table.add_column("Seconds", justify="right")
    table.add_column("Versions", overflow="fold")
    for side in certificate.sides:
        versions = ", ".join(f"{name} {version}" for name, version in side.versions.items())
        table.add_row(cell(side.engine), f"{side.seconds:,.1f}", cell(versions))
    rows = counted(sum(certificate.rows.values()), "row")
    tables = counted(len(certificate.rows), "table")
    files = counted(certificate.files, "file")
    differences = [f"  {printable(sentence)}" for sentence in certificate.differences]
    lines = [
        f"{files} taken in by both, {rows} of {tables} compared.",
        f"What differed: {'something.' if differences else 'nothing.'}",
        *differences,
        f"sales-pipeline {certificate.version}, {moment(certificate.at)} UTC",
    ]
    return Group(table, *(Text(line) for line in lines))


class _Side(View):
    engine: str
    seconds: Seconds
    versions: dict[str, str]


class _Certificate(View):
    at: Moment
    version: str
    files: int
    rows: dict[str, int]
    engines: list[_Side] = read_from("sides")
    differences: list[str]


def certificate_document(certificate: Certificate) -> dict[str, Any]:
    """Returns the JSON document of a certificate."""
    return json_object(_Certificate, certificate)


def selftest_text(result: Selftest) -> RenderableType:
    """Returns the number of points that were tried, and what differed."""
    tried = len({trial.point for trial in result.trials})
    files, points = counted(result.files, "file"), counted(len(result.points), "commit point")
    kills, seconds = counted(len(result.trials), "time"), f"{result.seconds:,.0f} s"
    lines = [
        f"A run over {files} has {points}.",
        f"Killed {kills}, before and after {tried:,} of them, in {seconds}; each time",
        "run again and compared with a run that was not killed.",
        f"What differed: {_what_differed(result)}",
    ]
    lines += [f"  {_trial_line(trial, result)}" for trial in result.failures[:MAX_EXAMPLES]]
    return Group(*(Text(line) for line in lines))


class _Kill(View):
    point: int
    moment: str


class _Failure(_Kill):
    what: list[str] = read_from("differences")


class _Selftest(View):
    files: int
    commit_points: list[str] = read_from("points")
    tried: list[_Kill] = read_from("trials")
    differences: list[_Failure] = read_from("failures")
    seconds: Seconds


def selftest_document(result: Selftest) -> dict[str, Any]:
    """Returns the JSON document of a self-test."""
    return json_object(_Selftest, result)


def _what_differed(result: Selftest) -> str:
    failures = result.failures
    return f"something, {counted(len(failures), 'time')}." if failures else "nothing."


def _trial_line(trial: KillTrial, result: Selftest) -> str:
    place = f"{trial.moment} point {trial.point} ({result.points[trial.point - 1]})"
    return printable(f"{place}: {'; '.join(trial.differences)}")


_STYLES = {CheckState.OK: "green", CheckState.WRONG: "bold red", CheckState.NOT_TRIED: "yellow"}


def diagnosis_text(diagnosis: Diagnosis) -> RenderableType:
    """Returns a line for each check, and how many there are in each state."""
    table = new_table()
    table.add_column("Check", no_wrap=True)
    table.add_column("Seconds", justify="right")
    table.add_column("", no_wrap=True)
    table.add_column("What there is, or what to do", overflow="fold")
    for finding in diagnosis.findings:
        style = _STYLES[finding.state]
        seconds = cell(f"{finding.seconds:,.1f}")
        table.add_row(
            cell(finding.check), seconds, cell(finding.state, style=style), cell(_detail(finding))
        )
    counts = Counter(finding.state for finding in diagnosis.findings)
    summary = ", ".join(f"{counts[state]:,} {state}" for state in CheckState if counts[state])
    checks = counted(len(diagnosis.findings), "check")
    return Group(table, Text(f"\n{checks} of the engine {diagnosis.engine}: {summary}."))


class _Finding(View):
    check: str
    state: CheckState
    said: str = read_from("detail")
    do: Annotated[str | None, BeforeValidator(lambda remedy: remedy or None)] = read_from("remedy")
    seconds: Seconds


class _Diagnosis(View):
    engine: str
    landing: Path
    lakehouse: Path
    ok: bool = read_from("is_ok")
    checks: list[_Finding] = read_from("findings")


def diagnosis_document(diagnosis: Diagnosis) -> dict[str, Any]:
    """Returns the JSON document of a diagnosis."""
    return json_object(_Diagnosis, diagnosis)


def _detail(finding: Finding) -> str:
    return f"{finding.detail}. Do: {finding.remedy}" if finding.remedy else finding.detail
