"""Names of landing files: their order, copies, lock files, and forms of one name."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sales_pipeline.config.files import FileOrder
from sales_pipeline.landing.file_names import (
    declared_order,
    is_lock_file,
    is_temporary,
    name_in_feed,
    natural_order,
    natural_value,
    path_regex,
)


@pytest.mark.parametrize(
    "copy",
    [
        "sales (1).csv", "sales(1).csv", "sales - Copy.csv", "sales - Copy (2).csv",
        "sales - Kopie.csv", "sales copy.csv", "sales copy 2.csv", "Copy of sales.csv",
        "Kopie von sales.csv", "Copie de sales.csv", "sales - Copia.csv", "sales - コピー.csv",
        "sales (1) (1).csv",
    ],
)  # fmt: skip
def test_a_copy_is_after_its_original_and_before_the_next_name(copy: str) -> None:
    names = ["sales.csv", copy, "sales_2.csv"]
    assert all(sorted(given, key=natural_order) == names for given in permutations(names))


def test_copies_are_in_the_order_of_their_numbers() -> None:
    names = ["x.csv", "x (1).csv", "x (2).csv", "x (10).csv"]
    assert all(sorted(given, key=natural_order) == names for given in permutations(names))


def test_the_copy_of_a_file_in_a_folder_stays_beside_it() -> None:
    names = ["a/x.csv", "a/x (1).csv", "b/x.csv"]
    assert all(sorted(given, key=natural_order) == names for given in permutations(names))


def test_a_dot_in_a_name_hides_no_copy() -> None:
    names = ["v1.5.csv", "v1.5 (1).csv", "v1.6.csv"]
    assert all(sorted(given, key=natural_order) == names for given in permutations(names))


def test_a_word_like_copy_inside_a_name_makes_no_copy() -> None:
    assert natural_order("copyshop.csv")[1] == ()
    assert natural_order("Copenhagen.csv")[1] == ()


@pytest.mark.parametrize("name", ["Copy of .", "Copy of ..", "a/Copy of .", ".", "..", "a/", " "])
def test_a_name_without_a_sensible_original_is_its_own_original(name: str) -> None:
    assert natural_order(name) == (natural_value(name), (), natural_value(name))


def test_a_copy_of_a_name_without_a_sensible_original_is_after_it() -> None:
    names = ["Copy of .", "Copy of . (1)", "Copy of . (2)"]
    assert all(sorted(given, key=natural_order) == names for given in permutations(names))


_NAMES = st.text(
    st.one_of(
        st.characters(),
        st.characters(categories=["Cs"]),
        st.sampled_from(" ./-_~()0123456789\u200b\ufeff\u0301"),
    ),
    max_size=30,
)
_COPIES = st.tuples(
    st.sampled_from(["", "Copy of ", "Copy (2) of ", "Kopie von "]),
    _NAMES,
    st.sampled_from(["", " (1)", " - Copy", ".csv", ".tar.gz", ". (1)"]),
).map("".join)


@given(name=st.one_of(_NAMES, _COPIES))
@example(name="\u200b")
@example(name="Copy of ..")
@example(name="\udcff (1).csv")
def test_no_file_name_is_refused_and_every_two_names_can_be_ordered(name: str) -> None:
    by_date = FileOrder(by="date", date_format="d.M.yyyy")
    for path in (name, f"lyon/{name}"):
        is_temporary(path)
        is_lock_file(path)
        path_regex("lyon/**/*").fullmatch(path)
        name_in_feed(path, "lyon/**/*")
        for other in ("x.csv", "1", "Copy of .", ""):
            sorted([path, other], key=natural_order)
        declared_order(by_date, path, changed_at=1, version="")


def test_the_declared_order_is_by_date_or_time_or_value() -> None:
    def key(order: FileOrder, name: str = "x", at: int = 0, version: str = "") -> object:
        return declared_order(order, name, changed_at=at, version=version)

    by_date = FileOrder(by="date", date_format="ddMMyyyy")
    assert key(by_date, "till_31012025.csv") < key(by_date, "till_01022025.csv")  # type: ignore[operator]
    assert key(by_date, "no date.csv") < key(by_date, "till_01022025.csv")  # type: ignore[operator]
    by_minute = FileOrder(by="date", date_format="dd-MM-yyyy_HHmm")
    assert key(by_minute, "t_02-01-2025_0900") < key(by_minute, "t_02-01-2025_1700")  # type: ignore[operator]
    by_time = FileOrder(by="time")
    assert key(by_time, "b", at=1) < key(by_time, "a", at=2)  # type: ignore[operator]
    by_column = FileOrder(by="column", column="version")
    assert key(by_column, version="9") < key(by_column, version="10")  # type: ignore[operator]


_DIGITS = st.text("0123456789", min_size=1, max_size=30)


@given(one=_DIGITS, other=_DIGITS)
@example(one="0", other="00")
@example(one="9", other="10")
def test_numbers_in_texts_are_in_the_order_of_their_values(one: str, other: str) -> None:
    by_value = sorted([one, other], key=lambda digits: (int(digits), digits))
    assert sorted([one, other], key=natural_value) == by_value
    around = [f"v{digits}.csv" for digits in by_value]
    assert sorted([f"v{one}.csv", f"v{other}.csv"], key=natural_value) == around


def test_numbers_of_any_length_can_be_ordered() -> None:
    texts = ["", "9", "0" * 5000 + "10", "1" * 5000, "2" + "0" * 4999, "1" * 5001, "x"]
    assert all(sorted(given, key=natural_value) == texts for given in permutations(texts))


def test_lock_files_of_office_programs_are_known() -> None:
    for name in ("~$sales.csv", "~$x.xlsx", ".~lock.sales.csv#", "Thumbs.db", ".DS_Store"):
        assert is_lock_file(name), name
    assert not is_lock_file("sales~$.csv")


def test_a_pattern_matches_a_name_in_any_unicode_form() -> None:
    regex = path_regex("lyon/ve\u0301lo_*.csv")
    assert regex.fullmatch("lyon/v\u00e9lo_1.csv")


def test_the_folder_of_a_feed_may_have_another_unicode_form_than_its_pattern() -> None:
    assert name_in_feed("orle\u0301ans/2025/a.csv", "orl\u00e9ans/**/*.csv") == "2025/a.csv"
