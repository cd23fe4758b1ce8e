"""`sales-pipeline rollback` and `release`, as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Call
from tests.retailer import Retailer, sale


@pytest.fixture
def retailer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Retailer:
    monkeypatch.chdir(tmp_path)
    made = Retailer(tmp_path)
    declared = {**made.declared, "landing": "landing", "lakehouse": "lakehouse"}
    Path("config.yaml").write_text(json.dumps(declared))
    made.deliver_catalogue()
    made.deliver("lyon/a.csv", sale("1"))
    made.run()
    made.deliver("lyon/b.csv", sale("2"), sale("3", "2025-02-01"))
    made.run()
    return made


@pytest.mark.long
def test_a_rollback_says_what_it_holds_and_what_moved(retailer: Retailer, call: Call) -> None:
    runs = json.loads(call("history", "--json").out)["runs"]
    said = call("rollback", "--to", runs[-1]["run_id"])
    assert said.code == 0
    assert f"Everything is as run {runs[-1]['run_id']}, which finished" in said.out
    assert "1 file held until sales-pipeline release" in said.out
    assert "  lyon/b.csv (2 records)" in said.out
    assert "What moved" in said.out
    last = json.loads(call("history", "--json").out)["runs"][0]
    assert (last["verb"], last["to_run"]) == ("rollback", runs[-1]["run_id"])
    again = call("run")
    assert again.code == 0
    assert "1 file held since a rollback; not counted" in again.out
    released = call("release", "lyon/b.csv", "--json")
    assert released.code == 0
    assert json.loads(released.out)["rolled_back"] == []
    assert retailer.rows("silver.sales", "sale_id") == [("1",), ("2",), ("3",)]
    assert call("release").code == 2


def test_a_rollback_answers_with_one_document(retailer: Retailer, call: Call) -> None:
    runs = json.loads(call("history", "--json").out)["runs"]
    document = json.loads(call("rollback", "--to", runs[-1]["run_id"], "--json").out)
    assert document["to_run"] == runs[-1]["run_id"]
    assert document["outcome"] == "done"
    assert [each["path"] for each in document["held"]] == ["lyon/b.csv"]
    assert document["back"] == []
    assert [(each["month"], each["units_after"]) for each in document["moved"]] == [
        ("2025-01", "1"),
        ("2025-02", "0"),
    ]
    assert retailer.revenue() == {(2025, 1): "10.00"}


def test_a_rollback_to_no_run_is_a_usage_error(retailer: Retailer, call: Call) -> None:
    said = call("rollback", "--to", "nonsense")
    assert said.code == 2
    assert "no such finished run, got 'nonsense'" in said.err
    assert retailer.revenue() == {(2025, 1): "20.00", (2025, 2): "10.00"}
