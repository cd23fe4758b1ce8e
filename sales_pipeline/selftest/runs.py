"""What happens in each process of a self-test: a run is counted, killed, or brought to its end.

They find the declaration beside their folder, and leave what they found as JSON in files.
"""

from __future__ import annotations

import json
from pathlib import Path

from sales_pipeline import pipeline
from sales_pipeline.bronze.feed_files import folders_of
from sales_pipeline.commit_points import watched_by
from sales_pipeline.config.model import Declaration
from sales_pipeline.lakehouse.opening import opened_lakehouse
from sales_pipeline.selftest.comparing import differences, what_is_there
from sales_pipeline.selftest.killing import Counting, Killer

LANDING, LAKEHOUSE = "landing", "lakehouse"
DECLARED, EXPECTED, POINTS, FOUND = "declared.json", "expected.json", "points.json", "found.json"


def run_calmly(folder: str) -> None:
    """Runs, and writes down the commit points and how everything ends."""
    declaration, beside = _declared(folder), Path(folder).parent
    counting = Counting()
    with watched_by(counting):
        pipeline.run(declaration)
    with opened_lakehouse(declaration) as lakehouse:
        expected = what_is_there(lakehouse, folders_of(declaration))
    _write(beside / EXPECTED, expected)
    _write(beside / POINTS, counting.points)


def run_and_die(folder: str, point: int, moment: str) -> None:
    """Runs until it kills its own process."""
    with watched_by(Killer(point, moment)):
        pipeline.run(_declared(folder))


def run_to_the_end(folder: str) -> None:
    """Reads every table as a killed run left it, runs again, and writes down what differs."""
    declaration, beside = _declared(folder), Path(folder).parent
    with opened_lakehouse(declaration) as lakehouse:
        for name in lakehouse.tables:
            lakehouse.rows(name)
    pipeline.run(declaration)
    expected = json.loads((beside / EXPECTED).read_text(encoding="utf-8"))
    with opened_lakehouse(declaration) as lakehouse:
        found = differences(expected, lakehouse, folders_of(declaration))
    found += [] if pipeline.run(declaration).is_nothing_new else ["a third run found work to do"]
    _write(beside / FOUND, found)


def _declared(folder: str) -> Declaration:
    text = (Path(folder).parent / DECLARED).read_text(encoding="utf-8")
    places = {"landing": str(Path(folder, LANDING)), "lakehouse": str(Path(folder, LAKEHOUSE))}
    return Declaration.model_validate_json(text).model_copy(update=places)


def _write(path: Path, found: object) -> None:
    path.write_text(json.dumps(found), encoding="utf-8")
