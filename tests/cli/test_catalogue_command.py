"""`sales-pipeline catalogue show` and `missing`, with names that nobody should trust."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from sales_pipeline.report.page.listings import unknown_names_listing
from sales_pipeline.report.sheets_of_run import sheets_of_run
from sales_pipeline.silver.reference import missing_names
from sales_pipeline.silver.reference.missing_names import MOST_COMPARED
from sales_pipeline.silver.reference.products import NearNames
from tests.cli.conftest import Call, loaded_by
from tests.replacements import Replacements
from tests.retailer import CATALOGUE, Retailer, sale

ESCAPE, HTML, FORMULA = "Pot\x1b[31m rouge", "<b>Vasé</b>", '=HYPERLINK("x")'
HOSTILE = [
    f"{ESCAPE},[bold]Maison[/bold],Red\x07 pot,Home",
    f'"{FORMULA.replace(chr(34), chr(34) * 2)}",Maison,@SUM(A1),Home',
]


@pytest.fixture(scope="module")
def retailer(tmp_path_factory: pytest.TempPathFactory) -> Retailer:
    """A retailer whose catalogue and sales have hostile names."""
    made = Retailer(tmp_path_factory.mktemp("catalogue"))
    made.deliver_catalogue()
    made.deliver_catalogue("\n".join([CATALOGUE.splitlines()[0], *HOSTILE]), "hostile.csv")
    names = ("Vas", HTML, HTML, "-1+1", "\x1b]0;owned\x07Lampe")
    made.deliver("lyon/a.csv", *(sale(str(at), item=name) for at, name in enumerate(names)))
    made.deliver("boston/a.csv", sale("1", item="Grean tea", total="100"), sale("2"))
    made.run()
    _write(made)
    return made


def _write(retailer: Retailer) -> str:
    folders = {"landing": str(retailer.landing), "lakehouse": str(retailer.lakehouse)}
    path = retailer.folder / "config.yaml"
    path.write_text(json.dumps({**retailer.declared, **folders}), encoding="utf-8")
    return str(path)


@pytest.fixture
def catalogue(retailer: Retailer, call: Call) -> Call:
    """Calls a command of `catalogue` for the retailer."""
    config = str(retailer.folder / "config.yaml")
    return lambda *arguments: call("catalogue", *arguments, "--config", config)


def test_every_name_says_what_it_means_and_who_taught_it(catalogue: Call) -> None:
    names = json.loads(catalogue("show", "--json").out)["names"]
    assert len(names) == 10
    assert names[-1] == {
        "language": "fr",
        "source": "Vase",
        "product": "Vase",
        "category": "Home",
        "file": "catalogue/catalogue.csv",
        "prices": [],
    }


@pytest.mark.parametrize("text", ["CAFÉ", "cafe\u0301 mou", "ground COFFEE"])
def test_a_text_finds_names_whatever_its_case_and_unicode_form(catalogue: Call, text: str) -> None:
    names = json.loads(catalogue("show", text, "--language", "fr", "--json").out)["names"]
    assert [each["source"] for each in names] == ["Café moulu"]


def test_hostile_names_are_only_text_on_a_terminal(catalogue: Call) -> None:
    for said in (catalogue("show"), catalogue("missing")):
        assert said.code == 0
        assert not {"\x1b", "\x07"} & set(said.out)
    assert r"\x1b[31m rouge" in catalogue("show").out
    assert HTML in catalogue("missing").out


def test_csv_holds_no_formula(catalogue: Call) -> None:
    rows = list(csv.DictReader(io.StringIO(catalogue("show", "--csv").out)))
    assert {f"'{FORMULA}", "'@SUM(A1)"} <= {row["source"] for row in rows}
    assert "\x1b" not in catalogue("show", "--csv").out
    missing = list(csv.DictReader(io.StringIO(catalogue("missing", "--csv").out)))
    assert "'-1+1" in {row["name"] for row in missing}


def test_missing_names_come_with_what_they_hold_back_and_near_matches(catalogue: Call) -> None:
    document = json.loads(catalogue("missing", "--json").out)
    first, second, *_ = document["names"]
    # 100 USD are 85 EUR; the second name has two sales of 10 EUR.
    assert first == {
        "feed": "boston",
        "name": "Grean tea",
        "records": 1,
        "amounts": {"USD": "100.0000"},
        "near": ["Green tea"],
    }
    assert (second["name"], second["records"]) == (HTML, 2)
    assert (len(document["names"]), document["more"]) == (5, 0)
    [near] = [each["near"] for each in document["names"] if each["name"] == "Vas"]
    assert near == ["Vase"]


def test_missing_says_how_to_teach_a_name(catalogue: Call) -> None:
    assert catalogue("missing").out.endswith(
        "Deliver a new file to catalogue/*.csv with the headers produit, categorie, product, "
        "category. A record has the name under the header of its language: produit (fr), "
        "product (en); product must not be empty.\n"
    )


def test_missing_is_bounded_and_says_how_many_more(catalogue: Call) -> None:
    assert "and 3 more names: --limit" in catalogue("missing", "--limit", "2").out
    assert json.loads(catalogue("missing", "--limit", "2", "--json").out)["more"] == 3


@pytest.fixture(scope="module")
def lacking(tmp_path_factory: pytest.TempPathFactory) -> Retailer:
    """A retailer who sold many products that the catalogue does not know."""
    made = Retailer(tmp_path_factory.mktemp("lacking"))
    made.deliver_catalogue()
    made.deliver("lyon/a.csv", *(sale(str(at), item=f"Vase {at}") for at in range(130)))
    made.deliver("boston/a.csv", sale("1"))
    made.run()
    _write(made)
    return made


@pytest.mark.parametrize(
    ("options", "shown", "compared"),
    [([], 20, 20), (["--limit", "2"], 2, 2), (["--limit", "200"], 130, MOST_COMPARED)],
)
def test_only_names_that_are_shown_are_compared_with_the_catalogue(
    lacking: Retailer,
    call: Call,
    replaced: Replacements,
    options: list[str],
    shown: int,
    compared: int,
) -> None:
    config = str(lacking.folder / "config.yaml")
    calls, indexes = replaced(NearNames, "like"), replaced(missing_names, "NearNames")
    said = call("catalogue", "missing", *options, "--json", "--config", config)
    names = json.loads(said.out)["names"]
    assert (len(names), len(calls), len(indexes)) == (shown, compared, 1)
    assert [name["near"] for name in names] == [["Vase"]] * compared + [None] * (shown - compared)
    assert json.loads(said.out)["more"] == 130 - shown
    text = call("catalogue", "missing", *options, "--config", config).out
    assert ("(only the first 100 names are compared)" in " ".join(text.split())) == (
        shown > compared
    )


def test_a_page_and_a_workbook_compare_no_more_names_and_say_so(
    lacking: Retailer, replaced: Replacements
) -> None:
    calls = replaced(NearNames, "like")
    listing = lacking.read(unknown_names_listing)
    assert len(calls) == MOST_COMPARED
    [sheet] = [each for each in sheets_of_run(lacking.declaration) if each.name == "Unknown names"]
    assert len(calls) == 2 * MOST_COMPARED
    assert {row[2] for row in listing.rows} == {"Vase"}
    likes = [row[2] for row in sheet.rows]
    assert likes == ["Vase"] * 100 + ["(only the first 100 names are compared)"] * 30


def test_missing_names_of_one_feed(catalogue: Call) -> None:
    names = json.loads(catalogue("missing", "--feed", "boston", "--json").out)["names"]
    assert [each["name"] for each in names] == ["Grean tea"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing", "--feed", "bostn"], "--feed: nothing of that name, got 'bostn'. Did you mean"),
        (["show", "--language", "de"], "--language: nothing of that name, got 'de'."),
        (["show", "--csv", "--json"], "give one of them"),
        (["missing", "--csv", "--json"], "give one of them"),
    ],
)
def test_what_cannot_be_shown_is_said(catalogue: Call, arguments: list[str], message: str) -> None:
    said = catalogue(*arguments)
    assert (said.code, said.out) == (2, "")
    assert message in said.err


def test_a_long_catalogue_shows_codes_and_prices_and_teaches_by_code(
    tmp_path: Path, call: Call
) -> None:
    made = Retailer(tmp_path)
    made.declared["catalogue"] = {
        "landing": "catalogue/*.csv",
        "rows": {"language": "lang", "product": "name", "category": "group"},
        "code": "sku",
        "price": {"amount": "price", "currency": "EUR", "valid_from": "since"},
    }
    header = "sku,lang,name,group,price,since"
    made.deliver_catalogue(f"{header}\nV1,en,Vase,Home,12.50,2025-03-01\nV1,fr,Pot,Maison,,")
    made.deliver("lyon/a.csv", sale("1", item="Pots"))
    made.run()
    config = _write(made)
    [code] = json.loads(
        call("catalogue", "show", "--language", "code", "--json", "--config", config).out
    )["names"]
    assert (code["language"], code["source"], code["product"]) == ("code", "V1", "Vase")
    file = "catalogue/catalogue.csv"
    assert code["prices"] == [
        {"price": "12.5000", "currency": "EUR", "valid_from": "2025-03-01", "file": file}
    ]
    assert f"12.5 EUR from 2025-03-01 ({file})" in call(
        "catalogue", "show", "--config", config
    ).out  # fmt: skip
    assert call("catalogue", "missing", "--config", config).out.endswith(
        "with the headers lang, name, group, sku, price, since. A name has a record of its own, "
        "with its language under lang and its code under sku; a record of the same code in en "
        "says what it means.\n"
    )


def test_when_nothing_is_missing_it_says_so(tmp_path: Path, call: Call) -> None:
    made = Retailer(tmp_path)
    made.deliver_catalogue()
    made.run()
    config = _write(made)
    assert call("catalogue", "missing", "--config", config).out.startswith("Nothing is missing")
    assert call("catalogue", "show", "zebra", "--config", config).out == (
        "The catalogue knows no such name.\n"
    )


@pytest.mark.parametrize("command", ["show", "missing"])
def test_without_a_lakehouse_it_says_what_to_do(tmp_path: Path, call: Call, command: str) -> None:
    config = _write(Retailer(tmp_path))
    said = call("catalogue", command, "--config", config)
    assert (said.code, said.out) == (2, "")
    assert said.err.endswith("lakehouse yet. Do: sales-pipeline run\n")


def test_looking_up_the_catalogue_starts_no_spark(retailer: Retailer) -> None:
    heavy = ("pyspark", "pysail")
    assert loaded_by(retailer.folder, ["catalogue", "missing"], heavy=heavy) == "{}"
