"""The diagnosis of `doctor`, as text and as a JSON document."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, PlainSerializer
from rich.console import Group, RenderableType
from rich.text import Text

from sales_pipeline.errors import counted
from sales_pipeline.proofs.diagnosis import CheckState
from sales_pipeline.report.layout import cell, new_table

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


class _Finding(BaseModel, from_attributes=True):
    check: str
    state: CheckState
    said: str = Field(validation_alias="detail")
    do: Annotated[str | None, BeforeValidator(lambda remedy: remedy or None)] = Field(
        validation_alias="remedy"
    )
    seconds: Annotated[float, PlainSerializer(lambda seconds: round(seconds, 3))]


class _Diagnosis(BaseModel, from_attributes=True):
    engine: str
    landing: Path
    lakehouse: Path
    ok: bool = Field(validation_alias="is_ok")
    checks: list[_Finding] = Field(validation_alias="findings")


def diagnosis_document(diagnosis: Diagnosis) -> dict[str, Any]:
    """Returns the JSON document of a diagnosis."""
    return _Diagnosis.model_validate(diagnosis).model_dump(mode="json")


def _detail(finding: Finding) -> str:
    return f"{finding.detail}. Do: {finding.remedy}" if finding.remedy else finding.detail
