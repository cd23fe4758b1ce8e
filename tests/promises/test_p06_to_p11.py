"""P6 to P11 but P9, as far as they are built: money, rates, wrong files."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sales_pipeline.errors import LakehouseBusy, LakehouseMismatch, UsageError
from sales_pipeline.lakehouse.lock import hold
from tests.retailer import Retailer, sale


def test_p6_a_derived_amount_is_rounded_half_up_to_four_decimals(retailer: Retailer) -> None:
    del retailer.declared["feeds"]["lyon"]["columns"]["amount"]
    retailer.deliver_catalogue()
    header = "id,day,item,price,units"
    lines = ["1,2025-01-15,Vase,0.3333,0.5", "2,2025-01-15,Vase,19.99,-3"]
    retailer.deliver("lyon/a.csv", *lines, header=header)
    retailer.run()
    amounts = retailer.rows("silver.sales", "sale_id", "amount")
    assert amounts == [("1", Decimal("0.1667")), ("2", Decimal("-59.9700"))]


def test_p6_revenue_is_exact_and_rounded_half_up_once(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    third = [sale(str(number), total="0.0015") for number in range(3)]
    retailer.deliver("boston/a.csv", *third, sale("3", total="10.0000"))
    retailer.run()
    [cube] = retailer.table("gold.sales_cube")
    assert cube["revenue"] == Decimal("10.0045") * Decimal("0.85")
    assert retailer.revenue() == {(2025, 1): "8.50"}


def test_p6_a_number_with_more_decimals_than_its_column_is_quarantined(
    retailer: Retailer,
) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1", total="1.00001"), sale("2", total="1.00000"))
    retailer.run()
    assert retailer.rows("silver.quarantine", "_row", "reasons") == [(1, ["amount_unreadable"])]


def test_p6_returns_are_net_in_units_and_revenue(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    back = sale("2", "2025-01-20", units="-2", total="-20.00")
    retailer.deliver("lyon/a.csv", sale("1", units="3", total="30.00"), back)
    retailer.run()
    [product] = retailer.table("gold.top_selling_products")
    assert (product["units"], product["revenue"]) == (Decimal("1.000"), Decimal("10.00"))


def test_p8_changed_fixed_rates_make_gold_again_without_asking(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("boston/a.csv", sale("1"), sale("2", "2024-12-01"))
    retailer.run()
    assert retailer.revenue() == {(2024, 12): "8.50", (2025, 1): "8.50"}
    retailer.declared["rates"]["fixed"]["USD"] = "0.9"
    report = retailer.run()
    assert len(report.months) == 2
    assert retailer.revenue() == {(2024, 12): "9.00", (2025, 1): "9.00"}
    assert retailer.run().is_nothing_new


def test_p10_a_second_run_leaves_naming_the_holder(retailer: Retailer) -> None:
    with hold(retailer.lakehouse), pytest.raises(LakehouseBusy, match="another run is at work"):
        retailer.run()
    assert retailer.run().is_nothing_new


def test_p11_a_file_with_too_much_quarantine_is_rejected_whole(retailer: Retailer) -> None:
    retailer.declared["feeds"]["lyon"]["max_quarantined"] = "30%"
    retailer.deliver_catalogue()
    unknown = sale("3", "14/14/2025", item="?")
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", "13/13/2025"), unknown)
    retailer.deliver("lyon/b.csv", sale("4"), sale("5"), sale("6"), sale("7", "tomorrow"))
    report = retailer.run()
    assert report.exit_code == 1
    [rejected] = report.rejected
    assert rejected.path == "lyon/a.csv"
    assert "2 of 3 records of feed lyon are unusable, more than the 30%" in rejected.reason
    assert "date_unreadable in 2" in rejected.reason
    assert "product_unknown" not in rejected.reason
    assert retailer.revenue() == {(2025, 1): "30.00"}
    assert [row["_row"] for row in retailer.table("silver.quarantine")] == [4]


def test_another_base_currency_is_refused(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.run()
    retailer.declared["base_currency"] = "USD"
    retailer.declared["rates"]["fixed"] = {"EUR": "1.1"}
    with pytest.raises(LakehouseMismatch, match="made with base currency EUR"):
        retailer.run()


def test_a_changed_name_of_a_store_is_shown_at_once(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.run()
    retailer.declared["feeds"]["lyon"]["store"]["name"] = "Lyon Bellecour"
    retailer.run()
    [row] = retailer.table("gold.revenue_per_month_and_shop")
    assert row["shop"] == "Lyon Bellecour"


def test_a_missing_landing_folder_is_a_usage_error(retailer: Retailer) -> None:
    retailer.landing.rmdir()
    with pytest.raises(UsageError, match="no such folder"):
        retailer.run()
