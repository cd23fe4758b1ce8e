"""Whatever text goes out to a spreadsheet comes back as it was."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_pipeline.config.files import Dialect
from sales_pipeline.operations.quarantine_export import SpreadsheetText

TEXTS = st.text(st.sampled_from("'=+-@\t\r\n\uff1d ,.;\"019a")) | st.text()
DIALECTS = st.builds(
    Dialect,
    decimal=st.sampled_from([".", ","]),
    thousands=st.sampled_from(["", " ", "'"]),
)


@given(TEXTS, DIALECTS)
def test_any_text_survives_guard_and_file(text: str, dialect: Dialect) -> None:
    marks = SpreadsheetText(dialect)
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerow(["first", marks.guarded(text)])
    out.seek(0)
    ((_, read),) = csv.reader(out)
    assert marks.bare(read) == text


@pytest.mark.parametrize(
    "text", ["=1+1", "+A1", "-A1", "@SUM(1)", "\t=1", "\r=1", " =1", "\uff1d1"]
)
def test_a_formula_is_kept_text(text: str) -> None:
    assert SpreadsheetText(Dialect()).guarded(text) == f"'{text}"


def test_a_plain_number_by_the_marks_of_the_feed_is_left_alone() -> None:
    french = SpreadsheetText(Dialect(decimal=",", thousands=" "))
    assert french.guarded("-1 234,50") == "-1 234,50"
    assert french.guarded("-1.5") == "'-1.5"
    assert SpreadsheetText(Dialect(thousands="'")).guarded("-1'234") == "-1'234"
