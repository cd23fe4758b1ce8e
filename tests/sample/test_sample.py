"""The shipped sample holds what it promises, and is placed without harm."""

from __future__ import annotations

import csv
import os
from collections import Counter
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from sales_pipeline import load_config
from sales_pipeline.sample import expected, place_sample

DELIMITERS = {"paris": ";", "new_york": ",", "tokyo": ","}
DATES = {"paris": "%d/%m/%Y", "new_york": "%m/%d/%Y", "tokyo": "%Y/%m/%d"}


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample") / "landing"
    place_sample(folder)
    return folder


def records(landing: Path, store: str, pattern: str = "*.csv") -> list[list[str]]:
    """The records of a store's files, without headers and without the repeated file."""
    found: list[list[str]] = []
    for path in sorted((landing / store).glob(pattern)):
        if not path.stem.endswith("_copie"):
            with path.open(encoding="utf-8", newline="") as file:
                found += list(csv.reader(file, delimiter=DELIMITERS[store]))[1:]
    return found


def catalogue(landing: Path) -> list[dict[str, str]]:
    with (landing / "catalogue" / "catalogue.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def every_record(landing: Path) -> dict[str, list[list[str]]]:
    return {store: records(landing, store) for store in DELIMITERS}


def test_the_sample_has_three_stores_over_twenty_six_months_in_few_files(landing: Path) -> None:
    assert len(list(landing.rglob("*.csv"))) < 100
    assert 5000 <= sum(map(len, every_record(landing).values())) <= 8000
    months = expected()["revenue_per_month_and_store"]
    assert (min(months), max(months), len(months)) == ("2023-11", "2025-12", 26)
    for month, stores in months.items():
        assert stores.keys() == DELIMITERS.keys() - ({"tokyo"} if month < "2024-04" else {})


def test_no_store_sells_before_it_opened_or_while_it_is_closed(landing: Path) -> None:
    sold_on = {
        store: {datetime.strptime(line[1], DATES[store]).date() for line in records(landing, store)}
        for store in ("new_york", "tokyo")
    }
    stores = load_config().stores
    assert min(sold_on["tokyo"]) == stores["tokyo"].opened
    [closure] = stores["new_york"].closures
    closed = {day for day in sold_on["new_york"] if closure.start <= day <= closure.end}
    assert (closure.why, closed) == ("renovation", set())
    assert {closure.start - timedelta(days=1), closure.end + timedelta(days=1)} <= sold_on[
        "new_york"
    ]


def test_what_was_sold_in_december_comes_back_in_january(landing: Path) -> None:
    sold, returned = (
        {line[2]: int(line[5]) for line in records(landing, "paris", f"ventes_{month}.csv")}
        for month in ("2023-12", "2024-01")
    )
    for product in ("Train électrique", "Maison de poupée"):
        assert (sold[product], returned[product]) == (1, -1)


def test_a_ticket_number_is_given_once(landing: Path) -> None:
    for store, lines in every_record(landing).items():
        times = Counter(line[0] for line in lines)
        assert sum(times.values()) - len(times) == (store == "new_york")


def test_december_is_the_strongest_month_of_its_year() -> None:
    months = {month: Decimal(value) for month, value in expected()["revenue_per_month"].items()}
    for year in ("2024", "2025"):
        of_year = {month: value for month, value in months.items() if month.startswith(year)}
        assert max(of_year, key=of_year.__getitem__) == f"{year}-12"
    assert months["2024-12"] > months["2024-11"] * 3 / 2


def test_the_best_seller_by_volume_is_not_the_best_seller_by_value() -> None:
    products = expected()["products"]
    assert max(products, key=lambda name: int(products[name]["units"])) == "Ground coffee"
    assert max(products, key=lambda name: Decimal(products[name]["revenue"])) == "Espresso machine"


def test_the_catalogue_is_bilingual_with_accents(landing: Path) -> None:
    products = catalogue(landing)
    assert len(products) >= 40
    assert len({product["category_en"] for product in products}) == 6
    assert all(all(product.values()) for product in products)
    assert {"Café moulu", "Coffret crème brûlée"} <= {each["product_fr"] for each in products}


def test_each_store_writes_its_own_dialect(landing: Path) -> None:
    paris, new_york, tokyo = (records(landing, store)[0] for store in DELIMITERS)
    assert datetime.strptime(paris[1], DATES["paris"]).date() == date(2023, 11, 1)
    assert datetime.strptime(new_york[1], DATES["new_york"]).date() == date(2023, 11, 1)
    assert datetime.strptime(tokyo[1], DATES["tokyo"]).date() == date(2024, 4, 13)
    assert ("," in paris[4], "." in new_york[4], tokyo[4].isdigit()) == (True, True, True)


def test_one_sale_is_delivered_twice_in_a_file(landing: Path) -> None:
    repeated = {
        store: [line for line, times in Counter(map(tuple, lines)).items() if times > 1]
        for store, lines in every_record(landing).items()
    }
    assert [store for store, lines in repeated.items() for _ in lines] == ["new_york"]


def test_three_records_name_one_product_that_the_catalogue_does_not_know(landing: Path) -> None:
    known = {
        product[f"product_{language}"]
        for product in catalogue(landing)
        for language in ("fr", "en")
    }
    unknown = [
        line[2]
        for lines in every_record(landing).values()
        for line in lines
        if line[2] not in known
    ]
    assert unknown == ["Matcha whisk"] * 3


def test_one_date_does_not_exist(landing: Path) -> None:
    assert sum(line[1].startswith("31/02/") for line in records(landing, "paris")) == 1


def test_every_store_takes_goods_back(landing: Path) -> None:
    for lines in every_record(landing).values():
        returns = [line for line in lines if len(line) == 7 and line[5].startswith("-")]
        assert returns
        assert all(line[6].startswith("-") for line in returns)


def test_one_record_is_cut_off(landing: Path) -> None:
    short = [line for lines in every_record(landing).values() for line in lines if len(line) < 7]
    assert [len(line) for line in short] == [3]


def test_one_product_name_holds_a_delimiter_in_quotes(landing: Path) -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (landing / "tokyo").iterdir())
    assert '"Wine glasses, set of 6"' in text
    assert "Wine glasses, set of 6" in {line[2] for line in records(landing, "new_york")}


def test_one_file_is_delivered_twice_under_two_names(landing: Path) -> None:
    contents: Counter[bytes] = Counter(path.read_bytes() for path in landing.rglob("*.csv"))
    assert sorted(contents.values())[-2:] == [1, 2]
    assert expected()["feeds"]["paris"]["repeated_files"] == 1


def test_every_feed_balances() -> None:
    for counts in expected()["feeds"].values():
        parts = ("accepted", "quarantined", "duplicate", "displaced")
        assert counts["delivered"] == sum(counts[part] for part in parts)


def test_reference_rates_are_of_working_days_newest_first() -> None:
    path = Path(__file__).parents[2] / "sales_pipeline" / "sample" / "rates" / "reference_rates.csv"
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    days = [date.fromisoformat(line.split(",")[0]) for line in lines]
    assert header == "Date,USD,JPY,GBP,CHF"
    assert days == sorted(set(days), reverse=True)
    assert all(day.weekday() < 5 for day in days)
    assert days[-1] < date(2023, 11, 1) < date(2025, 12, 31) == days[0]


def test_the_shipped_data_is_small_utf8_text_with_plain_line_ends() -> None:
    folder = Path(__file__).parents[2] / "sales_pipeline" / "sample"
    data = [path.read_bytes() for kind in ("*.csv", "*.json") for path in folder.rglob(kind)]
    assert sum(map(len, data)) < 600_000
    for content in data:
        assert content.decode("utf-8").endswith("\n")
        assert b"\r" not in content


def test_placing_the_sample_names_every_file_it_wrote(tmp_path: Path) -> None:
    names = place_sample(tmp_path / "new" / "landing")
    found = (tmp_path / "new" / "landing").rglob("*.*")
    assert names == sorted(
        path.relative_to(tmp_path / "new" / "landing").as_posix() for path in found
    )
    assert {"catalogue/catalogue.csv", "paris/ventes_2024-11.csv"} <= set(names)


def test_placing_the_sample_again_writes_nothing_and_keeps_what_is_there(tmp_path: Path) -> None:
    place_sample(tmp_path)
    theirs = tmp_path / "paris" / "ventes_2024-11.csv"
    theirs.write_text("theirs")
    assert place_sample(tmp_path) == []
    assert theirs.read_text() == "theirs"


def test_a_copy_that_is_killed_leaves_no_half_file_and_can_be_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            place_sample(tmp_path)
    left = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert all(name.startswith(".") for name in left)
    assert len(place_sample(tmp_path)) == expected()["files"] + 1
    assert not [path for path in tmp_path.rglob(".*") if path.is_file()]
