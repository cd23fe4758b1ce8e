"""SQL over other records, or not the same twice, is refused by every command that reads it."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Call
from tests.retailer import Retailer, sale


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("max(day) over (partition by sale_id)", "max() OVER (character 1) looks at other records"),
        ("date_add(current_date(), 1)", "current_date() (character 10) is not the same twice"),
        ("(select min(day) from silver.records)", "a query (character 2) looks at other tables"),
        ("explode(split(day, ','))", "explode() (character 1) makes several records of one"),
    ],
)
def test_a_day_by_other_records_is_refused_before_a_file_is_claimed(
    retailer: Retailer, call: Call, sql: str, reason: str
) -> None:
    feed = retailer.declared["feeds"]["lyon"]
    feed["columns"]["day"] = feed["columns"].pop("sold_on")
    feed["computed"] = {"sold_on": {"sql": sql}}
    feed["rules"] = {"lucky": {"holds": "amount > rand()"}}
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    folders = {"landing": str(retailer.landing), "lakehouse": str(retailer.lakehouse)}
    path = retailer.folder / "config.yaml"
    path.write_text(json.dumps({**retailer.declared, **folders}))
    config = str(path)
    for command in ("check", "plan", "run"):
        refused = call(command, "--config", config)
        assert refused.code == 2
        assert "feeds.lyon.computed.sold_on.sql: no expression over the columns" in refused.err
        assert reason in " ".join(refused.err.split())
        assert "feeds.lyon.rules.lucky.holds" in refused.err
        assert "Traceback" not in refused.err
    assert (retailer.landing / "lyon" / "a.csv").exists()
    assert not retailer.lakehouse.exists()


@pytest.mark.long
def test_the_value_of_a_variable_is_in_no_message_and_no_table(
    retailer: Retailer, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "hunter2secret")
    monkeypatch.setenv("LIMIT", "100")
    feed = retailer.declared["feeds"]["lyon"]
    path = retailer.folder / "config.yaml"
    said: list[str] = []

    def tried(*commands: str, **declared: object) -> str:
        folders = {"landing": str(retailer.landing), "lakehouse": str(retailer.lakehouse)}
        path.write_text(json.dumps({**retailer.declared, **folders, **declared}))
        answers = [call(*command.split(), "--config", str(path)) for command in commands]
        said.extend(each.out + each.err for each in answers)
        return said[-1]

    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", total="200"))
    # A folder that is not there, or cannot be made, and an engine that cannot be reached.
    missing = str(retailer.folder / "${SECRET}" / "x")
    assert "There is no such folder: " in tried("check", landing=missing)
    assert "no such folder, got" in tried("status --json", "plan", "run", landing=missing)
    assert "${SECRET}" in tried("status", "doctor --json", "run", lakehouse="/proc/${SECRET}/x")
    assert "${SECRET}" in tried("run --verbose", engine="${SECRET}")
    # SQL that the engine refuses, and rules that are broken.
    feed["rules"] = {"small": {"holds": "product rlike '(${SECRET}'"}}
    assert "product rlike '(${SECRET}'" in tried("check", "run")
    warns = {"holds": "amount < 1 and product <> '${SECRET}'", "severity": "warn"}
    feed["rules"] = {"small": warns, "low": {"holds": "amount < ${LIMIT}", "severity": "fail"}}
    tried("check", "plan --json", "run --json", "status")
    kept = str(retailer.table("ops.deliveries"))
    for text in ("".join(said), kept):
        assert "the rule low (amount < ${LIMIT})" in text
        assert "hunter2secret" not in text
        assert "amount < 100" not in text
    assert "amount < 1 and product <> '${SECRET}'" in "".join(said)
