"""What a run would do, as text: the files in its order, the months, one greppable line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby

from rich.console import Group, RenderableType
from rich.text import Text

from sales_pipeline.bronze.landed import CORRECTION, HELD, NEW, REJECTED, REPEAT
from sales_pipeline.errors import counted, examples
from sales_pipeline.operations.plan import ABANDONED, KNOWN, UNREADABLE, Plan, PlannedFile
from sales_pipeline.printable import printable
from sales_pipeline.report.figures import month_text, size
from sales_pipeline.report.sentences import about_file, few_lines
from sales_pipeline.report.tables import cell, new_table, titled

_TROUBLE = "bold red"
_WORTH_A_LOOK = "yellow"
_STYLES = {
    REJECTED: _TROUBLE,
    HELD: _TROUBLE,
    ABANDONED: _TROUBLE,
    UNREADABLE: _TROUBLE,
    CORRECTION: _WORTH_A_LOOK,
}
_COUNTED = (NEW, CORRECTION, REPEAT, REJECTED, HELD)


def plan_text(plan: Plan) -> RenderableType:
    """Returns a plan as text, its greppable line last."""
    parts: list[RenderableType] = []
    if plan.stop is not None:
        parts += [Text("A run would stop:", style=_TROUBLE), Text(printable(plan.stop)), Text()]
    elif plan.is_nothing_to_do:
        parts += [Text("A run would find nothing new."), Text()]
    if plan.unfinished:
        parts.append(_table("Left by an interrupted run; finished first", plan.unfinished))
    news = [each for each in plan.files if each.becomes != KNOWN]
    if news:
        parts.append(_table("In the landing folder", news))
    sentences = [
        *_rejudged(plan),
        *_known(plan),
        *_held(plan),
        *_month_lines(plan),
        *(Text(each) for each in plan.notes),
        *_untried(plan),
    ]
    return Group(*parts, *sentences, *([Text()] if sentences else []), _line(plan))


def _table(title: str, files: Sequence[PlannedFile]) -> Group:
    table = new_table()
    table.add_column("Feed")
    table.add_column("File", overflow="fold")
    table.add_column("Size", justify="right")
    table.add_column("Becomes", overflow="fold")
    table.add_column("Records", justify="right")
    table.add_column("Months", overflow="fold")
    table.add_column("Why", overflow="fold")
    for each in files:
        table.add_row(
            cell(each.feed),
            cell(each.path),
            size(each.bytes),
            cell(_becomes(each), style=_STYLES.get(each.becomes, "")),
            "" if each.records is None else f"{each.records:,}",
            "not known" if each.months is None else _months(each.months),
            cell(each.reason),
        )
    return titled(title, table)


def _becomes(file: PlannedFile) -> str:
    """What becomes of a file, with the delivery that it is about."""
    words = file.becomes.replace("_", " ")
    if file.delivery is None:
        return words
    rows = "" if file.delivery_rows is None else f" ({counted(file.delivery_rows, 'record')})"
    relation = " of" if file.becomes in (CORRECTION, REPEAT) else ":"
    if file.becomes == HELD and file.delivery is not None:
        relation = ": a correction of"
    return f"{words}{relation} delivery {file.delivery}{rows}"


def _rejudged(plan: Plan) -> list[Text]:
    """What is judged again, counted by feed; after years these are very many files."""
    lines = []
    for feed, files in groupby(plan.rejudged, key=lambda each: each.feed):
        deliveries = list(files)
        records = counted(sum(each.delivery_rows or 0 for each in deliveries), "record")
        lines.append(f"{feed}: {counted(len(deliveries), 'file')}, {records}")
    return [Text("Judged again:"), *few_lines(lines, indent="  ")] if lines else []


def _untried(plan: Plan) -> list[Text]:
    """The SQL that only a run or a check tries; a run with nothing to do does not, either."""
    if not plan.untried or plan.is_nothing_to_do:
        return []
    line = f"Not tried: the SQL of {examples(list(plan.untried))}. Do: sales-pipeline check"
    return [Text(printable(line))]


def _known(plan: Plan) -> list[Text]:
    """The files that stay in the landing folder; after years there are very many."""
    known = [each for each in plan.files if each.becomes == KNOWN]
    if not known:
        return []
    lines = [f"{each.path}: delivery {each.delivery}, {each.reason}" for each in known]
    heading = f"{counted(len(known), 'file')} in the landing folder known already"
    return [Text(heading), *few_lines(lines, indent="  ")]


def _held(plan: Plan) -> list[Text]:
    if not plan.held:
        return []
    lines = [about_file(each.path, each.reason) for each in plan.held]
    heading = f"{counted(len(lines), 'file')} held already, until accepted, released or withdrawn"
    return [Text(heading, style=_WORTH_A_LOOK), *few_lines(lines, indent="  ")]


def _month_lines(plan: Plan) -> list[Text]:
    lines = []
    if plan.months:
        lines.append(f"Months that it touches: {_months(plan.months)}")
    if plan.waiting_months:
        waiting = _months(plan.waiting_months)
        lines.append(
            f"  of them waiting already, for a rate or since an interrupted run: {waiting}"
        )
    for each in plan.remade:
        which = "not known before the run" if each.months is None else _months(each.months)
        lines.append(f"Gold is made again, because {each.reason}: {which}")
    if plan.months_unknown:
        lines.append(f"Months not known before the run: {', '.join(plan.months_unknown)}")
    return [Text(printable(line)) for line in lines]


def _months(months: Iterable[date]) -> str:
    return ", ".join(month_text(month) for month in months)


def _line(plan: Plan) -> Text:
    """The plan on one line of `key=value` pairs, for grep and for logs."""
    counts = Counter(each.becomes for each in plan.files)
    pairs: dict[str, object] = {"plan": plan.exit_code, "unfinished": len(plan.unfinished)}
    pairs |= {kind: counts[kind] for kind in _COUNTED}
    pairs["months"] = len(plan.months)
    line = " ".join(f"{key}={value}" for key, value in pairs.items())
    return Text(line, no_wrap=True, overflow="ignore")
