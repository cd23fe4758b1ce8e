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
