from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_pipeline.printable import (
    printable,
    printable_lines,
    spreadsheet_text,
    without_control_characters,
)
from sales_pipeline.report.document import csv_text, json_text


@given(st.text())
def test_what_is_printed_holds_no_control_character(text: str) -> None:
    assert not any(unicodedata.category(each) in ("Cc", "Cs") for each in printable(text))


@given(st.text(alphabet=st.characters(exclude_categories=["C", "Z"]), min_size=1))
def test_plain_text_is_printed_as_it_is(text: str) -> None:
    assert printable(text) == text


def test_an_escape_sequence_cannot_clear_the_screen() -> None:
    assert printable("Vase\x1b[2J\x9b31m") == r"Vase\x1b[2J\x9b31m"


@given(st.text())
def test_a_spreadsheet_gets_no_control_character(text: str) -> None:
    assert printable(without_control_characters(text)) == without_control_characters(text)


def test_the_direction_of_writing_cannot_be_turned() -> None:
    assert printable("a\u202eb\u2066c") == r"a\u202eb\u2066c"


def test_a_name_of_two_lines_is_printed_on_one() -> None:
    assert printable("Vase\r\nrouge\u2028vif") == "Vase rouge vif"


def test_a_half_character_does_not_break_the_output() -> None:
    assert printable("a\ud800").encode() == "a\ufffd".encode()


def test_a_message_keeps_its_lines() -> None:
    assert printable_lines("one\x1b\ntwo") == "one\\x1b\ntwo"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\uff1d"])
def test_no_text_reaches_a_spreadsheet_as_a_formula(start: str) -> None:
    assert spreadsheet_text(f"{start}1+1").startswith("'")


@pytest.mark.parametrize("start", [" =", "\x1b=", "\n=", "\u202e="])
def test_a_formula_cannot_hide_behind_a_character_that_is_not_shown(start: str) -> None:
    assert spreadsheet_text(f"{start}1+1").startswith("'")


@pytest.mark.parametrize("text", ["Vase", "Set of 6 = cheap", "'tis", ""])
def test_other_text_reaches_a_spreadsheet_as_it_is(text: str) -> None:
    assert spreadsheet_text(text) == text


def test_a_json_document_cannot_steer_the_terminal_and_loses_nothing() -> None:
    text = json_text({"product": "Thé\x1b[2J\x9b\u202e"})
    assert printable_lines(text) == text
    assert "Thé" in text
    assert json.loads(text) == {"product": "Thé\x1b[2J\x9b\u202e"}


@pytest.mark.parametrize("figure", ["-2000.0000", "0.5", "7"])
def test_a_figure_stays_a_figure_in_csv(figure: str) -> None:
    assert csv_text(["amount"], [[figure]]) == f"amount\n{figure}\n"


@pytest.mark.parametrize("text", ["-2+3", "-2000.0000.", "+7", "-"])
def test_what_only_looks_like_a_figure_is_guarded_in_csv(text: str) -> None:
    assert csv_text(["name"], [[text]]) == f"name\n'{text}\n"
