"""The options of a feed in whole runs: what is told, refused and recorded, and that P3 holds."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from deltalake import DeltaTable, write_deltalake

from sales_pipeline.errors import UsageError
from sales_pipeline.report.run import run_document
from tests.retailer import CATALOGUE, Retailer, sale


def _declare(retailer: Retailer, **options: Any) -> None:
    retailer.declared["feeds"]["lyon"].update(options)


def test_what_the_rules_found_is_in_the_record_of_the_run(retailer: Retailer) -> None:
    rules = {"cheap": {"holds": "amount < 50"}, "one": {"holds": "quantity = 1"}}
    _declare(retailer, rules=rules)
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", total="99"), sale("3", day="?"))
    retailer.deliver("lyon/b.csv", sale("4", units="2"))
    expected = {"lyon": {"cheap": {"checked": 3, "broken": 1}, "one": {"checked": 3, "broken": 1}}}
    assert run_document(retailer.run())["rules"] == expected
    [record] = retailer.table("ops.runs")
    assert json.loads(record["rules"]) == expected
    assert retailer.rows("silver.quarantine", "_row", "reasons") == [
        (1, ["rule:one"]), (2, ["rule:cheap"]), (3, ["date_unreadable"]),
    ]  # fmt: skip


def test_a_refusal_names_the_limit_as_it_is_declared(retailer: Retailer) -> None:
    _declare(retailer, max_quarantined="12.5%")
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2"), sale("3"), sale("4", day="?"))
    retailer.run()
    [reason] = [text for (text,) in retailer.rows("ops.deliveries", "reason") if text]
    assert "1 of 4 records of feed lyon are unusable, more than the 12.5% that" in reason


def test_a_run_without_rules_records_none(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    document = run_document(retailer.run())
    assert (document["rules"], document["warnings"]) == ({}, [])
    assert retailer.rows("ops.runs", "rules") == [(None,)]


@pytest.mark.long
def test_sql_that_fails_on_a_value_concerns_that_record_alone(retailer: Retailer) -> None:
    columns = retailer.declared["feeds"]["lyon"]["columns"]
    columns["pieces"] = columns.pop("quantity")
    _declare(
        retailer,
        computed={
            "quantity": {"sql": "12 / cast(pieces as int)"},
            "fee": {"sql": "cast(unit_price as int)"},
        },
        exclude_when="cast(amount as int) / (cast(pieces as int) - 6) > 1000",
        rules={"fair": {"holds": "amount / (quantity - 3) < 1000"}},
    )
    retailer.deliver_catalogue()
    retailer.deliver(
        "lyon/a.csv",
        sale("1", price="1", total="10", units="12"),
        sale("2", price="1", total="10", units="0"),
        sale("3", price="much", total="10", units="12"),
        sale("4", price="1", total="10", units="6"),
        sale("5", price="1", total="10", units="4"),
    )
    retailer.deliver("boston/a.csv", sale("1"))
    [planned] = [file for file in retailer.plan().files if file.feed == "lyon"]
    assert {unusable.reason: unusable.example for unusable in planned.unusable} == {
        "computed_failed:quantity": "record 2: units '0'",
        "computed_failed:fee": "record 3: price 'much'",
        "exclude_failed": "record 4: total '10', units '6'",
        "rule:fair": "record 5: total '10', units '4'",
        "quantity_missing": "record 2: units '0'",
        "unit_price_unreadable": "record 3: price 'much'",
    }
    assert retailer.run().exit_code == 0
    assert retailer.rows("silver.sales", "feed", "sale_id") == [("boston", "1"), ("lyon", "1")]


def test_a_rule_that_is_null_holds(retailer: Retailer) -> None:
    _declare(retailer, rules={"priced": {"holds": "unit_price > 0", "severity": "fail"}})
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1", price=""))
    assert retailer.run().exit_code == 0


@pytest.mark.long
def test_a_correction_that_breaks_a_rule_supersedes_nothing(retailer: Retailer) -> None:
    _declare(retailer, rules={"cheap": {"holds": "amount < 50", "severity": "fail"}})
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", total="5.00"))
    retailer.run()
    before = retailer.table("silver.sales")
    retailer.deliver("lyon/a.csv", sale("1", total="99.00"), sale("2", total="5.00"))
    report = retailer.run()
    [note] = report.rejected
    assert "1 of 2 sales break the rule cheap (amount < 50), more than the 0%" in note.reason
    assert retailer.states()["lyon/a.csv"] == ["archived", "rejected"]
    assert retailer.table("silver.sales") == before


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ({"computed": {"till": {"sql": "upper(til)"}}}, r"feeds\.lyon\.computed\.till\.sql: no ex"),
        ({"rules": {"r": {"holds": "amuont > 0"}}}, r"feeds\.lyon\.rules\.r\.holds: no condition"),
        ({"rules": {"r": {"holds": "sale_id = '1'"}}}, r"feeds\.lyon\.rules\.r\.holds: no cond"),
        ({"rules": {"r": {"holds": "product rlike '('"}}}, r"r\.holds: no SQL that the engine"),
        ({"exclude_when": "rand() < 0.5"}, r"exclude_when: .* rand\(\) \(character 1\) is not the"),
        ({"rules": {"r": {"holds": "amount + 1"}}}, r"feeds\.lyon\.rules\.r\.holds: no condition"),
        ({"exclude_when": "amount = = 'x'"}, r"feeds\.lyon\.exclude_when: no condition over"),
    ],
)
def test_sql_that_is_none_stops_the_run_before_a_file_is_claimed(
    retailer: Retailer, options: dict[str, Any], place: str
) -> None:
    before = deepcopy(retailer.declared)
    _declare(retailer, **options)
    retailer.deliver("lyon/a.csv", sale("1"))
    with pytest.raises(UsageError, match=place):
        retailer.run()
    retailer.declared = before
    assert retailer.states() == {}


def test_a_condition_may_speak_of_computed_columns(retailer: Retailer) -> None:
    _declare(retailer, computed={"till": {"sql": "sale_id"}}, exclude_when="till = '2'")
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2"))
    assert [counts.classes["excluded"] for counts in retailer.run().feeds] == [0, 1]


@pytest.mark.long
def test_a_lakehouse_from_before_the_rules_goes_on(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.run()
    runs = retailer.lakehouse / "ops" / "runs"
    older = DeltaTable(runs).to_pyarrow_table().drop_columns(["rules"])
    write_deltalake(runs, older, mode="overwrite", schema_mode="overwrite")
    assert retailer.run().is_nothing_new
    retailer.deliver("lyon/b.csv", sale("2"))
    assert retailer.run().exit_code == 0
    assert retailer.rows("ops.runs", "rules") == [(None,), (None,)]


STORES = {
    "L1": {"id": "lyon", "name": "Lyon", "city": "Lyon", "country": "FR"},
    "N1": {"id": "nyon", "name": "Nyon", "city": "Nyon", "country": "CH", "currency": "USD"},
}
LISTED_HEADER = "id,day,item,price,units,total,shop,money"


def _listed(number: str, shop: str, money: str = "", **texts: str) -> str:
    return f"{sale(number, **texts)},{shop},{money}"


def _deliver_step_by_step(retailer: Retailer) -> None:
    columns = retailer.declared["feeds"]["lyon"]["columns"]
    _declare(
        retailer,
        columns={**columns, "store": "shop", "currency": "money"},
        stores=STORES,
        missing_quantity="1",
        unknown_products="pass",
        date_formats=["yyyy-MM-dd", "dd/MM/yyyy"],
        currency=[{"currency": "JPY"}, {"currency": "EUR", "since": "2025-01-10"}],
        rules={"cheap": {"holds": "amount < 50"}, "few": {"holds": "quantity < 5"}},
    )
    del retailer.declared["feeds"]["lyon"]["store"]
    retailer.deliver_catalogue()
    header = LISTED_HEADER
    retailer.deliver(
        "lyon/a.csv",
        _listed("1", "L1"), _listed("1", " N1"), _listed("2", "X"), _listed("3", "", total="x"),
        _listed("4", "N1", "JPY"), _listed("5", "L1", "yen"), _listed("6", "L1", item="Lampe"),
        _listed("7", "L1", day="2025-01-09"), _listed("8", "L1", day="?"),
        _listed("9", "N1", units=""), _listed("10", "L1", total="60"),
        header=header,
    )  # fmt: skip
    retailer.run()
    retailer.deliver(
        "lyon/b.csv", _listed("1", "N1", total="11.00"), _listed("6", "L1", units="9"),
        _listed("11", "X", item="Lampe"), header=header,
    )  # fmt: skip
    retailer.run()
    retailer.deliver_catalogue(CATALOGUE + "\nLampe,Maison,Lamp,Home", "catalogue_2.csv")
    retailer.run()


@pytest.mark.long
def test_p3_incremental_is_a_rebuild_and_all_at_once_under_all_options(retailer: Retailer) -> None:
    _deliver_step_by_step(retailer)
    before = retailer.state()
    assert len(retailer.table("silver.sales")) == 6
    assert retailer.rebuild().exit_code == 0
    assert retailer.state() == before
    retailer.reset()
    assert retailer.run().exit_code == 0
    assert retailer.state() == before


def test_unknown_stores_and_ambiguous_dates_are_told(retailer: Retailer) -> None:
    _declare(retailer, date_formats=["dd/MM/yyyy", "MM/dd/yyyy"])
    columns = retailer.declared["feeds"]["lyon"]["columns"]
    _declare(retailer, columns={**columns, "store": "shop"}, stores=STORES)
    del retailer.declared["feeds"]["lyon"]["store"]
    retailer.deliver_catalogue()
    sales = [_listed(str(n), f"X{n % 7}", day="01/02/2025") for n in range(20)]
    retailer.deliver("lyon/a.csv", *sales, header=LISTED_HEADER)
    sentences = [warning.sentence for warning in retailer.run().warnings]
    [days, *stores] = sentences
    assert days.startswith("1 date is another day in a later one of the date_formats, such as '01")
    assert stores == [
        *(f"3 records of the unknown store 'X{n}'" for n in range(5)),
        "5 records of 2 other unknown stores",
    ]
