"""A declaration that is edited, with history in place: values are found by their header (P3)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from sales_pipeline.errors import LakehouseMismatch
from tests.retailer import CATALOGUE, HEADER, Retailer, sale


def _columns(retailer: Retailer) -> dict[str, str]:
    columns: dict[str, str] = retailer.declared["feeds"]["lyon"]["columns"]
    return columns


def _delivered(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1", units="2", total="20.00"), sale("2"))
    retailer.run()


@pytest.mark.long
def test_p3_a_column_may_be_renamed_and_computed_and_named_back(retailer: Retailer) -> None:
    _delivered(retailer)
    before = retailer.state()
    _columns(retailer)["pieces"] = _columns(retailer).pop("quantity")
    retailer.declared["feeds"]["lyon"]["computed"] = {"quantity": {"sql": "pieces"}}
    # `plan` reads bronze before a run has added the column to it.
    [planned] = [each for each in retailer.plan(rejudge=["lyon"]).rejudged if each.feed == "lyon"]
    assert (planned.records, planned.unusable) == (2, ())
    assert retailer.run(rejudge=["lyon"]).exit_code == 0
    assert retailer.revenue() == {(2025, 1): "30.00"}
    assert retailer.rows("silver.sales", "sale_id", "quantity") == [
        ("1", 2), ("2", 1),
    ]  # fmt: skip
    del retailer.declared["feeds"]["lyon"]["computed"]
    _columns(retailer)["quantity"] = _columns(retailer).pop("pieces")
    retailer.run(rejudge=["lyon"])
    assert retailer.state() == before
    retailer.rebuild()
    assert retailer.state() == before


def test_p3_a_removed_column_does_not_stop_the_next_file(retailer: Retailer) -> None:
    header = HEADER + ",till"
    _columns(retailer)["till"] = "till"
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1") + ",7", header=header)
    retailer.run()
    del _columns(retailer)["till"]
    retailer.deliver("lyon/b.csv", sale("2") + ",8", header=header)
    assert retailer.run(rejudge=["lyon"]).exit_code == 0
    assert retailer.revenue() == {(2025, 1): "20.00"}
    # It is there again, in both files, when it is declared again.
    _columns(retailer)["till"] = "till"
    retailer.declared["feeds"]["lyon"]["exclude_when"] = "till = '8'"
    retailer.run(rejudge=["lyon"])
    assert retailer.rows("silver.sales", "sale_id") == [("1",)]
    retailer.declared["feeds"]["lyon"]["exclude_when"] = "till = '7'"
    retailer.run(rejudge=["lyon"])
    assert retailer.rows("silver.sales", "sale_id") == [("2",)]


@pytest.mark.long
def test_p3_two_columns_may_swap_their_headers(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1", price="4.00", units="2", total="8.00"))
    retailer.run()
    columns = _columns(retailer)
    columns["amount"], columns["unit_price"] = columns["unit_price"], columns["amount"]
    retailer.run(rejudge=["lyon"])
    assert retailer.revenue() == {(2025, 1): "4.00"}
    columns["amount"], columns["unit_price"] = columns["unit_price"], columns["amount"]
    retailer.run(rejudge=["lyon"])
    assert retailer.revenue() == {(2025, 1): "8.00"}


@pytest.mark.long
def test_p3_a_rejudge_that_would_reject_a_file_in_force_holds_it(retailer: Retailer) -> None:
    feed: dict[str, Any] = retailer.declared["feeds"]["lyon"]
    feed["max_quarantined"] = "20%"
    _delivered(retailer)
    before = retailer.state()
    feed["date_formats"] = ["dd/MM/yyyy"]
    report = retailer.run(rejudge=["lyon"])
    assert report.exit_code == 1
    assert [note.path for note in report.held_files] == ["lyon/a.csv"]
    assert retailer.states()["lyon/a.csv"] == ["held"]
    assert report.rejected == []
    feed["date_formats"] = ["yyyy-MM-dd"]
    assert retailer.run(rejudge=["lyon"]).exit_code == 0
    assert retailer.state() == before
    retailer.rebuild()
    assert retailer.state() == before


@pytest.mark.long
def test_p3_what_only_a_declaration_rejected_is_taken_up_again(retailer: Retailer) -> None:
    feed: dict[str, Any] = retailer.declared["feeds"]["lyon"]
    feed["max_quarantined"] = "20%"
    feed["date_formats"] = ["dd/MM/yyyy"]
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2"))
    assert [note.path for note in retailer.run().rejected] == ["lyon/a.csv"]
    feed["date_formats"] = ["yyyy-MM-dd"]
    report = retailer.run(rejudge=["lyon"])
    assert (report.exit_code, report.rows) == (0, 5)
    assert retailer.revenue() == {(2025, 1): "20.00"}
    assert retailer.states()["lyon/a.csv"] == ["archived"]
    archived = [path.name for path in (retailer.lakehouse / "archive").rglob("*.csv")]
    assert sorted(archived) == ["a.csv", "catalogue.csv"]
    assert list((retailer.lakehouse / "rejected").rglob("*.csv")) == []
    # What is refused under the declaration as it stands is not reported again by a rebuild.
    retailer.deliver("lyon/b.csv", sale("3", "never"), sale("4", "never"))
    assert [note.path for note in retailer.run().rejected] == ["lyon/b.csv"]
    assert retailer.rebuild().exit_code == 0


@pytest.mark.long
def test_p3_columns_of_the_catalogue_are_found_by_their_header(retailer: Retailer) -> None:
    header = "produit,categorie,product,category,sku,ean,nom,genre"
    retailer.deliver_catalogue(f"{header}\nVase,Maison,Vase,Home,77,88,Jarre,Pots\n")
    retailer.deliver("lyon/a.csv", sale("1", item="77"), sale("2", item="88"))
    retailer.run()
    catalogue, lyon = retailer.declared["catalogue"], retailer.declared["feeds"]["lyon"]
    lyon["product_by"] = "code"
    both = ["lyon", "catalogue"]
    # A column that is added, one that is read from another header, and two that swap theirs.
    for code, headers, expected in (
        ("sku", ("nom", "genre"), ("1", "Jarre", "Pots")),
        ("ean", ("category", "product"), ("2", "Home", "Vase")),
        ("ean", ("product", "category"), ("2", "Vase", "Home")),
    ):
        catalogue["code"] = code
        catalogue["languages"]["en"] = dict(zip(("product", "category"), headers, strict=True))
        retailer.run(rejudge=both)
        assert retailer.rows("silver.sales", "sale_id", "product", "category") == [expected]
    before = retailer.state()
    retailer.rebuild()
    assert retailer.state() == before
    # What `plan` compares a further catalogue with is found so, too.
    del catalogue["code"], lyon["product_by"]
    retailer.run(rejudge=both)
    catalogue["price"] = {"amount": "price", "currency": "EUR"}
    retailer.deliver_catalogue(f"{header},price\nBol,Maison,Bowl,Home,1,2,Bol,Pots,3.00\n", "b.csv")
    assert [each.becomes for each in retailer.plan(rejudge=["catalogue"]).files] == ["new"]


@pytest.mark.long
def test_p3_columns_of_rates_are_found_by_their_header(retailer: Retailer) -> None:
    columns = {"date": "day", "currency": "code", "rate": "bid"}
    rates = {"landing": "rates/*.csv", "layout": "rows", "columns": columns, "max_change": 100}
    retailer.declared["rates"] = {**rates, "direction": "value_of_one"}
    retailer.deliver_text("rates/a.csv", "day,code,bid,ask,issued\n2025-01-14,USD,2,3,2025-01-15\n")
    retailer.deliver_catalogue()
    retailer.deliver("boston/a.csv", sale("1"))
    retailer.run()
    assert retailer.revenue() == {(2025, 1): "20.00"}
    columns["rate"] = "ask"
    retailer.run(rejudge=["exchange_rates"])
    assert retailer.revenue() == {(2025, 1): "30.00"}
    columns["date"] = "issued"
    retailer.run(rejudge=["exchange_rates"])
    assert retailer.rows("silver.exchange_rates", "date") == [(date(2025, 1, 15),)]
    columns["rate"], columns["date"] = "bid", "day"
    retailer.run(rejudge=["exchange_rates"])
    before = retailer.state()
    assert retailer.revenue() == {(2025, 1): "20.00"}
    retailer.rebuild()
    assert retailer.state() == before


@pytest.mark.long
def test_p3_a_column_may_leave_the_key_with_history_in_place(retailer: Retailer) -> None:
    lyon = retailer.declared["feeds"]["lyon"]
    lyon["computed"] = {"till": {"value": "7"}}
    lyon["key"] = ["sale_id", "till"]
    _delivered(retailer)
    del lyon["computed"], lyon["key"]
    assert retailer.run(rejudge=["lyon"]).exit_code == 0
    # Other shops share the table whose column is not declared any more.
    retailer.deliver("boston/b.csv", sale("1"))
    retailer.deliver("lyon/b.csv", sale("1", total="15.00"), sale("3", "never"))
    assert retailer.run().exit_code == 0
    assert retailer.revenue() == {(2025, 1): "33.50"}
    assert retailer.rows("silver.quarantine", "feed") == [("lyon",)]
    before = retailer.state()
    retailer.rebuild()
    assert retailer.state() == before
    # The catalogue writes its own records into the same table.
    further = "\nBol,Maison,Bowl,Home\nPot,Maison,Pot,Home\n,Maison,,Home"
    retailer.deliver_catalogue(CATALOGUE + further, "b.csv")
    retailer.run()
    assert retailer.rows("silver.quarantine", "feed") == [("catalogue",), ("lyon",)]


@pytest.mark.long
def test_p3_a_feed_with_a_key_of_its_own_may_leave(retailer: Retailer) -> None:
    lyon = retailer.declared["feeds"]["lyon"]
    lyon["computed"] = {"till": {"value": "7"}}
    lyon["key"] = ["sale_id", "till"]
    _delivered(retailer)
    retailer.withdraw("lyon/a.csv")
    del retailer.declared["feeds"]["lyon"]
    retailer.deliver("boston/b.csv", sale("1"))
    assert retailer.run().exit_code == 0
    assert retailer.revenue() == {(2025, 1): "8.50"}


@pytest.mark.long
def test_p3_columns_of_the_catalogue_and_of_rates_may_be_removed(retailer: Retailer) -> None:
    header, catalogue = "produit,categorie,product,category", retailer.declared["catalogue"]
    catalogue["code"] = "sku"
    rates = {"landing": "rates/*.csv", "layout": "rows"}
    retailer.declared["rates"] = {**rates, "columns": {"units": "per"}}
    retailer.deliver_catalogue(f"{header},sku\nVase,Maison,Vase,Home,7\n")
    retailer.deliver_text("rates/a.csv", "date,currency,rate,per\n2025-01-15,USD,1.25,1\n")
    retailer.deliver("boston/a.csv", sale("1"))
    retailer.run()
    del catalogue["code"]
    retailer.declared["rates"] = rates
    retailer.deliver_catalogue(f"{header}\nPot,Maison,Pot,Home\n", "b.csv")
    retailer.deliver_text("rates/b.csv", "date,currency,rate\n2025-01-16,USD,1.28\n")
    retailer.deliver("boston/b.csv", sale("2", "2025-01-16", "Pot"))
    assert retailer.run(rejudge=["exchange_rates"]).exit_code == 0
    assert retailer.revenue() == {(2025, 1): "15.81"}
    before = retailer.state()
    retailer.rebuild()
    assert retailer.state() == before


@pytest.mark.long
def test_p3_a_catalogue_without_sales_is_learnt_again_in_another_language(
    retailer: Retailer,
) -> None:
    retailer.deliver_catalogue()
    retailer.run()
    retailer.declared["language"] = "fr"
    retailer.deliver("boston/a.csv", sale("1", item="Green tea"))
    with pytest.raises(LakehouseMismatch, match="run --rejudge catalogue, which judges them"):
        retailer.run()
    assert "--rejudge catalogue" in str(retailer.plan().stop)
    assert retailer.run(rejudge=["catalogue"]).exit_code == 0
    assert retailer.rows("silver.sales", "product") == [("Thé vert",)]
    assert retailer.run().is_nothing_new
    before = retailer.state()
    retailer.rebuild()
    assert retailer.state() == before


@pytest.mark.long
def test_p3_a_file_that_was_read_in_another_encoding_is_withdrawn_and_delivered_again(
    retailer: Retailer,
) -> None:
    lyon = retailer.declared["feeds"]["lyon"]
    lyon["csv"] = {"encoding": "iso-8859-1"}
    retailer.deliver_catalogue(CATALOGUE + "\nŒuf,Épicerie,Egg,Groceries")
    text = "\n".join([HEADER, sale("1", item="Œuf")]).encode("cp1252")
    retailer.deliver_text("lyon/a.csv", text)
    retailer.run()
    lyon["csv"] = {"encoding": "cp1252"}
    with pytest.raises(LakehouseMismatch, match="Files are not read again: if that is for another"):
        retailer.run()
    # The records stay as they were read: files of the years before may be right in the other one.
    retailer.run(rejudge=["lyon"])
    assert retailer.rows("silver.quarantine", "source_product") == [("\x8cuf",)]
    retailer.withdraw("lyon/a.csv")
    retailer.deliver_text("lyon/a.csv", text)
    retailer.run()
    assert retailer.rows("silver.sales", "product") == [("Egg",)]
