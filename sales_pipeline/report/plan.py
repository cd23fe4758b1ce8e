"""The plan of a run, as text and as JSON: its files in order, its months, one line for grep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from sales_pipeline.bronze.claiming import CORRECTION, HELD, NEW, REJECTED, REPEAT
from sales_pipeline.errors import counted
from sales_pipeline.operations.plan import Plan
from sales_pipeline.operations.planned_files import (
    ABANDONED,
    CHANGED,
    KNOWN,
    UNREADABLE,
    PlannedFile,
)
from sales_pipeline.printable import printable
from sales_pipeline.report.document import Month, View, json_object, read_from
from sales_pipeline.report.figures import month_text, size
from sales_pipeline.report.layout import (
    TROUBLE,
    WORTH_A_LOOK,
    about_file,
    cell,
    listed,
    listed_files,
    new_table,
    titled,
    unusable_lines,
)
from sales_pipeline.run_report import FileNote
from sales_pipeline.silver.validation.reasons import Unusable

_STYLES = {
    REJECTED: TROUBLE,
    HELD: TROUBLE,
    ABANDONED: TROUBLE,
    UNREADABLE: TROUBLE,
    CHANGED: TROUBLE,
    CORRECTION: WORTH_A_LOOK,
}
_COUNTED = (NEW, CORRECTION, REPEAT, REJECTED, HELD)


class _File(View):
    path: str
    feed: str | None
    bytes: int
    becomes: str
    reason: str | None
    delivery: int | None
    delivery_rows: int | None
    records: int | None
    months: tuple[Month, ...] | None
    unusable: tuple[Unusable, ...]


class _Remade(View):
    reason: str
    months: tuple[Month, ...] | None


class _Plan(View):
    exit_code: int
    is_nothing_to_do: bool
    stop: str | None
    unfinished: list[_File]
    rejudged: list[_File]
    files: list[_File]
    held_files: list[FileNote] = read_from("held")
    months: list[Month]
    closed_months: list[Month]
    months_unknown: list[str]
    waiting_months: list[Month]
    remade: list[_Remade]
    notes: list[str]


def plan_document(plan: Plan) -> dict[str, Any]:
    """Returns a plan, ready for JSON; months that are not known before the run are null."""
    return json_object(_Plan, plan)


def plan_text(plan: Plan) -> RenderableType:
    """Returns a plan as text, its line for grep last."""
    parts: list[RenderableType] = []
    if plan.stop is not None:
        parts += [Text("A run would stop:", style=TROUBLE), Text(printable(plan.stop)), Text()]
    elif plan.is_nothing_to_do:
        parts += [Text("A run would find nothing new."), Text()]
    if plan.unfinished:
        parts.append(_table("Left by an interrupted run; finished first", plan.unfinished))
    news = [file for file in plan.files if file.becomes != KNOWN]
    if news:
        parts.append(_table("In the landing folder", news))
    sentences = [
        *_rejudged(plan),
        *_known(plan),
        *_held(plan),
        *_month_lines(plan),
        *(Text(note) for note in plan.notes),
        *_unusable(plan),
    ]
    return Group(*parts, *sentences, *([Text()] if sentences else []), _line(plan))


def _table(title: str, files: Sequence[PlannedFile]) -> Group:
    headers = ("Feed", "File", "Size", "Becomes", "Records", "Months", "Why")
    figures, texts = ("Size", "Records"), ("File", "Becomes", "Months", "Why")
    table = new_table(*headers, right=figures, fold=texts)
    for file in files:
        table.add_row(
            cell(file.feed),
            cell(file.path),
            size(file.bytes),
            cell(_becomes(file), style=_STYLES.get(file.becomes, "")),
            "" if file.records is None else f"{file.records:,}",
            "not known" if file.months is None else _months(file.months),
            cell(file.reason),
        )
    return titled(title, table)


def _becomes(file: PlannedFile) -> str:
    """The future of a file, with the delivery that it is about."""
    words = file.becomes.replace("_", " ")
    if file.delivery is None:
        return words
    rows = "" if file.delivery_rows is None else f" ({counted(file.delivery_rows, 'record')})"
    relation = " of" if file.becomes in (CORRECTION, REPEAT) else ":"
    if file.becomes == HELD and file.delivery is not None:
        relation = ": a correction of"
    return f"{words}{relation} delivery {file.delivery}{rows}"


def _rejudged(plan: Plan) -> list[Text]:
    """Counts of the records to validate again, by feed, because they may be of many files."""
    lines = []
    counting = [file for file in plan.rejudged if file.becomes != REPEAT]
    for feed, files in groupby(counting, key=lambda file: file.feed):
        deliveries = list(files)
        records = counted(sum(file.delivery_rows or 0 for file in deliveries), "record")
        lines.append(f"{feed}: {counted(len(deliveries), 'file')}, {records}")
    repeats = [f"{file.path}: {file.reason}" for file in plan.rejudged if file.becomes == REPEAT]
    return [*listed("Judged again:", lines), *listed_files("repeated and not counted", repeats)]


def _unusable(plan: Plan) -> list[Text]:
    """The records of files that would be quarantined, by reason."""
    files = [*plan.unfinished, *plan.rejudged, *plan.files]
    return [line for file in files for line in unusable_lines(file.path, file.unusable)]


def _known(plan: Plan) -> list[Text]:
    """The files that stay in the landing folder: after years there are very many."""
    known = [file for file in plan.files if file.becomes == KNOWN]
    lines = [f"{file.path}: delivery {file.delivery}, {file.reason}" for file in known]
    return listed_files("in the landing folder known already", lines)


def _held(plan: Plan) -> list[Text]:
    lines = [about_file(note.path, note.reason) for note in plan.held]
    what = "held already, until accepted, released or withdrawn"
    return listed_files(what, lines, style=WORTH_A_LOOK)


def _month_lines(plan: Plan) -> list[Text]:
    lines = []
    if plan.months:
        lines.append(f"Months that it touches: {_months(plan.months)}")
    if plan.waiting_months:
        waiting = _months(plan.waiting_months)
        lines.append(
            f"  of them waiting already, for a rate or since an interrupted run: {waiting}"
        )
    if plan.closed_months:
        closed = _months(plan.closed_months)
        lines.append(f"  of them closed, so their figures may be restated: {closed}")
    for remade in plan.remade:
        months = "not known before the run" if remade.months is None else _months(remade.months)
        lines.append(f"Gold is made again, because {remade.reason}: {months}")
    if plan.months_unknown:
        lines.append(f"Months not known before the run: {', '.join(plan.months_unknown)}")
    return [Text(printable(line)) for line in lines]


def _months(months: Iterable[date]) -> str:
    return ", ".join(month_text(month) for month in months)


def _line(plan: Plan) -> Text:
    """The plan on one line of `key=value` pairs, for grep and for logs."""
    counts = Counter(file.becomes for file in plan.files)
    pairs: dict[str, object] = {"plan": plan.exit_code, "unfinished": len(plan.unfinished)}
    pairs |= {kind: counts[kind] for kind in _COUNTED}
    pairs["months"] = len(plan.months)
    line = " ".join(f"{key}={value}" for key, value in pairs.items())
    return Text(line, no_wrap=True, overflow="ignore")
