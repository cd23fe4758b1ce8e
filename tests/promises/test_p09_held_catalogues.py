"""P9: a catalogue that would give many products another meaning is held until it is accepted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.promises.killed_run import dies
from tests.retailer import CATALOGUE, Retailer, sale

CODES = "code,product,category"
LYON = ("001,Green tea,Food", "002,Vase,Home")
NICE = ("001,Garden bench,Garden", "003,Lamp,Home")
HELD = "catalogue/nice.csv"
LANGUAGES = "produit,categorie,product,category"


@pytest.fixture
def by_code(retailer: Retailer) -> Retailer:
    """A retailer that sells by code, with ten green teas and a vase in force."""
    return _by_code(retailer)


def _by_code(retailer: Retailer) -> Retailer:
    retailer.declared["catalogue"] = {
        "languages": {"en": {"product": "product", "category": "category"}},
        "code": "code",
    }
    for feed in retailer.declared["feeds"].values():
        feed |= {"product_by": "code", "language": "en"}
    _deliver(retailer, "lyon.csv", *LYON)
    retailer.deliver("lyon/a.csv", sale("1", item="001", units="10"), sale("2", item="002"))
    retailer.run()
    return retailer


def _deliver(retailer: Retailer, name: str, *records: str, header: str = CODES) -> None:
    retailer.deliver_catalogue("\n".join([header, *records]), name)


def _sold(retailer: Retailer) -> dict[str, int]:
    units = retailer.rows("gold.top_selling_products", "product", "units")
    return {product: int(count) for product, count in units}


def _check_rebuilt(retailer: Retailer) -> None:
    before = retailer.state()
    retailer.rebuild()
    assert retailer.state() == before


@pytest.mark.long
def test_p9_a_code_that_another_file_uses_for_another_product_is_held(by_code: Retailer) -> None:
    _deliver(by_code, "nice.csv", *NICE)
    by_code.deliver("lyon/b.csv", sale("3", "2025-02-01", item="003"))
    report = by_code.run()
    assert report.exit_code == 1
    [note] = report.held_files
    assert note.path == HELD
    assert note.reason == (
        "1 of its 1 known product would mean something else: code '001' is 'Green tea' (Food) in "
        "catalogue/lyon.csv, and 'Garden bench' (Garden) in record 1; 1 sale of 10 units would "
        "move. Nothing in the file counts. Do: sales-pipeline accept "
        "catalogue/nice.csv, if that is right; if not, deliver it with codes and names that no "
        "other product has"
    )
    assert by_code.states()[HELD] == ["held"]
    assert not by_code.landing.joinpath(HELD).exists()
    assert _sold(by_code) == {"Green tea": 10, "Vase": 1}
    assert by_code.rows("silver.quarantine", "source_product", "reasons") == [
        ("003", ["product_unknown"])
    ]
    columns = ("feed", "delivered_rows", "accepted_rows", "superseded_rows")
    assert ("catalogue", 2, 0, 2) in by_code.rows("ops.balance", *columns)
    again = by_code.run()
    assert (again.is_nothing_new, again.held_files) == (True, [note])
    _check_rebuilt(by_code)
    assert by_code.states()[HELD] == ["held"]
    report = by_code.accept(HELD)
    assert (report.exit_code, report.released, report.learnt.renamed) == (0, 1, 2)
    assert _sold(by_code) == {"Garden bench": 10, "Lamp": 1, "Vase": 1}
    assert ("catalogue", 2, 2, 0) in by_code.rows("ops.balance", *columns)
    _check_rebuilt(by_code)
    assert by_code.run(rejudge=["lyon"]).exit_code == 0


@pytest.mark.long
def test_p9_names_that_moved_to_other_products_are_held(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1", item="Thé vert"), sale("2", item="Café moulu"))
    retailer.deliver("boston/a.csv", sale("1", item="Vase"))
    retailer.run()
    french = [line.rsplit(",", 2)[0] for line in CATALOGUE.splitlines()[1:]]
    english = [line.split(",", 2)[2] for line in CATALOGUE.splitlines()[1:]]
    shifted = [f"{one},{other}" for one, other in zip(french, english[1:] + english, strict=False)]
    _deliver(retailer, "catalogue.csv", *shifted, header=LANGUAGES)
    [note] = retailer.run().held_files
    assert str(note.reason).startswith(
        "3 of its 3 known products would mean something else: name 'Café moulu' (fr) is 'Ground "
        "coffee' (Groceries) in catalogue/catalogue.csv, and 'Vase' (Home) in record 2, "
    )
    assert "; 2 sales of 2 units would move" in str(note.reason)
    assert _sold(retailer) == {"Green tea": 1, "Ground coffee": 1, "Vase": 1}
    _check_rebuilt(retailer)


@pytest.mark.long
@pytest.mark.parametrize(("renamed", "held"), [(5, 0), (6, 1)])
def test_p9_a_handful_of_new_names_is_not_held_and_many_are(
    retailer: Retailer, renamed: int, held: int
) -> None:
    retailer.declared["catalogue"] = {
        "rows": {"language": "lang", "product": "name", "category": "group"},
        "code": "sku",
    }
    header = "sku,lang,name,group"
    codes = range(8)
    english = [f"A-{code},en,Item {code},Home" for code in codes]
    french = [f"A-{code},fr,Objet {code},Maison" for code in codes]
    _deliver(retailer, "all.csv", *english, *french, header=header)
    retailer.deliver("lyon/a.csv", *(sale(f"{code}", item=f"Objet {code}") for code in codes))
    assert retailer.run().exit_code == 0
    _deliver(
        retailer,
        "new.csv",
        *(f"A-{code},en,Thing {code},Home" for code in range(renamed)),
        header=header,
    )
    report = retailer.run()
    assert len(report.held_files) == held
    if held:
        # French sales are of codes of which the file only has the English names.
        assert "6 sales of 6 units would move" in str(report.held_files[0].reason)
    else:
        assert set(_sold(retailer)) == {f"Thing {code}" for code in range(5)} | {
            f"Item {code}" for code in range(5, 8)
        }


@pytest.mark.long
@pytest.mark.parametrize(
    "records",
    [
        ("003,Lamp,Home", "004,Garden bench,Garden"),
        ("001,Green tea,Food", "002,Vase,Home", "003,Lamp,Home"),
        ("001,Green tea (loose),Drinks",),
        ("001,Sencha,Food", "002,Vessel,Home"),
        ("001,Green tea,Drinks", "002,Vase,Living"),
        # One of six: a product of another name and category is no more than the share allowed.
        ("001,Garden bench,Garden", *(f"{code},Item {code},Home" for code in range(10, 15))),
    ],
)
def test_p9_a_catalogue_that_changes_little_is_not_held(
    by_code: Retailer, records: tuple[str, ...]
) -> None:
    _deliver(by_code, "more.csv", *(f"{code},Item {code},Home" for code in range(10, 15)))
    assert by_code.run().exit_code == 0
    _deliver(by_code, "nice.csv", *records)
    assert by_code.run().exit_code == 0
    _check_rebuilt(by_code)


@pytest.mark.long
def test_p9_the_share_of_renamed_products_is_declared(by_code: Retailer) -> None:
    by_code.declared["catalogue"]["max_renamed"] = "100%"
    _deliver(by_code, "nice.csv", *NICE)
    report = by_code.run()
    assert report.exit_code == 0
    assert report.learnt.renamings == (
        "code '001' is 'Garden bench' (Garden), was 'Green tea' (Food)",
    )
    by_code.declared["catalogue"]["max_renamed"] = 0
    assert by_code.run().is_nothing_new
    _deliver(by_code, "more.csv", "001,Bench of wood,Garden")
    assert by_code.run().exit_code == 0
    _deliver(by_code, "last.csv", "001,Green tea,Food")
    assert by_code.run().held_files


@pytest.mark.long
def test_p9_of_two_catalogues_found_together_the_second_is_held(retailer: Retailer) -> None:
    _by_code(retailer)
    retailer.reset()
    _deliver(retailer, "nice.csv", *NICE)
    report = retailer.run()
    assert [note.path for note in report.held_files] == [HELD]
    # Sales of the same run are not in silver before the catalogue is learnt.
    assert "; no sale would move" in str(report.held_files[0].reason)
    assert _sold(retailer) == {"Green tea": 10, "Vase": 1}


@pytest.mark.long
def test_p9_a_refused_catalogue_leaves_what_the_others_taught(by_code: Retailer) -> None:
    _deliver(by_code, "lyon.csv", *LYON, "004,Chair,Home")
    by_code.run()
    _deliver(by_code, "lyon.csv", *NICE)
    assert by_code.run().held_files
    assert by_code.withdraw("catalogue/lyon.csv").exit_code == 0
    _deliver(by_code, "more.csv", "003,Lamp,Home")
    assert by_code.run().learnt.forgotten == 0
    assert by_code.states()["catalogue/lyon.csv"] == ["superseded", "archived", "withdrawn"]
    assert _sold(by_code) == {"Green tea": 10, "Vase": 1}
    _check_rebuilt(by_code)


@pytest.mark.long
def test_p9_a_better_catalogue_takes_the_place_of_a_held_one(by_code: Retailer) -> None:
    _deliver(by_code, "nice.csv", *NICE)
    assert by_code.run().held_files
    _deliver(by_code, "nice.csv", *["broken"] * 5)
    assert by_code.run().rejected
    assert by_code.states()[HELD] == ["held", "rejected"]
    _deliver(by_code, "nice.csv", "101,Garden bench,Garden")
    report = by_code.run()
    assert (report.exit_code, report.held_files) == (0, [])
    assert by_code.states()[HELD] == ["superseded", "rejected", "archived"]
    sources = {row["source"] for row in by_code.table("silver.products")}
    # What never counted taught nothing.
    assert "101" in sources
    assert "003" not in sources
    _check_rebuilt(by_code)


@pytest.mark.long
def test_p9_a_held_catalogue_that_is_corrected_before_it_is_judged_teaches_nothing(
    by_code: Retailer,
) -> None:
    _deliver(by_code, "nice.csv", "005,Chair,Home")
    by_code.run()
    _deliver(by_code, "nice.csv", *NICE)
    with by_code.stopped_before("silver"):
        by_code.run()
    _deliver(by_code, "nice.csv", "101,Garden bench,Garden")
    report = by_code.run()
    assert (report.exit_code, report.held_files) == (0, [])
    assert by_code.states()[HELD] == ["superseded", "superseded", "archived"]
    sources = {row["source"] for row in by_code.table("silver.products")}
    assert {"005", "101"} < sources
    assert "003" not in sources
    _check_rebuilt(by_code)


@pytest.mark.long
def test_p9_runs_killed_while_a_catalogue_is_held_end_like_one_that_was_not(
    tmp_path: Path,
) -> None:
    retailers = {}
    for name in ("killed", "calm"):
        (tmp_path / name).mkdir()
        retailers[name] = _by_code(Retailer(tmp_path / name))
        _deliver(retailers[name], "nice.csv", *NICE)
        _deliver(retailers[name], "more.csv", "004,Chair,Home")
    killed, calm = retailers["killed"], retailers["calm"]
    for point in (1, 2, 2, 1):
        assert dies(killed, point, "after"), point
    reports = [killed.run(), calm.run()]
    assert [len(report.held_files) for report in reports] == [1, 1]
    assert killed.state() == calm.state()
    assert dies(killed, 1, "after", "accept", HELD)
    for point in (1, 2, 1):
        assert dies(killed, point, "after"), point
    killed.run()
    calm.accept(HELD)
    assert killed.state() == calm.state()
    assert killed.states()[HELD] == ["archived"]
