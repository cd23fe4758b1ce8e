"""P9: sales at list prices take the price of their day, and are priced again where it changes."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.promises.killed_run import dies
from tests.retailer import Retailer

CATALOGUE = "sku,produit,categorie,product,category,price,currency,since"
SALES = "id,day,item,units"


@pytest.fixture
def retailer(tmp_path: Path) -> Retailer:
    """A retailer whose catalogue has codes and prices; `lyon` takes them, by code."""
    return _priced(tmp_path)


def _priced(folder: Path) -> Retailer:
    retailer = Retailer(folder)
    catalogue, lyon = retailer.declared["catalogue"], retailer.declared["feeds"]["lyon"]
    catalogue["code"] = "sku"
    catalogue["csv"] = {"decimal": ",", "delimiter": ";", "symbols": "€"}
    catalogue["price"] = {
        "amount": "price",
        "currency_column": "currency",
        "valid_from": "since",
        "date_formats": "dd.MM.yyyy",
    }
    lyon["product_by"] = "code"
    lyon["price_from"] = "catalogue"
    del lyon["columns"]["unit_price"], lyon["columns"]["amount"]
    return retailer


def _catalogue(retailer: Retailer, name: str, *prices: str) -> None:
    """Delivers a catalogue of a code, a price, its currency and its first day a line."""
    products = {"V": "V;Vase;Maison;Vase;Home", "L": "L;Lampe;Maison;Lamp;Home"}
    lines = [products[line[0]] + line[1:].replace(" ", ";") for line in prices]
    retailer.deliver_catalogue("\n".join([CATALOGUE.replace(",", ";"), *lines]), name)


def _sales(retailer: Retailer, name: str, *sales: str) -> None:
    retailer.deliver(f"lyon/{name}", *sales, header=SALES)


@pytest.mark.long
def test_p9_a_price_holds_from_its_day_in_its_own_currency(retailer: Retailer) -> None:
    _catalogue(retailer, "a.csv", "V 10,50€ EUR ", "V 12,00 USD 01.03.2025", "L 7 EUR 01.03.2025")
    days = ("2025-02-28", "2025-03-01", "2025-03-02")
    _sales(retailer, "a.csv", *(f"{number},{day},V,2" for number, day in enumerate(days)))
    _sales(retailer, "b.csv", "8,2025-02-28,L,1", "9,2025-03-01,L,1")
    retailer.run()
    columns = ("sale_id", "unit_price", "amount", "currency")
    assert retailer.rows("silver.sales", *columns) == [
        ("0", Decimal("10.5000"), Decimal("21.0000"), "EUR"),
        ("1", Decimal("12.0000"), Decimal("24.0000"), "USD"),
        ("2", Decimal("12.0000"), Decimal("24.0000"), "USD"),
        ("9", Decimal("7.0000"), Decimal("7.0000"), "EUR"),
    ]
    assert retailer.rows("silver.quarantine", "_row", "reasons") == [(1, ["price_unknown"])]
    assert retailer.revenue() == {(2025, 2): "21.00", (2025, 3): "47.80"}
    _catalogue(retailer, "b.csv", "L 6 EUR 01.02.2025")
    assert retailer.run().released == 1
    assert retailer.revenue()[2025, 2] == "27.00"


@pytest.mark.long
def test_p9_a_changed_price_touches_only_the_months_in_which_it_holds(retailer: Retailer) -> None:
    _catalogue(retailer, "a.csv", "V 10 EUR 01.01.2025", "V 20 EUR 01.02.2025", "L 5 EUR ")
    for month in (1, 2, 3):
        _sales(
            retailer, f"{month}.csv", f"{month},2025-0{month}-15,V,1", f"1{month},2025-03-01,L,1"
        )
    retailer.run()
    _catalogue(retailer, "b.csv", "V 11 EUR 01.01.2025")
    report = retailer.run()
    assert [month.month for month in report.months] == [1, 3]
    assert report.learnt.prices == 1
    assert retailer.revenue() == {(2025, 1): "11.00", (2025, 2): "20.00", (2025, 3): "35.00"}
    _catalogue(retailer, "c.csv", "V 30 EUR 01.04.2025", "V 20 EUR 15.02.2025")
    report = retailer.run()
    assert (report.months, report.learnt.prices) == ([], 2)
    before = retailer.state()
    retailer.rebuild()
    assert retailer.state() == before


def test_p9_two_prices_from_one_day_are_rejected_with_both_records(retailer: Retailer) -> None:
    _catalogue(retailer, "a.csv", "V 10 EUR ", "L 10 EUR ", "V 11 EUR ")
    [rejected] = retailer.run().rejected
    assert "record 1 says 'V' costs 10.0000 EUR, record 3 says 11.0000 EUR" in rejected.reason
    assert retailer.table("silver.list_prices") == []


@pytest.mark.long
def test_p2_mended_records_at_list_prices_balance_with_the_money_of_their_day(
    retailer: Retailer,
) -> None:
    retailer.declared["feeds"]["lyon"]["returns"] = "quarantine"
    _catalogue(retailer, "a.csv", "V 10,50 EUR ", "V 12 USD 01.03.2025")
    _sales(retailer, "a.csv", "1,2025-02-30,V,2", "2,2025-02-01,V,-1", "3,2025-03-01,V,1")
    _sales(retailer, "b.csv", "4,2025-02-02,V,-1")
    retailer.run()
    file = retailer.export("lyon")
    text = file.read_text(encoding="utf-8-sig")
    file.write_text(text.replace("2025-02-30", "2025-03-02").replace(",-1", ",1"), newline="")
    assert retailer.replay(file).exit_code == 0
    columns = ("_file_id", "currency", "delivered_amount", "accepted_amount", "superseded_amount")

    def money() -> list[tuple[object, ...]]:
        found = retailer.rows("ops.balance", *columns)
        return [(*row[:2], *map(str, row[2:])) for row in found if row[0] > 1 and any(row[2:])]

    # A record without a day costs nothing; mended, it takes the price of March in dollars.
    assert money() == [
        (2, "EUR", "-10.5000", "0.0000", "-10.5000"),
        (2, "USD", "12.0000", "12.0000", "0.0000"),
        (3, "EUR", "-10.5000", "0.0000", "-10.5000"),
        (4, "EUR", "21.0000", "21.0000", "0.0000"),
        (4, "USD", "24.0000", "24.0000", "0.0000"),
    ]
    _catalogue(retailer, "b.csv", "V 11 EUR ")
    assert retailer.run().exit_code == 0
    assert money() == [
        (2, "EUR", "-11.0000", "0.0000", "-11.0000"),
        (2, "USD", "12.0000", "12.0000", "0.0000"),
        (3, "EUR", "-11.0000", "0.0000", "-11.0000"),
        (4, "EUR", "22.0000", "22.0000", "0.0000"),
        (4, "USD", "24.0000", "24.0000", "0.0000"),
    ]
    before = retailer.state()
    retailer.rebuild()
    assert retailer.state() == before


@pytest.mark.long
@pytest.mark.parametrize("moment", ["before", "after"])
def test_p9_a_run_killed_while_it_prices_again_ends_like_one_that_was_not(
    tmp_path: Path, moment: str
) -> None:
    (tmp_path / "killed").mkdir()
    (tmp_path / "calm").mkdir()
    dying, calm = _priced(tmp_path / "killed"), _priced(tmp_path / "calm")
    for retailer in (dying, calm):
        _catalogue(retailer, "a.csv", "V 10 EUR ")
        _sales(retailer, "1.csv", "1,2025-01-15,V,1", "2,2025-02-15,V,1", "3,2025-01-15,L,1")
        _sales(retailer, "2.csv", "4,2025-02-15,V,1")
        retailer.run()
        _catalogue(retailer, "b.csv", "V 12 EUR 01.02.2025", "L 5 EUR ")
    # What a run of a catalogue commits: its claim, bronze, the sales that go back, the names, …
    for point in (4, 5, 6, 8):
        assert dies(dying, point, moment)
    dying.run()
    calm.run()
    assert calm.revenue() == {(2025, 1): "15.00", (2025, 2): "24.00"}
    assert dying.state() == calm.state()
    assert dying.run().is_nothing_new
