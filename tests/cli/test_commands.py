"""The commands on the sample retailer, from the first run to the reset."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path

import pytest

from sales_pipeline.sample import expected
from tests.cli.conftest import ROOT, Call, Said, loaded_by, python_in
from tests.cli.lyon import declare_lyon

Demo = tuple[Path, Said]


@pytest.fixture
def in_demo(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(demo[0])
    return demo[0]


def test_the_sample_runs_to_its_four_answers(demo: Demo) -> None:
    folder, said = demo
    assert said.code == 0
    assert "sample: 81 files put into ./landing" in said.err
    headings = ("Global performance", "Store performance", "Best sellers by volume")
    assert all(heading in said.out for heading in (*headings, "Best sellers by value"))
    assert (folder / "lakehouse/archive/paris").is_dir()


def test_the_last_line_of_a_run_can_be_grepped(demo: Demo) -> None:
    first, late = [each for each in demo[1].out.splitlines() if each.startswith("run=")]
    assert " outcome=done files=80 " in first
    assert " quarantined=5 duplicate=1 rejected=0 months=26 " in first
    assert " outcome=done files=1 rows=5 " in late


def test_the_sample_has_a_month_that_was_closed_and_then_adjusted(
    in_demo: Path, call: Call
) -> None:
    months = json.loads(call("show", "global", "--json").out)
    [december] = months["closings"]
    assert (december["month"], december["is_restated"]) == ("2025-12", True)
    assert [part["reason"] for part in december["reasons"]] == ["late files"]
    kept = json.loads(call("show", "global", "--as-closed", "--json").out)["global"][-1]
    assert (kept["month"], kept["revenue"]) == ("2025-12", december["revenue_closed"])


def test_the_sample_comes_to_what_its_generator_counted(in_demo: Path, call: Call) -> None:
    months = json.loads(call("show", "global", "--json").out)["global"]
    cents = {each["month"]: Decimal(each["revenue"]) for each in months}
    exact = {month: Decimal(each) for month, each in expected()["revenue_per_month"].items()}
    assert cents.keys() == exact.keys()
    assert all(abs(cents[month] - exact[month]) <= Decimal("0.005") for month in cents)


def test_a_second_time_nothing_is_new_and_the_answers_are_the_same(demo: Demo) -> None:
    folder, first = demo
    again = python_in(folder, str(ROOT / "main.py"))
    assert again.out.startswith("Nothing new.\nrun=none outcome=done ")
    assert again.out.partition("Global")[2] == first.out.partition("Global")[2]
    assert "sample:" not in again.err


def test_what_finds_nothing_new_imports_neither_pandas_nor_spark(demo: Demo) -> None:
    commands = [["run", "--sample"], ["show", "--sample"]]
    assert loaded_by(demo[0], *commands, heavy=("pyspark", "pysail", "pandas")) == "{}"


LOOKS_WITHOUT = ("pyspark", "pysail", "pandas")


def test_a_look_at_the_sample_imports_neither_pandas_nor_spark(demo: Demo) -> None:
    looks = ["status", "history", "quarantine list", "catalogue missing", "rates show", "why"]
    commands = [[*look.split(), "--sample"] for look in looks]
    assert loaded_by(demo[0], *commands, heavy=LOOKS_WITHOUT) == "{}"


def test_a_run_with_nothing_new_imports_nothing_of_the_answers(demo: Demo) -> None:
    not_needed = [
        "report.answers",
        "report.answers_text",
        "databricks",
        "cli.show",
        "config.descriptions",
    ]
    code = (
        "import sys; from sales_pipeline.cli.app import main\n"
        "try: main(['run', '--sample'])\n"
        "except SystemExit: pass\n"
        f"print([each for each in {not_needed} if f'sales_pipeline.{{each}}' in sys.modules])"
    )
    said = python_in(demo[0], "-c", code)
    assert said.out.startswith("Nothing new.")
    assert said.out.splitlines()[-1] == "[]"


def test_run_pipeline_does_what_main_does(demo: Demo) -> None:
    said = python_in(
        demo[0], "-c", "from sales_pipeline.cli.app import run_pipeline as r; r(['--sample'])"
    )
    assert said.code == 0
    assert said.out.startswith("Nothing new.")
    assert "Best sellers by value" in said.out


def test_a_run_as_json_is_one_document(in_demo: Path, call: Call) -> None:
    said = call("run", "--sample", "--json", "--show")
    document = json.loads(said.out)
    assert (said.code, document["outcome"], document["run_id"]) == (0, "done", None)
    assert len(document["answers"]["volume"]) == 48


def test_one_answer_of_one_month_and_store_is_shown(in_demo: Path, call: Call) -> None:
    lines = call("show", "stores", "--month", "2025-12", "--store", "paris").out.splitlines()
    assert lines[0].startswith("Store performance: revenue per month and store, paris, 2025-12")
    assert [line for line in lines if "Paris Rivoli" in line] == [lines[4]]


def test_the_year_to_date_is_compared_with_the_same_days_of_the_year_before(
    in_demo: Path, call: Call
) -> None:
    said = call("show", "stores", "--to-date", "year", "--to", "2025-11")
    lines = said.out.splitlines()
    assert lines[0] == "Store performance: revenue per period and store, year to date"
    table = lines[: lines.index("")]
    assert max(map(len, table)) <= 80
    assert any("Change %" in line or line.split()[-1:] == ["%"] for line in table[:3])
    document = json.loads(call("show", "value", "--to-date", "12-months", "--json").out)
    assert (document["period"], document["by"]) == ("last 12 months", None)
    assert document["compared_with"] is not None


@pytest.mark.parametrize("more", [["--from", "2025-01"], ["--by", "week"], ["--compare", "period"]])
def test_days_to_date_begin_by_themselves(in_demo: Path, call: Call, more: list[str]) -> None:
    said = call("show", "--to-date", "year", *more)
    assert (said.code, said.out) == (2, "")
    assert "leave out --from, --by and --compare period" in said.err


def test_a_terminal_that_knows_few_characters_still_gets_its_answer(demo: Demo) -> None:
    arguments = ("-m", "sales_pipeline", "show", "stores")
    said = python_in(demo[0], *arguments, PYTHONIOENCODING="ascii")
    assert said.code == 0
    assert "Tokyo Ginza" in said.out


def test_csv_holds_all_products_unless_top_says_otherwise(in_demo: Path, call: Call) -> None:
    rows = list(csv.DictReader(io.StringIO(call("show", "volume", "--csv").out)))
    assert len(rows) == 48
    assert len(call("show", "volume", "--csv", "--top", "3").out.splitlines()) == 4


def test_groups_of_stores_are_one_csv_and_part_of_the_document(in_demo: Path, call: Call) -> None:
    options = ("--month", "2025-03", "--like-for-like")
    rows = list(csv.DictReader(io.StringIO(call("show", "months", *options, "--csv").out)))
    document = json.loads(call("show", "months", *options, "--json").out)
    assert [(row["trading"], row["revenue"]) for row in rows] == [
        (row["trading"], row["revenue"]) for row in document["like_for_like"]
    ]
    assert {row["trading"] for row in rows} == {"comparable", "new", "interrupted"}


def test_best_sellers_have_no_groups_of_stores(in_demo: Path, call: Call) -> None:
    said = call("show", "volume", "--like-for-like")
    assert (said.code, said.out) == (2, "")
    assert "is about stores, got volume" in said.err


def test_an_unknown_store_is_a_usage_error(in_demo: Path, call: Call) -> None:
    said = call("show", "--store", "pariss")
    assert (said.code, said.out) == (2, "")
    assert "Did you mean 'paris'? The stores are new_york, paris, tokyo." in said.err


def test_status_shows_deliveries_runs_and_quarantine(in_demo: Path, call: Call) -> None:
    said = call("status")
    for part in ("Deliveries", "Last runs", "Quarantine", "product_unknown", "24,340 JPY"):
        assert part in said.out
    assert said.code == 0


def test_status_as_json_is_one_document(in_demo: Path, call: Call) -> None:
    document = json.loads(call("status", "--json").out)
    assert document["quarantine"]["rows"] == 5
    assert document["feeds"][0]["feed"] == "catalogue"


def test_check_with_nothing_landed_says_the_declaration_is_valid(in_demo: Path, call: Call) -> None:
    said = call("check")
    assert said.code == 0
    assert "valid; 3 feeds of sales, answers in EUR" in said.out
    assert "The catalogue knows 96 names." in said.out


def test_reset_asks_and_does_nothing_without_a_yes(
    in_demo: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    said = call("reset", "--sample")
    assert said.code == 1
    assert "Nothing was changed." in said.err
    assert (in_demo / "lakehouse/gold").is_dir()


@pytest.mark.long
def test_rebuild_comes_to_the_same_and_reset_puts_every_file_back(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    declare(tmp_path)
    first = call("run", "--show", "--json")
    rebuilt = json.loads(call("rebuild", "--json").out)
    assert (rebuilt["rows"], rebuilt["outcome"]) == (json.loads(first.out)["rows"], "done")
    again = json.loads(call("show", "--json").out)
    assert again["global"] == json.loads(first.out)["answers"]["global"]
    said = call("reset", "--yes")
    assert "2 files moved back: catalogue/names.csv, lyon/a.csv" in said.out
    assert (tmp_path / "landing/lyon/a.csv").exists()
    assert json.loads(call("reset", "--yes", "--json").out) == {"moved": [], "kept": []}


def test_another_lakehouse_folder_takes_the_place_of_the_declared_one(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    declare(tmp_path)
    said = call("show", "--lakehouse", "elsewhere")
    assert said.code == 2
    assert said.err == ("lakehouse: no finished run at elsewhere yet. Do: sales-pipeline run\n")


def test_check_shows_how_records_are_understood(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    declare(tmp_path)
    document = json.loads(call("check", "--json", "--rows", "2").out)
    lyon = document["files"][1]
    assert lyon["records"] == [
        {
            "row": 1,
            "verdict": "fit",
            "reasons": [],
            "sold_on": "2025-01-15",
            "product": "Green tea",
            "source_product": "Thé vert",
            "quantity": "2.000",
            "amount": "9.0000",
            "currency": "EUR",
        },
        {
            "row": 2,
            "verdict": "quarantined",
            "reasons": ["date_unreadable", "product_unknown"],
            "sold_on": None,
            "product": None,
            "source_product": "Vase",
            "quantity": "1.000",
            "amount": "5.0000",
            "currency": "EUR",
        },
    ]
    assert not (tmp_path / "lakehouse").exists()


def test_check_ends_with_1_where_a_file_would_be_rejected(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    declare(tmp_path)
    (tmp_path / "landing/lyon/page.csv").write_text("<html>")
    (tmp_path / "landing/notes.txt").write_text("x")
    for number in range(6):
        target = tmp_path / f"landing/lyon/more_{number}.csv"
        target.write_text(f"{HEADER}\n{number},2025-01-15,Thé vert,1,{number}\n")
    said = call("check")
    assert said.code == 1
    text = said.out
    assert "quarantined: date_unreadable, product_unknown" in text
    assert "Would be rejected: 1 file" in text
    assert "Claimed by no feed: 1 file" in text
    assert "more files alike; --json has all." in text


def test_a_rejected_file_ends_the_run_with_1_after_all_others(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    declare(tmp_path)
    (tmp_path / "landing/lyon/page.csv").write_text("<html>")
    said = call("run")
    assert said.code == 1
    assert "1 file rejected, in rejected/ of the lakehouse" in said.out
    assert " outcome=failed files=2 " in said.out


HEADER = "id,day,item,units,total"
SALES = f"{HEADER}\n1,2025-01-15,Thé vert,2,9.00\n2,2025-02-30,Vase,1,5.00\n"


def declare(folder: Path) -> None:
    """Writes a declaration, a catalogue and a file of sales."""
    declare_lyon(folder, {"lyon/a.csv": SALES})


@pytest.mark.long
def test_a_held_correction_is_accepted_and_a_file_is_withdrawn(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    declare(tmp_path)
    call("run")
    (tmp_path / "landing/lyon/a.csv").write_text(f"{HEADER}\n9,2025-02-15,Thé vert,1,7.00\n")
    held = call("run")
    assert held.code == 1
    assert "1 file held until somebody decides" in held.out
    assert "sales-pipeline accept lyon/a.csv" in held.out
    assert call("accept", "lyon/b.csv").code == 2
    accepted = call("accept", "lyon/a.csv")
    assert accepted.code == 0
    assert "What moved" in accepted.out
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    asked = call("withdraw", "landing/lyon/a.csv")
    assert asked.code == 1
    assert "Take back all 2 deliveries of lyon/a.csv, 1 record in force? [y/N]" in asked.err
    document = json.loads(call("withdraw", "lyon/a.csv", "--yes", "--json").out)
    assert document["withdrawn"][0]["path"] == "lyon/a.csv"
    assert document["moved"] == [
        {
            "month": "2025-02",
            "store": "lyon",
            "units_before": "1",
            "units_after": "0",
            "revenue_before": "7.00",
            "revenue_after": "0.00",
        }
    ]


@pytest.mark.long
def test_a_feed_is_judged_again_when_it_is_asked_for(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    declare(tmp_path)
    call("run")
    declared = tmp_path / "config.yaml"
    declared.write_text(declared.read_text().replace("yyyy-MM-dd", "yyyy-MM-d"))
    said = call("run")
    assert said.code == 2
    assert "Do: sales-pipeline run --rejudge lyon" in said.err
    assert call("run", "--rejudge", "lyon").code == 0
    assert call("run", "--rejudge", "lion").code == 2
