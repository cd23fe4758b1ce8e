"""Date patterns: what they accept, what they find, and how a mistake is named."""

from __future__ import annotations

import re
from datetime import date, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sales_pipeline.config.dates import DateLayout, check_date_pattern, parse_date_pattern

STRFTIME = {"yyyy": "%Y", "MM": "%m", "M": "%m", "dd": "%d", "d": "%d"}
ADVICE = "; write yyyy, MM or M, and dd or d, with marks between, such as dd/MM/yyyy"

days = st.dates(min_value=date(1000, 1, 1))
marks = st.sampled_from(["/", "-", ".", " ", ":", ", ", "' de '", "'T'", "(", "|", "+"])
orders = st.permutations(["year", "month", "day"])


def rendered(pattern_parts: list[str], day: date) -> str:
    """Returns a day as a till would print it."""
    texts = {
        "yyyy": f"{day.year:04}",
        "MM": f"{day.month:02}",
        "M": str(day.month),
        "dd": f"{day.day:02}",
        "d": str(day.day),
    }
    return "".join(texts.get(part, part.strip("'")) for part in pattern_parts)


def read(layout: DateLayout, text: str) -> date | None:
    match = re.fullmatch(layout.regex, text)
    if not match:
        return None
    groups = (layout.year_group, layout.month_group, layout.day_group)
    return date(*(int(match[group]) for group in groups))


patterns = st.builds(
    lambda tokens, first, second: [tokens[0], first, tokens[1], second, tokens[2]],
    st.tuples(st.just("yyyy"), st.sampled_from(["MM", "M"]), st.sampled_from(["dd", "d"])).flatmap(
        st.permutations
    ),
    marks,
    marks,
)


@given(patterns, days)
def test_every_pattern_reads_what_strptime_reads(parts: list[str], sold_on: date) -> None:
    text = rendered(parts, sold_on)
    notation = "".join(STRFTIME.get(part, part.strip("'")) for part in parts)
    layout = parse_date_pattern("".join(parts))
    expected = datetime.strptime(text, notation).date()
    assert read(layout, text) == expected == sold_on


@given(orders, marks, days)
def test_fixed_positions_name_the_same_digits_as_the_groups(
    order: list[str], mark: str, sold_on: date
) -> None:
    tokens = [{"year": "yyyy", "month": "MM", "day": "dd"}[part] for part in order]
    parts = [tokens[0], mark, tokens[1], mark, tokens[2]]
    text = rendered(parts, sold_on)
    fixed = parse_date_pattern("".join(parts)).fixed
    assert fixed is not None
    starts = zip(fixed, (4, 2, 2), strict=True)
    found = [int(text[start - 1 : start - 1 + width]) for start, width in starts]
    assert date(*found) == sold_on


@given(st.text(max_size=12))
def test_a_text_that_is_no_date_is_never_read(text: str) -> None:
    assume(not re.fullmatch("[0-9]{2}/[0-9]{2}/[0-9]{4}", text))
    assert not re.fullmatch(parse_date_pattern("dd/MM/yyyy").regex, text)


@given(st.text(max_size=12))
def test_any_text_is_a_pattern_or_a_clear_refusal(text: str) -> None:
    try:
        checked = check_date_pattern(text)
    except ValueError as refusal:
        checked = str(refusal)
    assert checked == text or checked.startswith("not a date pattern, got ")


def test_digits_of_other_scripts_are_no_digits() -> None:
    assert read(parse_date_pattern("yyyy/MM/dd"), "٢٠٢٥/01/05") is None


@pytest.mark.parametrize("end", ["Z", "+09:00", "-0500", "+01"])
def test_a_time_and_an_offset_are_stepped_over(end: str) -> None:
    layout = parse_date_pattern("yyyy-MM-dd'T'HH:mm:ss.SSSXXX")
    assert read(layout, f"2025-03-09T23:59:59.123{end}") == date(2025, 3, 9)
    assert layout.fixed == (1, 6, 9)


def test_positions_are_not_fixed_after_something_of_varying_width() -> None:
    assert parse_date_pattern("H:mm dd/MM/yyyy").fixed is None
    assert parse_date_pattern("d/MM/yyyy").fixed is None
    assert parse_date_pattern("dd/MM/yyyy H:mm").fixed == (7, 4, 1)


def test_dates_without_marks_have_fixed_positions() -> None:
    assert parse_date_pattern("yyyyMMdd").fixed == (1, 5, 7)


def test_quotes_hold_letters_and_a_doubled_quote_is_one() -> None:
    layout = parse_date_pattern("dd 'o''clock' MM '' yyyy")
    assert read(layout, "05 o'clock 03 ' 2025") == date(2025, 3, 5)


def test_the_regex_has_no_backslash_and_no_look_around() -> None:
    layout = parse_date_pattern("dd.MM.yyyy (HH:mm) | + ? $ * XXX")
    assert not re.search(r"\\|\(\?[=!<]", layout.regex)


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("%Y/%m/%d", "yyyy/MM/dd"),
        ("%-d.%-m.%Y", "d.M.yyyy"),
        ("%d.%m.%Y %H:%M:%S", "dd.MM.yyyy HH:mm:ss"),
        ("%F", "yyyy-MM-dd"),
        ("DD/MM/YYYY", "dd/MM/yyyy"),
        ("dd/mm/yyyy", "dd/MM/yyyy"),
        ("YYYY-MM-DD HH:mm:ss", "yyyy-MM-dd HH:mm:ss"),
        ("d/m/y", "d/M/yyyy"),
    ],
)
def test_a_pattern_of_another_notation_is_guessed(wrong: str, meant: str) -> None:
    with pytest.raises(ValueError, match="not a date pattern") as caught:
        check_date_pattern(wrong)
    assert str(caught.value) == f"not a date pattern, got '{wrong}'. Did you mean '{meant}'?"


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("", f"it has no year, yyyy{ADVICE}"),
        ("MM/yyyy", f"it has no day, dd or d{ADVICE}"),
        ("dd/dd/MM/yyyy", f"it has more than one day, dd or d{ADVICE}"),
        ("dd MMM yyyy", f"MMM has no meaning here{ADVICE}"),
        ("yyyy年MM月dd日", f"年 has no meaning here{ADVICE}"),
        ("[yyyy]MMdd", f"[ has no meaning here{ADVICE}"),
        ("dMyyyy", "put a mark between two parts that have one or two digits"),
    ],
)
def test_a_pattern_that_cannot_be_guessed_is_explained(wrong: str, why: str) -> None:
    with pytest.raises(ValueError, match="not a date pattern") as caught:
        check_date_pattern(wrong)
    assert str(caught.value) == f"not a date pattern, got '{wrong}'; {why}"


@pytest.mark.parametrize("wrong", ["dd/MM/yyyy'", "yyyy'1'MM/dd"])
def test_an_open_quote_and_quoted_digits_are_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="has no meaning here"):
        check_date_pattern(wrong)
