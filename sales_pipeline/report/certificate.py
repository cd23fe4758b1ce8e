"""A certificate that two engines agree, as text and as a JSON document."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field, PlainSerializer
from rich.console import Group, RenderableType
from rich.text import Text

from sales_pipeline.errors import counted
from sales_pipeline.printable import printable
from sales_pipeline.report.document import timestamp
from sales_pipeline.report.figures import moment
from sales_pipeline.report.layout import cell, new_table

if TYPE_CHECKING:
    from sales_pipeline.proofs.certificate import Certificate


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


class _Side(BaseModel, from_attributes=True):
    engine: str
    seconds: Annotated[float, PlainSerializer(lambda seconds: round(seconds, 3))]
    versions: dict[str, str]


class _Certificate(BaseModel, from_attributes=True):
    at: Annotated[datetime, PlainSerializer(timestamp)]
    version: str
    files: int
    rows: dict[str, int]
    engines: list[_Side] = Field(validation_alias="sides")
    differences: list[str]


def certificate_document(certificate: Certificate) -> dict[str, Any]:
    """Returns the JSON document of a certificate."""
    return _Certificate.model_validate(certificate).model_dump(mode="json")
