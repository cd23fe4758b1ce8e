"""The contest runs its contestants on the same files, and finds a total that is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import contest
from benchmarks.contest import CONTESTANTS, ROOT, Contestant, main
from benchmarks.contest_page import Entry, Sitting, picture, read_sittings, section, table
from benchmarks.process import Cost

SCRIPT = """
import json, sys
from decimal import Decimal
from pathlib import Path
import pyarrow as pa
from deltalake import write_deltalake
from benchmarks.main_job import as_shown, totals_of

folder, tables, changes = Path(sys.argv[1]), Path(sys.argv[2]), json.loads('CHANGES')
expected = json.loads((folder / "expected.json").read_text())
totals = {figure: as_shown(figure, values) for figure, values in totals_of(expected).items()}
totals["revenue per month"]["2024-01"] += Decimal(changes.get("revenue", "0"))
per_month = [{"key": key, "revenue": value} for key, value in totals["revenue per month"].items()]
per_store = [
    {"key": key.split()[0], "store": key.split()[1], "revenue": value}
    for key, value in totals["revenue per month and store"].items()
]
for row in [*per_month, *per_store]:
    row["year"], row["month"] = map(int, row.pop("key").split("-"))
per_product = [totals["units per product"], totals["revenue per product"]]
units = [{"product": key, "units": int(value)} for key, value in per_product[0].items()]
money = [{"product": key, "revenue": value} for key, value in per_product[1].items()]
counts = {
    kind: sum(feed[kind] for feed in expected["feeds"].values()) + changes.get(kind, 0)
    for kind in ("delivered", "accepted")
}
for table, rows in {
    "raw": [{"record": number} for number in range(counts["delivered"])],
    "sales": [{"record": number} for number in range(counts["accepted"])],
    "revenue_per_month": per_month,
    "revenue_per_month_and_shop": per_store,
    "top_selling_products": units,
    "top_selling_products_by_revenue": money,
}.items():
    write_deltalake(tables / table, pa.Table.from_pylist(rows))
"""
PAGE = "before\n<!-- made by `make bench` -->\nold\n<!-- end -->\nafter\n"


@pytest.fixture
def copier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A contestant that copies the expected totals."""
    return contestant_that_copies(tmp_path, monkeypatch, changes={})


def contestant_that_copies(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *, changes: dict[str, str | int]
) -> str:
    """A contestant that copies the expected totals, but for some changes; returns its name."""
    name = f"copier_{len(changes)}"
    script = folder / f"{name}.py"
    script.write_text(SCRIPT.replace("CHANGES", json.dumps(changes)), encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setitem(CONTESTANTS, name, Contestant(name, str(script)))
    return name


@pytest.mark.long
def test_what_is_measured_in_turn_is_written_to_the_page(
    tmp_path: Path, copier: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "benchmarks.md").write_text(PAGE, encoding="utf-8")
    names = ["embedded", copier]
    options = ["--only", *names, "--docs", str(tmp_path)]
    assert main(["400", "--runs", "1", *options]) == 0
    assert main(["36", "--runs", "2", "--only", copier, "--docs", str(tmp_path)]) == 0
    said = [line for line in capsys.readouterr().err.splitlines() if "round" in line]
    assert [line.split()[4] for line in said] == [*names, copier, copier]
    small, large = read_sittings(tmp_path)
    assert [small.rows, large.rows] == [36, 400]
    assert [*large.entries] == names
    assert all(run.peak_bytes > 1e7 for entry in large.entries.values() for run in entry.runs)
    page = (tmp_path / "benchmarks.md").read_text(encoding="utf-8")
    assert page == PAGE.replace("old\n", section([small, large]))
    assert (tmp_path / "benchmarks.svg").read_text(encoding="utf-8") == picture([small, large])


@pytest.mark.parametrize("name", ["duckdb", "polars"])
def test_a_script_comes_to_the_totals_of_the_generator(name: str) -> None:
    if missing := CONTESTANTS[name].missing:
        pytest.skip(missing)
    assert main(["400", "--runs", "1", "--only", name]) == 0


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"revenue": "0.01"}, "copier_1, revenue per month, 2024-01: expected "),
        ({"delivered": -1}, "copier_1, rows of raw: expected 60, got 59"),
        ({"accepted": 1}, "copier_1, rows of sales: expected "),
    ],
)
@pytest.mark.long
def test_a_contestant_that_is_wrong_fails_the_benchmark(
    changes: dict[str, str | int],
    line: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = contestant_that_copies(tmp_path, monkeypatch, changes=changes)
    (tmp_path / "benchmarks.md").write_text(PAGE, encoding="utf-8")
    options = ["--runs", "1", "--only", name, "--docs", str(tmp_path)]
    assert main(["60", *options]) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith(line)
    assert (tmp_path / "benchmarks.md").read_text(encoding="utf-8") == PAGE


def test_a_contestant_that_cannot_run_is_named_or_refused(
    tmp_path: Path,
    copier: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    absent = Contestant("by hand with a fork", "with_a_fork.py", "no-such-package")
    on_jvm = Contestant("on a JVM", engine="spark", on_jvm=True)
    here = {"fork": absent, "jvm": on_jvm, copier: CONTESTANTS[copier]}
    monkeypatch.setattr(contest, "CONTESTANTS", here)
    monkeypatch.setattr(contest, "SPARK", tmp_path / ".venv-spark")
    monkeypatch.setenv("PATH", str(tmp_path))  # without Java
    assert main(["36", "--runs", "1"]) == 0
    shown = capsys.readouterr()
    assert "fork: left out, no-such-package is not installed. Do: make bench\n" in shown.err
    assert "jvm: left out, there is no Java. Do: install a JRE 17\n" in shown.err
    assert "Not measured at this size: by hand with a fork; on a JVM." in shown.out
    with pytest.raises(SystemExit) as stopped:
        main(["36", "--only", "fork"])
    assert stopped.value.code == 2
    assert "fork: no-such-package is not installed" in capsys.readouterr().err


def test_a_ratio_is_the_median_of_the_rounds_beside_the_faster_script() -> None:
    def entry(title: str, *seconds: float) -> Entry:
        return Entry(title, [Cost(time, 2 * time, 10**9) for time in seconds])

    entries = {
        "embedded": entry("a < b", 3, 20, 5),
        "duckdb": entry("slow", 9, 30, 9),
        "polars": entry("fast", 2, 10, 4),
    }
    sitting = Sitting(3_000, 10**6, "2026-01-01", "abc", entries, [])
    assert table(sitting).splitlines()[0] == (
        "3,000 records, 1.0 MB; 3 runs of each, in turn; 2026-01-01, commit abc:"
    )
    assert "| a < b | 5.00 | 3.00 to 20.00 | 10.00 | 1.00 | 1.50 | 1.50 |" in table(sitting)
    assert "| fast | 4.00 | 2.00 to 10.00 | 8.00 | 1.00 | 1.00 | 1.00 |" in table(sitting)
    assert "a &lt; b" in picture([sitting])


def test_the_page_and_the_picture_are_those_of_the_kept_runs() -> None:
    docs = ROOT / "docs"
    sittings = read_sittings(docs)
    assert section(sittings) in (docs / "benchmarks.md").read_text(encoding="utf-8")
    assert picture(sittings) == (docs / "benchmarks.svg").read_text(encoding="utf-8")
