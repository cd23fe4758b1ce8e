"""P8: a known rate or a clear stop, with files of rates in the layout of reference rates."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sales_pipeline.errors import LakehouseMismatch
from tests.promises.killed_run import dies
from tests.retailer import Retailer, sale

REFERENCE = """Date,USD,JPY,BGN,CYP,
2025-05-02,1.25,162.5,1.9558,N/A,
2025-04-22,1.6,160,1.9558,N/A,
2025-04-17,1.28,N/A,1.9558,N/A,
2025-04-16,1.25,N/A,1.9558,N/A,
"""
"""Invented rates in the layout of published reference rates; 18 to 21 April 2025 is Easter."""
BY_DAY = {"landing": "rates/*.csv"}
JANUARY, APRIL, MAY = date(2025, 1, 1), date(2025, 4, 1), date(2025, 5, 1)


@pytest.fixture
def retailer(tmp_path: Path) -> Retailer:
    """The usual retailer, with files of rates."""
    return _retailer(tmp_path, **BY_DAY)


def _retailer(folder: Path, **rates: Any) -> Retailer:
    folder.mkdir(exist_ok=True)
    made = Retailer(folder)
    made.declared["rates"] = rates
    made.deliver_catalogue()
    return made


def _deliver_rates(retailer: Retailer, text: str = REFERENCE, name: str = "reference.csv") -> None:
    retailer.deliver_text(f"rates/{name}", text)


def _is_as_rebuilt(retailer: Retailer) -> bool:
    before = retailer.state()
    retailer.rebuild()
    return retailer.state() == before and retailer.run().is_nothing_new


def test_p8_a_weekend_and_holidays_take_the_last_rate_before_them(retailer: Retailer) -> None:
    _deliver_rates(retailer)
    days = ("2025-04-17", "2025-04-19", "2025-04-21", "2025-04-22")
    retailer.deliver("boston/a.csv", *(sale(day, day) for day in days))
    report = retailer.run()
    assert report.exit_code == 0
    # Three times 10 / 1.28 and once 10 / 1.6.
    assert retailer.revenue() == {(2025, 4): "29.69"}
    [cube] = retailer.table("gold.sales_cube")
    assert cube["revenue"] == Decimal("29.6875")
    assert retailer.rows("gold.rates_taken", "sold_on", "rate") == [
        (date.fromisoformat(day), Decimal(rate))
        for day, rate in zip(days, ["0.78125"] * 3 + ["0.625"], strict=True)
    ]
    counts = {each.feed: (each.delivered, each.classes["accepted"]) for each in report.feeds}
    assert counts["exchange_rates"] == (4, 4)
    assert list(counts) == ["catalogue", "exchange_rates", "boston"]
    assert retailer.states()["rates/reference.csv"] == ["archived"]
    assert _is_as_rebuilt(retailer)


def test_p8_a_month_without_a_rate_is_held_and_finished_by_late_rates(retailer: Retailer) -> None:
    _deliver_rates(retailer)
    retailer.deliver("boston/a.csv", sale("1"), sale("2", "2025-04-17"), sale("3", "2025-01-20"))
    retailer.deliver("lyon/a.csv", sale("1"))
    report = retailer.run()
    assert (report.exit_code, report.months) == (1, [APRIL])
    [held] = report.held
    assert (held.month, held.currency, held.days, held.amount) == (JANUARY, "USD", 2, Decimal(20))
    assert (held.first_day, held.last_day) == (date(2025, 1, 15), date(2025, 1, 20))
    assert retailer.revenue() == {(2025, 4): "7.81"}
    assert retailer.states()["boston/a.csv"] == ["archived"]
    again = retailer.run()
    assert (again.exit_code, again.held, again.months) == (1, [held], [])
    assert retailer.rebuild().held == [held]
    assert retailer.revenue() == {(2025, 4): "7.81"}
    _deliver_rates(retailer, "Date,USD\n2025-01-14,1.25\n", "january.csv")
    report = retailer.run()
    assert (report.exit_code, report.months, report.held) == (0, [JANUARY], [])
    # 10 EUR, and twice 10 / 1.25; the 20th takes the rate of the 14th, six days old.
    assert retailer.revenue() == {(2025, 1): "26.00", (2025, 4): "7.81"}
    assert _is_as_rebuilt(retailer)


def test_p8_corrected_rates_recompute_only_the_months_they_touch(retailer: Retailer) -> None:
    _deliver_rates(retailer)
    sales = (sale("1", "2025-04-19"), sale("2", "2025-05-02"))
    retailer.deliver("boston/a.csv", *sales)
    retailer.run()
    _deliver_rates(retailer, REFERENCE.replace("17,1.28", "17,1.6"))
    report = retailer.run()
    assert (report.months, report.repriced) == ([APRIL], [APRIL])
    assert [note.path for note in report.corrected] == ["rates/reference.csv"]
    assert retailer.revenue() == {(2025, 4): "6.25", (2025, 5): "8.00"}
    # A rate of Saturday itself comes late, and only says the same of another day of May.
    _deliver_rates(retailer, "Date,USD\n2025-04-19,2\n2025-05-01,1.25\n", "late.csv")
    assert retailer.run().months == [APRIL]
    assert retailer.revenue() == {(2025, 4): "5.00", (2025, 5): "8.00"}
    balances = retailer.rows("ops.balance", "feed", "delivered_rows", "superseded_rows")
    assert ("exchange_rates", 4, 4) in balances
    assert _is_as_rebuilt(retailer)


def test_p8_a_rate_that_is_taken_back_leaves_gold_as_it_was(retailer: Retailer) -> None:
    _deliver_rates(retailer)
    retailer.deliver("boston/a.csv", sale("1", "2025-04-17"), sale("2", "2025-05-02"))
    retailer.run()
    before = retailer.table("gold.sales_cube")
    _deliver_rates(retailer, "Date,USD\n2025-05-02,1.25\n")
    for _ in range(2):
        report = retailer.run()
        assert (report.exit_code, report.months) == (1, [])
        assert [(each.month, each.days) for each in report.held] == [(APRIL, 1)]
        assert retailer.table("gold.sales_cube") == before


def test_p8_a_changed_policy_makes_its_months_again_without_asking(retailer: Retailer) -> None:
    _deliver_rates(retailer)
    retailer.deliver("boston/a.csv", sale("1", "2025-04-19"), sale("2", "2025-05-02"))
    retailer.deliver("lyon/a.csv", sale("1", "2025-03-01"))
    retailer.run()
    retailer.declared["rates"]["policy"] = "month_average"
    report = retailer.run()
    # (1/1.6 + 1/1.28 + 1/1.25) / 3 = (0.625 + 0.78125 + 0.8) / 3 = 0.735416…
    assert retailer.revenue() == {(2025, 3): "10.00", (2025, 4): "7.35", (2025, 5): "8.00"}
    assert report.provisional == [MAY]
    assert report.repriced == [APRIL, MAY]
    assert _is_as_rebuilt(retailer)
    retailer.declared["rates"] = {"fixed": {"USD": "0.5"}}
    assert retailer.run().repriced == [APRIL, MAY]
    assert _is_as_rebuilt(retailer)
    retailer.declared["rates"] = BY_DAY
    retailer.run()
    assert retailer.revenue() == {(2025, 3): "10.00", (2025, 4): "7.81", (2025, 5): "8.00"}
    retailer.declared["rates"] = {**BY_DAY, "max_age_days": 1}
    assert [each.month for each in retailer.run().held] == [APRIL]


def test_p8_fixed_rates_hold_from_their_days(tmp_path: Path) -> None:
    fixed = {"USD": [{"rate": "0.5"}, {"rate": "0.8", "since": "2025-01-10"}]}
    retailer = _retailer(tmp_path, fixed=fixed)
    sales = (sale("1", "2025-01-09"), sale("2", "2025-01-10"), sale("3", "2024-12-01"))
    retailer.deliver("boston/a.csv", *sales)
    assert retailer.run().exit_code == 0
    assert retailer.revenue() == {(2024, 12): "5.00", (2025, 1): "13.00"}
    fixed["USD"][1]["rate"] = "0.9"
    assert retailer.run().months == [JANUARY]
    assert retailer.revenue() == {(2024, 12): "5.00", (2025, 1): "14.00"}
    assert _is_as_rebuilt(retailer)


def test_p8_another_base_currency_takes_cross_rates(tmp_path: Path) -> None:
    retailer = _retailer(tmp_path, **BY_DAY)
    retailer.declared["base_currency"] = "USD"
    retailer.declared["feeds"]["boston"]["currency"] = "JPY"
    _deliver_rates(retailer)
    retailer.deliver("boston/a.csv", sale("1", "2025-04-22", total="1000"))
    retailer.deliver("lyon/a.csv", sale("1", "2025-04-22"))
    assert retailer.run().exit_code == 0
    # 1,000 JPY x 1.6 / 160 = 10.00 USD; 10 EUR x 1.6 = 16.00 USD.
    assert retailer.revenue() == {(2025, 4): "26.00"}
    taken = dict(retailer.rows("gold.rates_taken", "currency", "rate"))
    assert taken == {"JPY": Decimal("0.01"), "EUR": Decimal("1.6")}
    assert _is_as_rebuilt(retailer)


def test_p8_unusable_records_of_rates_are_quarantined_and_disagreement_is_refused(
    retailer: Retailer,
) -> None:
    good = "".join(f"2025-04-{day},1.25\n" for day in range(10, 20))
    _deliver_rates(retailer, f"Date,USD\n{good}2025-04-21,O.9\n", "a.csv")
    _deliver_rates(retailer, "Date,USD\n2025-04-10,1.3\n2025-04-10,1.4\n", "b.csv")
    _deliver_rates(retailer, "Date,USD\n2025-04-10,1.3\n2025-04-11,x\n", "c.csv")
    retailer.deliver("boston/a.csv", sale("1", "2025-04-10"))
    report = retailer.run()
    reasons = [(each.path, each.reason) for each in report.rejected]
    assert [path for path, _ in reasons] == ["rates/b.csv", "rates/c.csv"]
    assert "USD on 2025-04-10 is 1.3 in record 1 and 1.4 in record 2" in reasons[0][1]
    assert reasons[1][1] == "1 of 2 records are unusable"
    [quarantined] = retailer.rows("silver.quarantine", "feed", "_row", "raw", "reasons")
    raw = json.dumps({"date": "2025-04-21", "USD": "O.9"})
    assert quarantined == ("exchange_rates", 11, raw, ["rate_unreadable"])
    counted = ("delivered_rows", "accepted_rows", "quarantined_rows", "currency")
    assert (11, 10, 1, "XXX") in retailer.rows("ops.balance", *counted)
    assert retailer.revenue() == {(2025, 4): "8.00"}


def test_p8_a_withdrawn_file_of_rates_takes_its_rates_with_it(retailer: Retailer) -> None:
    _deliver_rates(retailer)
    unreadable = "Date,USD\n" + "".join(f"2025-01-{day},1.25\n" for day in range(10, 16))
    _deliver_rates(retailer, f"{unreadable}2025-01-16,O.9\n", "january.csv")
    retailer.deliver("boston/a.csv", sale("1"), sale("2", "2025-04-17"))
    retailer.run()
    assert retailer.revenue() == {(2025, 1): "8.00", (2025, 4): "7.81"}
    assert len(retailer.table("silver.quarantine")) == 1
    report = retailer.withdraw("rates/january.csv")
    [held] = report.held
    assert (report.exit_code, held.month, held.currency) == (1, JANUARY, "USD")
    assert (held.days, held.amount) == (1, Decimal(10))
    # A held month stays as it was.
    assert retailer.revenue() == {(2025, 1): "8.00", (2025, 4): "7.81"}
    assert retailer.states()["rates/january.csv"] == ["withdrawn"]
    assert {row["source"] for row in retailer.table("silver.exchange_rates")} == {
        "rates/reference.csv"
    }
    assert retailer.table("silver.quarantine") == []
    counted = ("delivered_rows", "accepted_rows", "quarantined_rows", "superseded_rows")
    assert (7, 0, 0, 7) in retailer.rows("ops.balance", *counted)
    before = retailer.state()
    again = retailer.run()
    assert (again.exit_code, again.held, again.months) == (1, [held], [])
    assert retailer.rebuild().held == [held]
    assert retailer.state() == before
    _deliver_rates(retailer, "Date,USD\n2025-01-14,1\n", "later.csv")
    assert retailer.run().months == [JANUARY]
    assert retailer.revenue() == {(2025, 1): "10.00", (2025, 4): "7.81"}
    assert _is_as_rebuilt(retailer)


def test_p8_a_withdrawn_file_of_rates_leaves_all_its_versions(retailer: Retailer) -> None:
    _deliver_rates(retailer, "Date,USD\n2025-01-14,1.25\n2025-01-13,2\n")
    retailer.deliver("boston/a.csv", sale("1"))
    retailer.run()
    _deliver_rates(retailer, "Date,USD\n2025-01-14,1\n")
    retailer.run()
    assert retailer.revenue() == {(2025, 1): "10.00"}
    assert retailer.withdraw("rates/reference.csv").held
    assert retailer.table("silver.exchange_rates") == []
    assert retailer.states()["rates/reference.csv"] == ["withdrawn", "withdrawn"]
    counted = ("feed", "delivered_rows", "superseded_rows")
    found = [row for row in retailer.rows("ops.balance", *counted) if row[0] == "exchange_rates"]
    assert found == [("exchange_rates", 1, 1), ("exchange_rates", 2, 2)]
    # The same bytes may be delivered again.
    _deliver_rates(retailer, "Date,USD\n2025-01-14,1.25\n2025-01-13,2\n")
    assert retailer.run().exit_code == 0
    assert retailer.revenue() == {(2025, 1): "8.00"}
    assert _is_as_rebuilt(retailer)


@pytest.mark.parametrize("by", ["rebuild", "rejudge"])
def test_p8_rates_that_mean_something_else_are_read_again_when_asked(
    tmp_path: Path, by: str
) -> None:
    retailer = _retailer(tmp_path, **BY_DAY, layout="rows")
    _deliver_rates(retailer, "date,currency,rate\n2025-01-14,USD,1.25\n")
    retailer.deliver("boston/a.csv", sale("1"))
    retailer.run()
    retailer.declared["rates"]["direction"] = "value_of_one"
    with pytest.raises(LakehouseMismatch, match="--rejudge exchange_rates"):
        retailer.run()
    if by == "rebuild":
        retailer.rebuild()
    else:
        retailer.run(rejudge=["exchange_rates"])
    assert retailer.revenue() == {(2025, 1): "12.50"}


@pytest.mark.long
def test_p8_runs_killed_while_rates_change_end_like_one_that_was_not(tmp_path: Path) -> None:
    killed, calm = (_retailer(tmp_path / name, **BY_DAY) for name in ("killed", "calm"))
    for retailer in (killed, calm):
        _deliver_rates(retailer)
        retailer.deliver(
            "boston/a.csv", sale("1"), sale("2", "2025-04-19"), sale("3", "2025-05-02")
        )
        retailer.run()
        _deliver_rates(retailer, REFERENCE.replace("17,1.28", "17,1.6") + "2025-01-14,1.25,,,,\n")
    # After the rates, after the cube, after gold.rates_taken, while files move to the archive.
    for point in (4, 6, 6, 7):
        assert dies(killed, point, "after")
    reports = [retailer.run() for retailer in (killed, calm)]
    assert [report.exit_code for report in reports] == [0, 0]
    assert calm.revenue() == {(2025, 1): "8.00", (2025, 4): "6.25", (2025, 5): "8.00"}
    assert killed.state() == calm.state()
    assert killed.run().is_nothing_new


@pytest.mark.long
def test_p8_rates_whose_withdrawal_is_killed_are_gone_after_the_next_run(tmp_path: Path) -> None:
    killed, calm = (_retailer(tmp_path / name, **BY_DAY) for name in ("killed", "calm"))
    for retailer in (killed, calm):
        _deliver_rates(retailer)
        _deliver_rates(retailer, "Date,USD\n2025-04-17,1.6\n2025-01-14,1.25\n", "revised.csv")
        retailer.deliver("boston/a.csv", sale("1"), sale("2", "2025-04-17"))
        retailer.run()
    assert calm.revenue() == {(2025, 1): "8.00", (2025, 4): "6.25"}
    calm.withdraw("rates/revised.csv")
    # The decision is committed; then a run dies after its first commit, its second, and so on.
    assert dies(killed, 1, "after", "withdraw", "rates/revised.csv")
    for point in range(1, 7):
        assert dies(killed, point, "after")
    report = killed.run()
    assert [each.month for each in report.held] == [JANUARY]
    # January is held and stays; April takes the rate that was there before.
    assert killed.revenue() == {(2025, 1): "8.00", (2025, 4): "7.81"}
    assert killed.state() == calm.state()
    assert killed.states()["rates/revised.csv"] == ["withdrawn"]
