"""Makes `docs/answers.svg`, the picture in the README, from a real run of the sample.

python docs/picture.py
"""

from __future__ import annotations

import io
import re
import tempfile
from dataclasses import replace
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.terminal_theme import DIMMED_MONOKAI

from sales_pipeline.config import load_config
from sales_pipeline.pipeline import run
from sales_pipeline.report.answers import Answers
from sales_pipeline.report.answers_of_run import Asked, answers
from sales_pipeline.report.answers_text import answers_text
from sales_pipeline.report.questions import Question
from sales_pipeline.report.run import run_text
from sales_pipeline.sample import place_sample

PICTURE = Path(__file__).parent / "answers.svg"
MONTHS = 4
PRODUCTS = 5


def main() -> None:
    """Runs the sample in a temporary folder and draws what the terminal shows."""
    with tempfile.TemporaryDirectory() as folder:
        places = {"landing": f"{folder}/landing", "lakehouse": f"{folder}/lakehouse"}
        declaration = load_config().model_copy(update=places)
        place_sample(Path(places["landing"]))
        report = run(declaration)
        shown = _latest(answers(declaration, Asked(top=PRODUCTS)))
    console = Console(record=True, width=84, file=io.StringIO(), force_terminal=True)
    console.print("$ make demo\n", style="bold")
    console.print(_without_the_line_for_grep(run_text(replace(report, repeated=[]))))
    console.print(answers_text(shown, list(Question)))
    svg = console.export_svg(title="sales_pipeline", theme=DIMMED_MONOKAI)
    # The picture is complete in itself: no font is fetched from anywhere.
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    PICTURE.write_text(svg, encoding="utf-8")


def _without_the_line_for_grep(text: RenderableType) -> Group:
    parts = text.renderables if isinstance(text, Group) else [text]
    return Group(*parts[:-1])


def _latest(all_months: Answers) -> Answers:
    """Only the last months, so that the picture fits on a page."""
    months = all_months.global_performance[-MONTHS:]
    last = {row.month for row in months[-2:]}
    stores = tuple(row for row in all_months.store_performance if row.month in last)
    return replace(all_months, global_performance=months, store_performance=stores)


if __name__ == "__main__":
    main()
