"""Makes `docs/answers.svg`, which the README links to, from a real run of the sample.

python docs/picture.py
"""

from __future__ import annotations

import io
import re
import tempfile
from dataclasses import replace
from datetime import date
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.terminal_theme import DIMMED_MONOKAI

from sales_pipeline.config.loader import load_config
from sales_pipeline.operations.closing import close
from sales_pipeline.pipeline import run
from sales_pipeline.report.answers_of_run import Asked, answers
from sales_pipeline.report.answers_text import answers_text
from sales_pipeline.report.closing_reports import closed_text
from sales_pipeline.report.questions import Question
from sales_pipeline.report.run import run_text
from sales_pipeline.sample import CLOSED, place_sample

PICTURE = Path(__file__).parent / "answers.svg"
ASKED = Asked(first=date(2025, 10, 1), last=date(2025, 12, 31), top=5)
COMMAND = "sales-pipeline show --from 2025-10 --top 5"
"""Asks the same."""


def main() -> None:
    """Runs the sample in a temporary folder and draws what the terminal shows."""
    with tempfile.TemporaryDirectory() as folder:
        places = {"landing": f"{folder}/landing", "lakehouse": f"{folder}/lakehouse"}
        declaration = load_config().model_copy(update=places)
        place_sample(Path(places["landing"]), late=False)
        report = run(declaration)
        closed = close(declaration, [CLOSED])
        place_sample(Path(places["landing"]), late=True)
        late = run(declaration)
        shown = answers(declaration, ASKED)
    console = Console(record=True, width=84, file=io.StringIO(), force_terminal=True)
    console.print("$ sales-pipeline run --sample\n", style="bold")
    console.print(_without_the_line_for_grep(run_text(replace(report, repeated=[]))))
    console.print(closed_text(closed))
    console.print(_without_the_line_for_grep(run_text(late)))
    console.print(f"$ {COMMAND}\n", style="bold", highlight=False)
    console.print(answers_text(shown, list(Question)))
    svg = console.export_svg(title="sales_pipeline", theme=DIMMED_MONOKAI)
    # The picture is complete in itself: no font is fetched from anywhere.
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    PICTURE.write_text(svg, encoding="utf-8")


def _without_the_line_for_grep(text: RenderableType) -> Group:
    parts = text.renderables if isinstance(text, Group) else [text]
    return Group(*parts[:-1])


if __name__ == "__main__":
    main()
