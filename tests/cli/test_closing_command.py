"""`close`, `reopen` and `--as-closed` on the command line: exit codes, sentences, JSON."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from tests.cli.conftest import Call, Said, loaded_by

LATE = "receipt_no,date,item,category,price,qty,total\n"
LATE += "T-109999,2025/11/30,Ceramic vase,Home,5280,1,5280\n"


@pytest.fixture(scope="module")
def closed_demo(demo: tuple[Path, Said], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sample retailer, for tests that close its months."""
    folder = tmp_path_factory.mktemp("closed") / "demo"
    shutil.copytree(demo[0], folder)
    return folder


@pytest.fixture
def folder(closed_demo: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(closed_demo)
    return closed_demo


@pytest.mark.long
def test_a_month_is_closed_restated_shown_as_closed_and_opened_again(
    folder: Path, call: Call
) -> None:
    figure = json.loads(call("show", "months", "--month", "2025-11", "--json").out)
    said = call("close", "--sample", "2025-11", "--json")
    document = json.loads(said.out)
    assert said.code == 0
    [closing] = document["closed"]
    assert (closing["month"], closing["revenue"]) == ("2025-11", figure["total"]["revenue"])
    assert closing["run_id"] == document["run_id"]
    assert document["already"] == []
    (folder / "landing/tokyo/late.csv").write_text(LATE, encoding="utf-8")
    run = json.loads(call("run", "--sample", "--json").out)
    assert run["closings"] == [
        {
            "month": "2025-11",
            "closed": figure["total"]["revenue"],
            "before": figure["total"]["revenue"],
            "now": "9142.91",
            "change": "29.04",
            "restated": "29.04",
        }
    ]
    shown = json.loads(call("show", "months", "--month", "2025-11", "--json").out)
    [month] = shown["closings"]
    assert (month["is_restated"], month["change"], shown["as_closed"]) == (True, "29.04", False)
    assert month["reasons"][0]["largest"] == [{"name": "tokyo/late.csv", "change": "29.04"}]
    kept = json.loads(call("show", "months", "--month", "2025-11", "--as-closed", "--json").out)
    assert kept["as_closed"] is True
    assert kept["total"] == figure["total"]
    csv = call("show", "months", "--month", "2025-11", "--as-closed", "--csv").out
    assert figure["total"]["revenue"] in csv
    why = json.loads(call("why", "2025-11", "--since-closing", "--json").out)
    assert (why["earlier"], why["reasons"]) == (None, {"late files": "29.04"})
    assert "2025-11,late files,,29.04,EUR" in call("why", "--since-closing", "--csv").out
    explained = json.loads(call("explain", "2025-11", "--as-closed", "--json").out)
    assert explained["revenue"] == figure["total"]["revenue"]
    moved = json.loads(call("why", "2025-11", "--as-closed", "--json").out)
    assert (moved["revenue"], moved["as_closed"]) == (figure["total"]["revenue"], True)
    status = json.loads(call("status", "--json").out)
    assert [each["month"] for each in status["closings"]] == ["2025-11", "2025-12"]
    assert "2 closed months" in call("status").out
    said = call("close", "--sample", "2025-11")
    assert (said.code, said.out.startswith("2025-11: closed already, at 9,113.87 EUR on ")) == (
        0,
        True,
    )
    said = call("reopen", "--sample", "2025-11")
    assert said.out.startswith("2025-11: open again; it had been closed at 9,113.87 EUR on ")
    [left] = json.loads(call("status", "--json").out)["closings"]
    assert left["month"] == "2025-12"


@pytest.mark.long
@pytest.mark.parametrize(
    "arguments",
    [
        ["show", "months", "--month", "2025-12"],
        ["why", "2025-12"],
        ["why", "2025-12", "--as-closed"],
        ["why", "2025-12", "--compare", "period"],
        ["explain", "2025-12"],
        ["explain", "2025-12-24"],
        ["explain", "2025-12", "--as-closed"],
    ],
    ids=" ".join,
)
def test_every_answer_says_by_how_much_a_closed_month_was_restated(
    demo: tuple[Path, Said], call: Call, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.chdir(demo[0])
    text = call(*arguments).out
    told = "2025-12 was closed at 16,428.15 EUR; restated by +47.85 since: late files +47.85"
    assert told in " ".join(text.split())
    as_closed = "Closed months are as they were closed (2025-12)" in " ".join(text.split())
    document = json.loads(call(*arguments, "--json").out)
    assert document["as_closed"] == as_closed == ("--as-closed" in arguments)
    [closing] = document["closings"]
    assert (closing["month"], closing["is_restated"], closing["change"]) == (
        "2025-12",
        True,
        "47.85",
    )


@pytest.mark.long
def test_a_restatement_is_that_of_the_chosen_store_category_and_product(
    demo: tuple[Path, Said], call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(demo[0])

    def changes(*arguments: str) -> list[tuple[bool, str, str]]:
        document = json.loads(call(*arguments, "--json").out)
        # The figure now is the one of the answer.
        assert {closing["revenue"] for closing in document["closings"]} == {document["revenue"]}
        return [
            (closing["is_restated"], closing["revenue_closed"], closing["change"])
            for closing in document["closings"]
        ]

    [late] = changes("explain", "2025-12", "--store", "paris")
    [other] = changes("explain", "2025-12", "--store", "tokyo")
    assert {(late[0], late[2]), (other[0], other[2])} == {(True, "47.85"), (False, "0.00")}
    best = json.loads(call("show", "value", "--month", "2025-12", "--json").out)["value"]
    products = [row["product"] for row in best]
    parts = [changes("explain", "2025-12", "--product", product)[0] for product in products]
    assert sum(Decimal(change) for _, _, change in parts) == Decimal("47.85")
    assert {is_restated for is_restated, _, _ in parts} == {True, False}


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["close", "--sample"], 2, "MONTH: no month given. Do: write one such as 2025-12"),
        (["close", "--sample", "2025-13"], 2, "not a month, got '2025-13'"),
        (["close", "--sample", "2031-01"], 2, "2031-01: no sales to close; the months with sales"),
        (["close", "--sample", "2025-02", "2025-03"], 1, "2025-02: 6.1 % of its money waits in"),
        (["close", "--sample", "--through", "2020-01"], 2, "--through: no month with sales up to"),
        (["reopen", "--sample", "2025-03"], 2, "2025-03: not closed; closed are 2025-12"),
        (["why", "2025-03", "--since-closing"], 2, "no closed month in it; closed are 2025-12"),
        (["why", "--since-closing", "--since", "x"], 2, "--since: not together with --since-c"),
        (["why", "--since-closing", "--category", "Home"], 2, "--category: not together with"),
        (["explain", "2025-11", "--as-closed"], 2, "got 2025-11 with an open month. Do: ask for"),
    ],
)
def test_what_cannot_be_closed_or_shown_is_refused_with_what_to_do(
    demo: tuple[Path, Said],
    call: Call,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: int,
    message: str,
) -> None:
    monkeypatch.chdir(demo[0])
    said = call(*arguments)
    assert (said.code, said.out) == (code, "")
    assert message in said.err


def test_to_show_a_closed_month_imports_neither_spark_nor_pandas(folder: Path) -> None:
    commands = [["show", "--as-closed"], ["show"]]
    assert loaded_by(folder, *commands, heavy=("pyspark", "pysail", "pandas")) == "{}"
