"""What can go wrong with a file of sales is said of a catalogue and of rates, too.

By `check`, `plan` and the run itself, for files that nobody prepared.
"""

from __future__ import annotations

import io
import sys
from contextlib import ExitStack
from typing import Any

import pytest
from rich.console import Console, RenderableType

from sales_pipeline.operations.plan import plan
from sales_pipeline.operations.planned_files import PlannedFile
from sales_pipeline.report.check import check_text
from sales_pipeline.report.first_records import understand
from sales_pipeline.report.plan import plan_text
from sales_pipeline.report.status import status
from tests.retailer import CATALOGUE, HEADER, Retailer, sale

RATES = "Date,USD,JPY\n2025-01-14,1.25,155\n"


@pytest.fixture
def retailer(tmp_path: Any) -> Retailer:
    """A retailer with a file of rates beside its sales and its catalogue."""
    made = Retailer(tmp_path)
    made.declared["rates"] = {"landing": "rates/*.csv"}
    return made


def planned(retailer: Retailer) -> dict[str, PlannedFile]:
    """Path -> what `plan` says of each file; `check` says the same of those that are judged."""
    files = {file.path: file for file in plan(retailer.declaration).files}
    for checked in understand(retailer.declaration, source="").files:
        same = files[checked.path]
        assert (checked.becomes, checked.reason) == (same.becomes, same.reason)
        assert (checked.judged, checked.unusable) == (same.records, same.unusable)
    return files


def as_text(shown: RenderableType) -> str:
    console = Console(file=io.StringIO(), width=1000, color_system=None)
    console.print(shown)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_an_open_quote_swallows_no_line_of_any_file(retailer: Retailer) -> None:
    header, *names = CATALOGUE.splitlines()
    noted = [f"{header},note", f'{names[0]},"fine', f'{names[1]},"dear"', f"{names[2]},x"]
    retailer.deliver_catalogue("\n".join(noted))
    retailer.deliver_text(
        "rates/r.csv", 'Date,USD,by\n2025-01-14,1.25,"ecb\n2025-01-15,1.26\n2025-01-16,1.27,ecb"\n'
    )
    opened = [f'{sale("1")},"wrapped', f'{sale("2", total="425.00")},"gift"', f"{sale('3')},"]
    retailer.deliver("lyon/a.csv", *opened, header=f"{HEADER},note")
    retailer.deliver("lyon/b.csv", f'{sale("4")},"two', 'lines, and more"', header=f"{HEADER},note")
    foreseen = planned(retailer)
    for path, records in (("catalogue/catalogue.csv", 3), ("rates/r.csv", 3)):
        file = foreseen[path]
        assert (file.becomes, file.records) == ("rejected", records)
        assert "(unterminated_quote)" in str(file.reason)
    assert foreseen["lyon/a.csv"].records == 3
    assert foreseen["lyon/b.csv"].records == 1, "a real note"
    reasons = {each.reason: each.example for each in foreseen["lyon/a.csv"].unusable}
    assert reasons["unterminated_quote"] == f"record 1: {opened[0]!r}"
    report = retailer.run()
    rejected = {note.path: note.reason for note in report.rejected}
    assert rejected == {
        path: file.reason for path, file in foreseen.items() if file.becomes == "rejected"
    }
    held_back = retailer.rows("silver.quarantine", "_row", "reasons", "amount")
    assert [row[:2] for row in held_back if row[1] == ["unterminated_quote"]] == [
        (1, ["unterminated_quote"])
    ]
    assert {str(amount) for _, _, amount in held_back if amount} == {"425.0000", "10.0000"}


@pytest.mark.long
def test_a_second_header_holds_for_what_follows_in_any_file(retailer: Retailer) -> None:
    header, *names = CATALOGUE.splitlines()
    turned = ["category,product,categorie,produit", "Home,Boat,Maison,Bateau"]
    retailer.deliver_catalogue("\n".join([header, *names, *turned]))
    retailer.deliver_text(
        "rates/r.csv", f"{RATES}JPY,Date,USD\n156,2025-01-15,1.26\njpy,date\n157,2025-01-16\n"
    )
    again = ["TOTAL,units,Day,item,price,Id", "12.00,2,2025-01-15,Bateau,6.00,2"]
    retailer.deliver("lyon/a.csv", sale("1"), *again, "id,day,item,price", "3,2025-01-15,Vase,1")
    foreseen = planned(retailer)
    assert {path: file.records for path, file in foreseen.items()} == {
        "catalogue/catalogue.csv": 4, "rates/r.csv": 3, "lyon/a.csv": 3,
    }  # fmt: skip
    [unusable] = foreseen["lyon/a.csv"].unusable
    assert (unusable.reason, unusable.records) == ("header_unknown", 1)
    assert retailer.run().exit_code == 0
    assert retailer.rows("silver.sales", "sale_id", "product") == [("1", "Vase"), ("2", "Boat")]
    assert retailer.revenue() == {(2025, 1): "22.00"}
    days = retailer.rows("silver.exchange_rates", "date", "currency")
    assert [currency for _, currency in days] == ["JPY", "USD", "JPY", "USD", "JPY"]


@pytest.mark.long
def test_lines_that_look_like_records_around_the_data_are_told_of_any_file(
    retailer: Retailer,
) -> None:
    footer = {"footer_lines": 1}
    retailer.declared["catalogue"]["csv"] = footer
    retailer.declared["rates"]["csv"] = footer
    retailer.declared["feeds"]["lyon"]["csv"] = footer
    retailer.declared["feeds"]["boston"]["csv"] = {**footer, "footer_like": "T*"}
    retailer.deliver_catalogue()
    retailer.deliver_text("rates/r.csv", RATES)
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", total="425.00"))
    retailer.deliver("lyon/b.csv", sale("3"), "Total,,,,,435.00")
    retailer.deliver("boston/a.csv", sale("1"), sale("T2", total="425.00"))
    retailer.deliver("boston/b.csv", sale("4"), "Total,,,,,435.00")
    checked = understand(retailer.declaration, source="")
    report = retailer.run()
    sentences = [warning.sentence for warning in report.warnings]
    assert [warning.sentence for warning in checked.warnings] == sentences
    kept = {text.partition(":")[0]: text for text in sentences if "kept as records" in text}
    assert sorted(kept) == ["catalogue/catalogue.csv", "lyon/a.csv", "rates/r.csv"]
    assert repr(sale("2", total="425.00")) in kept["lyon/a.csv"]
    [hidden] = [text for text in sentences if "match csv.skip_like or csv.footer_like" in text]
    assert hidden.startswith("boston/a.csv: ")
    assert repr(sale("T2", total="425.00")) in hidden
    assert retailer.rows("silver.sales", "feed", "sale_id") == [
        ("boston", "1"), ("boston", "4"), ("lyon", "1"), ("lyon", "2"), ("lyon", "3"),
    ]  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="leases are a feature of Linux")
@pytest.mark.long
def test_any_file_that_is_being_written_is_left_and_one_that_grew_later_is_taken_again(
    retailer: Retailer,
) -> None:
    files = {
        retailer.deliver_catalogue(f"{CATALOGUE}\n"): "Bateau,Maison,Boat,Home\n",
        retailer.deliver_text("rates/r.csv", RATES): "2025-01-15,1.26,156\n",
        retailer.deliver("lyon/a.csv", sale("1")): f"{sale('2')}\n",
    }
    paths = {"catalogue/catalogue.csv", "rates/r.csv", "lyon/a.csv"}
    with ExitStack() as uploads:
        for file in files:
            uploads.enter_context(file.open("a"))
        foreseen = planned(retailer)
        assert {file.becomes for file in foreseen.values()} == {"not_ready"}
        checked = understand(retailer.declaration, source="")
        assert {note.path for note in checked.left} == paths
        assert "Left for the next run: 3 files" in as_text(check_text(checked))
        assert "lyon/a.csv: still being written" in as_text(check_text(checked))
        report = retailer.run()
        assert {note.path for note in report.left} == foreseen.keys() == paths
    assert retailer.run().exit_code == 0
    for name, further in zip(("catalogue.csv", "r.csv", "a.csv"), files.values(), strict=True):
        [archived] = (retailer.lakehouse / "archive").rglob(name)
        with archived.open("a") as upload:
            upload.write(further)
    found = plan(retailer.declaration)
    assert {file.path: file.becomes for file in found.files} == dict.fromkeys(paths, "changed")
    assert (found.exit_code, found.is_nothing_to_do) == (1, False)
    assert "was written to after a run had moved it" in as_text(plan_text(found))
    assert {note.path for note in understand(retailer.declaration, source="").left} == paths
    assert {note.path for note in status(retailer.declaration).left} == paths
    report = retailer.run()
    assert (report.exit_code, {note.path for note in report.changed}) == (1, paths)
    assert {note.path for note in report.corrected} == paths
    assert retailer.revenue() == {(2025, 1): "20.00"}
    assert len(retailer.table("silver.exchange_rates")) == 4
    assert retailer.run().is_nothing_new


UNSEEN = ["\u200b", "\u200e", "\ufeff", "\u2060", "\u180e", "\u034f", "\ufe0f"]


@pytest.mark.long
def test_what_nobody_sees_changes_no_file(retailer: Retailer) -> None:
    one, two, three, four, five, six, seven = UNSEEN
    lyon, boston = retailer.declared["feeds"]["lyon"], retailer.declared["feeds"]["boston"]
    retailer.declared["catalogue"]["code"] = "code"
    boston.update(product_by="code", landing="bost\u00f6n/*.csv")
    lyon["columns"]["currency"] = "cur"
    del lyon["store"]
    lyon["columns"]["store"] = "magasin"
    lyon["stores"] = {"\u00c9toile": {"id": "e", "name": "E", "city": "Paris", "country": "FR"}}
    tea, composed = f"The{one}\u0301 v{seven}ert", "Th\u00e9 vert"
    catalogue = [
        f"co{one}de,pro{two}duit,categorie,product,category",
        f"A{three}1,Th\u00e9{four} vert,\u00c9picerie,Green tea,Groceries",
        "B2,Vase,Maison,Vase,Home",
    ]
    retailer.deliver_catalogue("\n".join(catalogue))
    retailer.deliver_text(f"rates/r{one}.csv", f"{six}Date,U{five}SD\n2025-01-15,1.2{seven}5\n")
    header = f"id,day,item,price,units,tot{one}al,cu{five}r,{two}magasin"
    unseen = f"{sale(f'7{six}', item=tea)},EU{one}R,E\u0301to{five}ile"
    retailer.deliver(f"lyon/a{two}.csv", unseen, header=header)
    seen = f"{sale('7', item=composed)},EUR,\u00c9toile"
    retailer.deliver("lyon/b.csv", seen, header=header)
    retailer.deliver(
        "bosto\u0308n/a.csv", sale("1", item=f"{three}A1"), sale("2", item=f"B2{four}")
    )
    foreseen = planned(retailer)
    assert {file.becomes for file in foreseen.values()} == {"new"}
    assert not any(file.unusable for file in foreseen.values())
    report = retailer.run()
    assert (report.exit_code, report.unclaimed) == (0, [])
    assert retailer.rows("silver.sales", "store", "product") == [
        ("boston", "Green tea"), ("boston", "Vase"), ("e", "Green tea"),
    ]  # fmt: skip
    # The two sales of Lyon are one; in bronze both are as delivered.
    assert len(retailer.table("silver.set_aside")) == 1
    assert (f"7{six}",) in retailer.rows("bronze.lyon", "sale_id")
    assert retailer.revenue() == {(2025, 1): "26.00"}
