"""Runs every folder of `tests/scenarios` and compares what came out with what is expected.

A scenario is a folder whose name is a sentence: `config.yaml`, `landing/` (or `landing_1/`,
`landing_2/`, … delivered and run one after the other), `expected/<table>.csv` for each
table that it is about, and `output.txt`, what the runs say. Some have a `show.txt`: what the
commands in it, such as `$ show months --by quarter`, print. Those of a `show_1.txt` are given
after the run of `landing_1/`.

    python tests/test_scenarios.py --update [NAME …]

writes what comes out as what is expected; read the difference before you commit it.
"""

from __future__ import annotations

import csv
import io
import re
import shutil
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from sales_pipeline.cli.app import make_app
from sales_pipeline.config.files import Arrival
from sales_pipeline.config.loader import load_config
from sales_pipeline.config.locations import EMBEDDED
from sales_pipeline.engines.embedded import EmbeddedEngine
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Ledger
from sales_pipeline.pipeline import run
from sales_pipeline.report.run import run_text
from tests.batch_ways import take_way_of

SCENARIOS = Path(__file__).parent / "scenarios"
NAMES = sorted(path.name for path in SCENARIOS.iterdir() if (path / "config.yaml").exists())
CHANGING = {"run_id", "first_run", "last_run", "claimed_at", "seen", "closed_at", "of_run"}
RUN_ID = r"[0-9]{8}T[0-9]{6}-[0-9a-f]{6}"


def play(
    scenario: Path, folder: Path, *, engine: str = EMBEDDED, reader: str = "python"
) -> dict[str, str]:
    """Runs a scenario in an empty folder; returns name -> text of what is expected of it."""
    declared = load_config(scenario / "config.yaml")
    places = {"landing": str(folder / "landing"), "lakehouse": str(folder / "lakehouse")}
    arrival = Arrival(by="rename")
    chosen = {"engine": engine, "reader": reader, "arrival": arrival}
    declaration = declared.model_copy(update={**places, **chosen})
    said, shown = [], {}
    for deliveries in sorted(scenario.glob("landing*")):
        shutil.copytree(deliveries, folder / "landing", dirs_exist_ok=True)
        take_way_of((scenario.name, deliveries.name))
        report = run(declaration)
        console = Console(file=io.StringIO(), width=400, color_system=None)
        console.print(run_text(report))
        assert isinstance(console.file, io.StringIO)
        said.append(f"$ run {deliveries.name}\n{console.file.getvalue()}")
        commands = scenario / f"{deliveries.name.replace('landing', 'show')}.txt"
        if commands.exists():
            shown[commands.name] = _shown_answers(scenario, commands, folder / "lakehouse")
    found = {"output.txt": _without_times("\n".join(said)).replace(f"{folder}/", "")}
    with closing(EmbeddedEngine(folder / "lakehouse")) as opened:
        lakehouse = Lakehouse(declaration, opened)
        path_of = {each.file_id: each.path for each in Ledger(lakehouse)}
        for table in (scenario / "expected").glob("*.csv"):
            text = _table_text(lakehouse, table.stem, path_of)
            found[f"expected/{table.name}"] = text.replace(f"{folder}/", "")
    last = scenario / "show.txt"
    if last.exists() and last.name not in shown:
        shown[last.name] = _shown_answers(scenario, last, folder / "lakehouse")
    return found | shown


def _shown_answers(scenario: Path, commands: Path, lakehouse: Path) -> str:
    """What the commands in a `show.txt` print."""
    lines = commands.read_text(encoding="utf-8").splitlines()
    places = ["--config", str(scenario / "config.yaml"), "--lakehouse", str(lakehouse)]
    parts = []
    for line in lines:
        if line.startswith("$ "):
            printed = CliRunner().invoke(make_app(), [*line.split()[1:], *places]).output
            parts += [line, *(row.rstrip() for row in printed.splitlines())]
    return re.sub(RUN_ID, "RUN", "\n".join(parts)) + "\n"


def _without_times(text: str) -> str:
    text = re.sub(r"run=\S+", "run=ID", text)
    lines = re.sub(r"seconds=\S+", "seconds=S", text).splitlines()
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _table_text(lakehouse: Lakehouse, table: str, path_of: dict[int, str]) -> str:
    rows = [_shown(row, path_of) for row in lakehouse.rows(table)]
    declared = lakehouse.views.get(table) or lakehouse.tables[table]
    names = [name for name in declared.column_names if name not in CHANGING]
    text = io.StringIO()
    writer = csv.DictWriter(text, names, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(rows, key=lambda row: [str(row[name]) for name in names]))
    return text.getvalue()


def _shown(row: dict[str, Any], path_of: dict[int, str]) -> dict[str, Any]:
    """A row with the path of a file for its number, so that numbers may change."""
    ids = ("_file_id", "winner_file_id", "supersedes")
    return {name: path_of.get(value, "") if name in ids else value for name, value in row.items()}


def _with_its_mark(name: str) -> Any:
    """The scenario; one that delivers more than once takes a run, and a comparison, for each."""
    deliveries = len([*(SCENARIOS / name).glob("landing*")])
    return pytest.param(name, marks=pytest.mark.long) if deliveries > 1 else name


@pytest.mark.parametrize("name", [*map(_with_its_mark, NAMES)])
def test_scenario(name: str, tmp_path: Path) -> None:
    for file, text in play(SCENARIOS / name, tmp_path).items():
        assert text == (SCENARIOS / name / file).read_bytes().decode(), file


def test_every_scenario_expects_something() -> None:
    assert len(NAMES) >= 8
    for name in NAMES:
        assert (SCENARIOS / name / "output.txt").exists(), name
        assert list((SCENARIOS / name / "expected").glob("*.csv")), name


def _update(names: list[str]) -> None:
    for name in names or NAMES:
        with tempfile.TemporaryDirectory() as folder:
            for file, text in play(SCENARIOS / name, Path(folder)).items():
                (SCENARIOS / name / file).write_text(text, encoding="utf-8")
                print(f"{name}/{file}")


if __name__ == "__main__":
    _update([name for name in sys.argv[1:] if name != "--update"])
