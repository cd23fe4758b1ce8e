"""`sales-pipeline rates show`: which rate a sale takes, from files of rates and fixed ones."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Call, loaded_by
from tests.retailer import Retailer, sale

# 18 to 21 April 2025 is Easter; the rate of 17 April is 1 / 1.6 = 0.625.
RATES = "Date,USD,AUD\n2025-04-22,1.25,2\n2025-04-17,1.6,2\n"


@pytest.fixture(scope="module")
def retailer(tmp_path_factory: pytest.TempPathFactory) -> Retailer:
    """A retailer that sold on a holiday, and in January when it had no rates."""
    made = Retailer(tmp_path_factory.mktemp("rates"))
    made.declared["rates"] = {"landing": "rates/*.csv"}
    made.deliver_catalogue()
    made.deliver_text("rates/april.csv", RATES)
    days = ("2025-01-15", "2025-01-16", "2025-01-16", "2025-04-20", "2025-04-22")
    sales = [sale(str(number), day) for number, day in enumerate(days)]
    made.deliver("boston/a.csv", *sales)
    made.deliver("lyon/a.csv", sale("1"))
    assert made.run().exit_code == 1
    _write(made)
    return made


def _write(retailer: Retailer, name: str = "config.yaml", **rates: object) -> str:
    folders = {"landing": str(retailer.landing), "lakehouse": str(retailer.lakehouse)}
    declared = {**retailer.declared, **folders}
    if rates:
        declared["rates"] = rates
    path = retailer.folder / name
    path.write_text(json.dumps(declared), encoding="utf-8")
    return str(path)


@pytest.fixture
def show(retailer: Retailer, call: Call) -> Call:
    """Calls `rates show` for the retailer."""
    config = str(retailer.folder / "config.yaml")
    return lambda *arguments: call("rates", "show", *arguments, "--config", config)


def test_in_short_each_currency_has_its_latest_rate_and_what_lacks_one(show: Call) -> None:
    said = show()
    assert said.code == 0
    assert said.out.startswith("daily: A sale takes the rate published on its day, else the last ")
    assert "at most 7 days old." in said.out
    [usd] = [line.split() for line in said.out.splitlines() if line.startswith("USD")]
    assert usd == ["USD", "0.8", "2025-04-22", "rates/april.csv", "2025-04-17", "2025-04-22",
                   "4", "2", "30.00", "USD"]  # fmt: skip
    assert "1 more currency with rates and without sales." in said.out


def test_in_short_as_json_has_every_currency(show: Call) -> None:
    document = json.loads(show("--json").out)
    assert (document["base_currency"], document["policy"]) == ("EUR", "daily")
    assert (document["is_stale"], document["days"]) == (False, [])
    assert [each["currency"] for each in document["currencies"]] == ["AUD", "USD"]
    assert document["currencies"][1] == {
        "currency": "USD",
        "rate": "0.80000000000000",
        "published_on": "2025-04-22",
        "is_provisional": False,
        "sources": ["rates/april.csv"],
        "first_day": "2025-04-17",
        "last_day": "2025-04-22",
        "days_sold": 4,
        "days_without_rate": 2,
        "first_without_rate": "2025-01-15",
        "last_without_rate": "2025-01-16",
        "amount_without_rate": "30.0000",
    }


def test_a_currency_is_shown_on_the_days_that_have_a_rate_or_a_sale(show: Call) -> None:
    days = json.loads(show("usd", "--json").out)["days"]
    found = [(each["day"], each["rate"], each["published_on"], each["sales"]) for each in days]
    assert found == [
        ("2025-01-15", None, None, 1),
        ("2025-01-16", None, None, 2),
        ("2025-04-17", "0.62500000000000", "2025-04-17", 0),
        ("2025-04-20", "0.62500000000000", "2025-04-17", 1),
        ("2025-04-22", "0.80000000000000", "2025-04-22", 1),
    ]
    lines = show("USD").out.splitlines()
    assert [line.split()[1] for line in lines if line.startswith("2025-")] == [
        "none", "none", "0.625", "0.625", "0.8",
    ]  # fmt: skip


def test_every_day_of_the_calendar_is_shown_between_two(show: Call) -> None:
    said = show("USD", "--from", "2025-04-19", "--to", "2025-04-22", "--csv")
    rows = list(csv.DictReader(io.StringIO(said.out)))
    assert [row["day"][-2:] for row in rows] == ["19", "20", "21", "22"]
    assert [row["published_on"][-2:] for row in rows] == ["17", "17", "17", "22"]
    assert rows[1]["amount"] == "10.0000"
    assert rows[0]["sources"] == "rates/april.csv"


def test_one_day_is_shown_for_all_currencies(show: Call) -> None:
    days = json.loads(show("--on", "2025-04-30", "--json").out)["days"]
    # Eight days after the last rate nothing is known any more.
    assert [(each["currency"], each["rate"]) for each in days] == [("AUD", None), ("USD", None)]
    assert json.loads(show("EUR", "--on", "2025-04-30", "--json").out)["days"][0]["rate"] == (
        "1.00000000000000"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["USX"], "USX: no rate and no sale in this currency. Did you mean 'USD'?"),
        (["--from", "2025-02-30"], "not a day, got '2025-02-30'"),
        (["--from", "2025-05-02", "--to", "2025-05-01"], "2025-05-02 is after 2025-05-01"),
        (["USD", "--from", "1925-05-02"], "at most 3,700 days at a time"),
        (["--on", "2025-05-01", "--from", "2025-05-01"], "give one day or the ends of several"),
        (["--csv", "--json"], "give one of them"),
    ],
)
def test_what_cannot_be_shown_is_said(show: Call, arguments: list[str], message: str) -> None:
    said = show(*arguments)
    assert (said.code, said.out) == (2, "")
    assert message in " ".join(said.err.split())


def test_a_mean_names_its_files_and_is_provisional(retailer: Retailer, call: Call) -> None:
    config = _write(retailer, "mean.yaml", landing="rates/*.csv", policy="month_average")
    said = call("rates", "show", "USD", "--on", "2025-04-01", "--json", "--config", config)
    [day] = json.loads(said.out)["days"]
    # (0.8 + 0.625) / 2
    assert (day["rate"], day["published_on"]) == ("0.71250000000000", None)
    assert (day["is_provisional"], day["sources"]) == (True, ["rates/april.csv"])
    assert "provisional" in call("rates", "show", "USD", "--config", config).out


def test_rates_that_were_declared_otherwise_since_the_last_run_are_said(
    retailer: Retailer, call: Call
) -> None:
    config = _write(retailer, "fixed.yaml", fixed={"USD": "0.85"})
    said = call("rates", "show", "--config", config)
    assert said.out.startswith("fixed: A sale takes the rate that the declaration has for its day.")
    assert "declared otherwise since the last run" in said.out


def test_fixed_rates_are_declared_ones(retailer: Retailer, call: Call, tmp_path: Path) -> None:
    made = Retailer(tmp_path)
    made.deliver_catalogue()
    made.deliver("boston/a.csv", sale("1"))
    made.run()
    config = _write(made)
    currencies = json.loads(call("rates", "show", "--json", "--config", config).out)["currencies"]
    found = {each["currency"]: (each["rate"], *each["sources"]) for each in currencies}
    assert found == {
        "JPY": ("0.00550000000000", "declared"),
        "USD": ("0.85000000000000", "declared"),
    }
    assert currencies[1]["published_on"] is None


def test_without_a_lakehouse_it_says_what_to_do(tmp_path: Path, call: Call) -> None:
    config = _write(Retailer(tmp_path))
    said = call("rates", "show", "--config", config)
    assert (said.code, said.out) == (2, "")
    assert said.err.endswith("lakehouse yet. Do: sales-pipeline run\n")


def test_looking_up_rates_starts_no_spark(retailer: Retailer) -> None:
    heavy = ("pyspark", "pysail")
    assert loaded_by(retailer.folder, ["rates", "show", "USD"], heavy=heavy) == "{}"
