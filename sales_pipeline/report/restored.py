"""Results of `restore`, as text and as JSON."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from sales_pipeline.errors import counted, examples
from sales_pipeline.lakehouse.ledger import State
from sales_pipeline.operations.restore import Restored
from sales_pipeline.printable import printable
from sales_pipeline.report.document import View, json_object


def restored_text(restored: Restored) -> RenderableType:
    """Returns which tables are there again, and what could not be known."""
    lines = [f"Made again: {' and '.join(restored.tables)}."]
    if restored.states:
        states = (f"{count:,} {state}" for state, count in sorted(restored.states.items()))
        number = counted(sum(restored.states.values()), "delivery")
        lines.append(f"{number} found in bronze and the archive: {', '.join(states)}.")
    lines += [f"held: {printable(note.path)}: {note.reason}" for note in restored.held]
    if restored.nameless:
        numbers = examples([str(number) for number in restored.nameless])
        lines.append(f"no archived file has the records of delivery {numbers} in bronze")
    if restored.unknown:
        places = examples([printable(place) for place in restored.unknown])
        number = counted(len(restored.unknown), "archived file")
        do = "Do: copy them to the landing folder, and the next run takes them in."
        lines.append(f"{number} not in bronze: {places}. {do}")
    if restored.states:
        lines.append(
            "Not known any more: earlier states, reasons, and which files were withdrawn; the "
            "time of a delivery is that of its move to the archive."
        )
    lines.append("Do: sales-pipeline run, which makes silver and gold again from them.")
    return Group(*(Text(line) for line in lines))


class _Held(View):
    path: str
    reason: str


class _Restored(View):
    tables: list[str]
    states: dict[State, int]
    held: list[_Held]
    nameless: list[int]
    unknown: list[str]


def restored_document(restored: Restored) -> dict[str, Any]:
    """Returns a restored ledger, ready for JSON."""
    return json_object(_Restored, restored)
