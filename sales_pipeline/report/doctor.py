"""What a doctor found, as text and as a JSON document."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from sales_pipeline.doctor.findings import State
from sales_pipeline.errors import counted
from sales_pipeline.report.layout import cell, new_table

if TYPE_CHECKING:
    from sales_pipeline.doctor.doctor import Diagnosis
    from sales_pipeline.doctor.findings import Finding

_STYLES = {State.OK: "green", State.WRONG: "bold red", State.NOT_TRIED: "yellow"}


def diagnosis_text(found: Diagnosis) -> RenderableType:
    """Returns a line for each check, and how many there are of each kind."""
    table = new_table()
    table.add_column("Check", no_wrap=True)
    table.add_column("Seconds", justify="right")
    table.add_column("", no_wrap=True)
    table.add_column("What there is, or what to do", overflow="fold")
    for each in found.findings:
        style = _STYLES[each.state]
        seconds = cell(f"{each.seconds:,.1f}")
        table.add_row(cell(each.check), seconds, cell(each.state, style=style), cell(_said(each)))
    counts = Counter(each.state for each in found.findings)
    summary = ", ".join(f"{counts[state]:,} {state}" for state in State if counts[state])
    checks = counted(len(found.findings), "check")
    return Group(table, Text(f"\n{checks} of the engine {found.engine}: {summary}."))


def diagnosis_document(found: Diagnosis) -> dict[str, Any]:
    """Returns the same as plain values."""
    return {
        "engine": found.engine,
        "landing": str(found.landing),
        "lakehouse": str(found.lakehouse),
        "ok": found.exit_code == 0,
        "checks": [
            {
                "check": each.check,
                "state": str(each.state),
                "said": each.said,
                "do": each.do or None,
                "seconds": round(each.seconds, 3),
            }
            for each in found.findings
        ],
    }


def _said(finding: Finding) -> str:
    return f"{finding.said}. Do: {finding.do}" if finding.do else finding.said
