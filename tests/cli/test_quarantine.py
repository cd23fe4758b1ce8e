"""`quarantine`: what waits is counted, shown and exported, safe on a terminal and in a sheet."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Call
from tests.cli.lyon import declare_lyon

HEADER = "id;day;item;units;total;till"
DIALECT = """    csv: {delimiter: ";", decimal: ","}\n"""
FILES = {
    "lyon/a.csv": "\n".join(
        [
            HEADER,
            "1;2025-01-15;Thé vert;2;9,00;7",
            "2;2025-02-30;Thé vert;1;5,00;7",
            "3;2025-02-28;=1+1;-1;-5,00;7",
            "4;2025-02-28",
        ]
    ),
    "lyon/b.csv": f"{HEADER}\n5;soon;Thé\x1b[31m vert;1;2,50;8\n",
}


@pytest.fixture
def waiting(tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which four records wait in quarantine."""
    monkeypatch.chdir(tmp_path)
    declare_lyon(tmp_path, FILES, more=DIALECT)
    assert call("run").code == 0
    return tmp_path


def test_what_waits_is_listed_by_feed_file_and_reason(waiting: Path, call: Call) -> None:
    del waiting
    text = call("quarantine", "list").out
    assert "4 records in all, 2.50 EUR; one may have several reasons." in text
    document = json.loads(call("quarantine", "list", "--json").out)
    listed = [(each["file"], each["reason"], each["rows"]) for each in document["by_file"]]
    assert listed == [
        ("lyon/a.csv", "date_unreadable", 1),
        ("lyon/a.csv", "product_unknown", 1),
        ("lyon/a.csv", "too_few_columns", 1),
        ("lyon/b.csv", "date_unreadable", 1),
        ("lyon/b.csv", "product_unknown", 1),
    ]
    assert [each["amounts"] for each in document["by_file"]] == [
        {"EUR": "5.0000"},
        {"EUR": "-5.0000"},
        {},
        {"EUR": "2.5000"},
        {"EUR": "2.5000"},
    ]
    only = ("--reason", "date_unreadable", "--file", "lyon/a.csv", "--feed", "lyon")
    assert json.loads(call("quarantine", "list", *only, "--json").out)["rows"] == 1
    assert call("quarantine", "list", "--file", "catalogue/names.csv").out == (
        "Nothing waits in quarantine.\n"
    )


def test_records_are_shown_with_their_reasons_and_nothing_a_terminal_obeys(
    waiting: Path, call: Call
) -> None:
    del waiting
    text = call("quarantine", "show").out
    assert "lyon/a.csv record 2 (feed lyon, since " in text
    assert "  date_unreadable: The date is no day of the calendar" in text
    assert "  4;2025-02-28\n" in text
    assert "\x1b" not in text
    assert (
        "and 3 records more: --limit shows them" in call("quarantine", "show", "--limit", "1").out
    )
    document = json.loads(call("quarantine", "show", "--limit", "3", "--json").out)
    assert (document["rows"], document["more"]) == (4, 1)
    assert [each["row"] for each in document["records"]] == [2, 3, 4]
    assert document["records"][2]["reasons"] == [
        {"code": "too_few_columns", "sentence": "The record has fewer fields than the header."}
    ]


def test_what_is_not_there_is_said_with_what_is_meant(waiting: Path, call: Call) -> None:
    del waiting
    for options, meant in {
        ("list", "--feed", "lyons"): "Did you mean 'lyon'?",
        ("show", "--file", "lyon/aa.csv"): "Did you mean 'lyon/a.csv'?",
        ("list", "--reason", "bad"): "Do: take one of docs/reasons.md",
        ("export", "catalogue"): "only records of sales are mended one by one",
        ("export", "paris"): "paris: no such feed. The feeds are lyon.",
        ("list", "--lakehouse", "elsewhere"): "none at elsewhere yet. Do: sales-pipeline run",
    }.items():
        said = call("quarantine", *options)
        assert said.code == 2
        assert meant in said.err


def test_records_are_exported_as_delivered_for_a_spreadsheet(waiting: Path, call: Call) -> None:
    said = call("quarantine", "export", "lyon", "--out", "mend.csv")
    assert said.err.endswith("mend.csv: 4 records of lyon\n")
    data = (waiting / "mend.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=";"))
    own = ["id", "day", "item", "units", "total", "till"]
    assert rows == [
        [*own, "_file_id", "_row", "_reasons", "_raw"],
        ["2", "2025-02-30", "Thé vert", "1", "5,00", "7", "2", "2", "date_unreadable", ""],
        ["3", "2025-02-28", "'=1+1", "-1", "-5,00", "7", "2", "3", "product_unknown", ""],
        ["", "", "", "", "", "", "2", "4", "too_few_columns", "4;2025-02-28"],
        ["5", "soon", "Thé\x1b[31m vert", "1", "2,50", "8", "3", "1",
         "date_unreadable product_unknown", ""],
    ]  # fmt: skip
    assert call("quarantine", "export", "lyon", "--file", "lyon/b.csv").out.count("\r\n") == 2


@pytest.mark.long
def test_mended_records_are_replayed_and_the_answers_change(waiting: Path, call: Call) -> None:
    call("quarantine", "export", "lyon", "--reason", "date_unreadable", "--out", "mend.csv")
    file = waiting / "mend.csv"
    head, first, *_ = file.read_text("utf-8-sig").splitlines()
    file.write_text(f"{head}\n{first.replace('2025-02-30', '2025-02-28')}\n", encoding="utf-8")
    document = json.loads(call("quarantine", "replay", "mend.csv", "--json").out)
    (note,) = document["corrected"]
    assert note["reason"] == "mends 1 record of lyon/a.csv"
    assert document["rows"] == 1
    assert json.loads(call("quarantine", "list", "--json").out)["rows"] == 3
    assert call("withdraw", note["path"], "--yes").code == 0
    assert json.loads(call("quarantine", "list", "--json").out)["rows"] == 4
    assert call("quarantine", "replay", "nowhere.csv").err.endswith("nowhere.csv: no such file\n")
