"""The diagnosis of `doctor`, as text and as a JSON document."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from sales_pipeline.errors import counted
from sales_pipeline.proofs.diagnosis import CheckState
from sales_pipeline.report.tables import cell, new_table

if TYPE_CHECKING:
    from sales_pipeline.proofs.diagnosis import Diagnosis, Finding

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


def diagnosis_document(diagnosis: Diagnosis) -> dict[str, Any]:
    """Returns the JSON document of a diagnosis."""
    return {
        "engine": diagnosis.engine,
        "landing": str(diagnosis.landing),
        "lakehouse": str(diagnosis.lakehouse),
        "ok": diagnosis.exit_code == 0,
        "checks": [
            {
                "check": finding.check,
                "state": str(finding.state),
                "said": finding.detail,
                "do": finding.remedy or None,
                "seconds": round(finding.seconds, 3),
            }
            for finding in diagnosis.findings
        ],
    }


def _detail(finding: Finding) -> str:
    return f"{finding.detail}. Do: {finding.remedy}" if finding.remedy else finding.detail
