"""P2: every delivery balances, in rows and in money."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pyspark.sql import DataFrame

from sales_pipeline.lakehouse.lakehouse import Lakehouse
from tests.retailer import CATALOGUE, Retailer, sale


def test_p2_every_class_is_counted_in_rows_and_money(retailer: Retailer) -> None:
    retailer.declared["feeds"]["lyon"]["columns"]["status"] = "status"
    retailer.declared["feeds"]["lyon"]["exclude_when"] = "status = 'cancelled'"
    retailer.declared["feeds"]["lyon"]["max_repeated_keys"] = "100%"
    retailer.deliver_catalogue()
    lines = [
        sale("1", total="1.00") + ",ok",
        sale("2", total="2.00") + ",cancelled",
        sale("3", item="Lampe", total="4.00") + ",ok",
        sale("4", total="many") + ",ok",
        sale("5", total="8.00") + ",ok",
        sale("5", total="8.00") + ",ok",
        sale("6", total="16.00") + ",ok",
        sale("6", total="32.00") + ",ok",
        "7,2025-01-15",
    ]
    retailer.deliver("lyon/a.csv", *lines, header="id,day,item,price,units,total,status")
    report = retailer.run()
    [balance] = [each for each in report.balances if each.feed == "lyon"]
    assert balance.delivered == (9, Decimal("71.0000"))
    assert {name: counts for name, counts in balance.classes.items() if counts[0]} == {
        "accepted": (3, Decimal("41.0000")),
        "excluded": (1, Decimal("2.0000")),
        "quarantined": (3, Decimal("4.0000")),
        "duplicate": (1, Decimal("8.0000")),
        "displaced": (1, Decimal("16.0000")),
    }
    assert balance.balances


@pytest.mark.long
def test_p2_a_superseded_delivery_balances_as_superseded(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2"))
    retailer.run()
    retailer.deliver("lyon/a.csv", sale("1", total="11.00"))
    retailer.run()
    columns = ("delivered_rows", "accepted_rows", "superseded_rows", "superseded_amount")
    assert retailer.rows("ops.balance", "feed", *columns)[1:] == [
        ("lyon", 1, 1, 0, Decimal("0.0000")),
        ("lyon", 2, 0, 2, Decimal("20.0000")),
    ]


class _Leaky:
    """Loses the row of sale 2 on its way into silver, some times."""

    def __init__(self, *, times: int) -> None:
        self.replace, self.times = Lakehouse.replace, times

    def into(self, patch: pytest.MonkeyPatch) -> None:
        """Puts the leak into the only way into the table."""
        leaky = self
        patch.setattr(
            Lakehouse,
            "replace",
            lambda self, name, where, rows, *, are_few=False: leaky.replace(
                self, name, where, leaky.leaked(name, rows), are_few=are_few
            ),
        )

    def leaked(self, name: str, rows: DataFrame) -> DataFrame:
        """The rows, without that of sale 2 where it leaks."""
        if name != "silver.records" or not self.times:
            return rows
        self.times -= 1
        return rows.where("sale_id <> '2'")


def test_p2_a_delivery_that_does_not_balance_is_taken_out_and_the_others_go_on(
    retailer: Retailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("3"))
    retailer.deliver("lyon/b.csv", sale("2"), sale("4"))
    with monkeypatch.context() as patch:
        _Leaky(times=2).into(patch)
        report = retailer.run()
    assert report.exit_code == 1
    [failed] = report.failed
    assert failed.path == "lyon/b.csv"
    assert "delivered 2 rows 20.0000 EUR, found accepted 1 rows 10.0000" in failed.reason
    assert retailer.revenue() == {(2025, 1): "20.00"}
    assert retailer.states()["lyon/b.csv"] == ["failed"]
    assert retailer.run().is_nothing_new


def test_p2_a_record_that_is_lost_on_its_way_is_found_and_brought_in(
    retailer: Retailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2"))
    with monkeypatch.context() as patch:
        _Leaky(times=1).into(patch)
        assert retailer.run().exit_code == 0
    assert retailer.revenue() == {(2025, 1): "20.00"}


@pytest.mark.long
def test_p2_when_a_correction_does_not_balance_the_earlier_file_is_back_in_force(
    retailer: Retailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("5", "2025-02-01"))
    retailer.run()
    before = retailer.rows("silver.sales", "sale_id", "amount")
    retailer.deliver("lyon/a.csv", sale("1", total="99.00"), sale("2"))
    with monkeypatch.context() as patch:
        _Leaky(times=2).into(patch)
        report = retailer.run()
    assert [note.path for note in report.failed] == ["lyon/a.csv"]
    assert retailer.rows("silver.sales", "sale_id", "amount") == before
    assert retailer.revenue() == {(2025, 1): "10.00", (2025, 2): "10.00"}
    assert retailer.states()["lyon/a.csv"] == ["archived", "failed"]


@pytest.mark.long
def test_p2_an_excluded_sale_that_a_quarantined_one_of_its_key_follows_stays_excluded(
    retailer: Retailer,
) -> None:
    retailer.declared["feeds"]["lyon"]["exclude_when"] = "quantity = '0'"
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1", units="0"))
    retailer.run()
    retailer.deliver("lyon/b.csv", sale("1", "no day"), sale("2"))
    assert retailer.run().exit_code == 0
    assert retailer.rows("silver.set_aside", "sale_id", "status") == [("1", "excluded")]
    assert retailer.rows("silver.quarantine", "_row", "reasons") == [(1, ["date_unreadable"])]


def test_p2_records_of_the_catalogue_are_counted_too(retailer: Retailer) -> None:
    retailer.deliver_catalogue(CATALOGUE + "\n" + ",,,\nLampe,Maison\n")
    retailer.declared["feeds"]["lyon"]["max_quarantined"] = "100%"
    report = retailer.run()
    assert report.exit_code == 1
    assert report.rejected[0].reason == (
        "2 of 5 records are unusable: record 4: product is empty (product_missing), "
        "record 5: 'Lampe,Maison' (too_few_columns)"
    )
    more = "\n".join(f"Objet {number},Maison,Thing {number},Home" for number in range(9))
    retailer.deliver_catalogue(f"{CATALOGUE}\n{more}\nLampe,Maison\n", "better.csv")
    report = retailer.run()
    [balance] = report.balances
    assert (balance.rows("accepted"), balance.rows("quarantined")) == (12, 1)
    columns = ("feed", "_row", "raw", "reasons")
    assert retailer.rows("silver.quarantine", *columns) == [
        ("catalogue", 13, "Lampe,Maison", ["too_few_columns"])
    ]


@pytest.mark.long
def test_p2_what_is_held_was_not_judged_and_has_no_balance_until_it_is_accepted(
    retailer: Retailer,
) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2"))
    retailer.run()
    for total in ("3.00", "4.00"):
        retailer.deliver("lyon/a.csv", sale("9", total=total))
        assert len(retailer.run().held_files) == 1
    # The second correction took the place of the first, which nobody ever judged.
    assert retailer.states()["lyon/a.csv"] == ["archived", "superseded", "held"]
    columns = ("_file_id", "delivered_rows", "accepted_rows", "superseded_amount")
    in_force = [(1, 3, 3, Decimal(0)), (2, 2, 2, Decimal(0))]
    assert retailer.rows("ops.balance", *columns) == in_force
    assert {row["_file_id"] for row in retailer.table("bronze.lyon")} == {2, 3, 4}
    retailer.accept("lyon/a.csv")
    accepted = [in_force[0], (2, 2, 0, Decimal(20)), (4, 1, 1, Decimal(0))]
    assert retailer.rows("ops.balance", *columns) == accepted
