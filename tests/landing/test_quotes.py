"""Quoted fields that span lines: real notes, and quotes that somebody forgot to close."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from sales_pipeline.landing.quotes import MAX_QUOTED_LINE_ENDS
from sales_pipeline.landing.reader import read_batches
from sales_pipeline.landing.shape import FileShape
from tests.landing.definition import defined_rows, in_order

COLUMNS = ("id", "day", "item", "units", "total", "note")
SHAPE = FileShape(tuple((name, name) for name in COLUMNS))
ESCAPED = FileShape(SHAPE.columns, escape="\\")
HEADER = ",".join(COLUMNS) + "\n"
PLAIN = "".join(f"{at},2025-12-03,Tea,1,4.50,x\n" for at in range(900, 999))


def problems(tmp_path: Path, text: str, shape: FileShape = SHAPE) -> list[tuple[str | None, str]]:
    """The problem of each record, with its text or its fields; the same by both ways."""
    data = (HEADER + text).encode()
    path = tmp_path / "sales.csv"
    path.write_bytes(data)
    rows = defined_rows(data, shape)
    assert rows is not None
    for block_bytes in (7, 64, 1 << 20):
        assert in_order(read_batches(str(path), shape, 7, block_bytes=block_bytes)) == rows
    width = len(COLUMNS)
    return [(row[-1], row[-2] if row[-1] else "|".join(row[:width])) for row in rows]


OPEN = {
    "in the last column, to the next quoted note": (
        '1,2025-12-01,Tea,1,4.50,"wrapped\n2,2025-12-02,Bench,1,425.00,"gift"\n',
        1,
    ),
    "in the last column, to a stray quote": (
        '1,2025-12-01,Tea,1,4.50,"wrapped\n2,2025-12-02,TV,1,425.00,32"\n',
        1,
    ),
    "in the middle, to the same column": (
        '1,2025-12-01,"TV 32,1,4.50,x\n2,2025-12-02,TV 32",1,425.00,x\n',
        1,
    ),
    "in the first column": ('"1,2025-12-01,Tea,1,4.50,x\n2",2025-12-02,Bench,1,425.00,x\n', 1),
    "over several records": (
        (
            '1,2025-12-01,Tea,1,4.50,"wrapped\n2,2025-12-02,Bench,1,425.00,x\n'
            '3,2025-12-02,Bench,1,425.00,x\n4,2025-12-02,Bench,1,425.00,end"\n'
        ),
        3,
    ),
    "over records with empty quoted fields": (
        (
            '1,2025-12-01,Tea,1,4.50,"wrapped\n2,2025-12-02,"",1,425.00,""\n'
            '3,2025-12-02,"Bench, red",1,425.00,x\n'
        ),
        2,
    ),
    "over records with windows line ends": (
        '1,2025-12-01,Tea,1,4.50,"wrapped\r\n2,2025-12-02,Bench,1,425.00,x\r\n3,a,b,c,d,e"\r\n',
        2,
    ),
    "over a record that lacks a field": (
        '1,2025-12-01,Tea,1,4.50,"wrapped\n2,2025-12-02,Bench,1,425.00"\n',
        1,
    ),
    "over a record with a field too many": (
        '1,2025-12-01,Tea,1,4.50,"wrapped\n2,2025-12-02,Bench,1,425,00,gift"\n',
        1,
    ),
    "over ragged records in the middle": (
        (
            '1,2025-12-01,"Tea,1,4.50\n2,2025-12-02,Bench\n3,2025-12-02,Bench,1\n'
            '4,2025-12-02,TV 32",1,5.00,x\n'
        ),
        3,
    ),
    "never closed": ('1,2025-12-01,Tea,1,4.50,"wrapped\n2,2025-12-02,Bench,1,425.00,x\n', 1),
    "twice": (
        '1,2025-12-01,"Tea,1,4.50,x\n2,2025-12-02,"Bench,1,425.00,x\n3,2025-12-02,Bench,1,5.00,x\n',
        2,
    ),
}


@pytest.mark.parametrize("name", OPEN)
@pytest.mark.parametrize("after", ["", PLAIN])
def test_an_open_quote_costs_its_own_line_and_swallows_no_other(
    tmp_path: Path, name: str, after: str
) -> None:
    text, following = OPEN[name]
    read = problems(tmp_path, text + after)
    lines = text.splitlines()
    assert read[0] == ("unterminated_quote", lines[0])
    assert len(read) == len(lines) + len(after.splitlines())
    whole = [problem for problem, _ in read[1 : following + 1]]
    own = ("twice", "in the last column, to a stray quote", "over a record that lacks a field",
           "over a record with a field too many")  # fmt: skip
    assert whole[-1] is None or name in own
    assert {problem for problem, _ in read[len(lines) :]} <= {None}


NOTES = [
    '1,2025-12-01,Tea,1,4.50,"two\nlines"\n',
    '1,2025-12-01,Tea,1,4.50,"Dear Ann, thank you,\nfor all, yours"\n',
    '1,2025-12-01,Tea,1,4.50,"come on,\n2025-12-02, or call 0049 30 1234, at 9, or 10, or 11"\n',
    '1,2025-12-01,"Tea\r\nset",1,4.50,"two\n\nlines"\n',
    '"1\n",2025-12-01,Tea,1,4.50,"a ""b""\nc"\r\n',
    '1,2025-12-01,Tea,1,4.50,"' + "\n" * MAX_QUOTED_LINE_ENDS + '"\n',
]


@pytest.mark.parametrize("text", NOTES)
@pytest.mark.parametrize("after", ["", PLAIN])
def test_a_note_of_several_lines_is_one_record(tmp_path: Path, text: str, after: str) -> None:
    read = problems(tmp_path, text + after)
    assert len(read) == 1 + len(after.splitlines())
    assert not any(problem for problem, _ in read)


def test_a_quoted_field_of_very_many_lines_is_none(tmp_path: Path) -> None:
    ends = MAX_QUOTED_LINE_ENDS + 1
    text = '1,2025-12-01,Tea,1,4.50,"' + "x\n" * ends + '"\n'
    read = problems(tmp_path, text)
    assert read[0][0] == "unterminated_quote"
    assert len(read) == 1 + ends


@pytest.mark.parametrize(
    "line",
    [
        '1,2025-12-01,"Tea"s,1,4.50,x',
        '1,2025-12-01,"TV 32" flat,1,4.50,x',
        '"1"x,2025-12-01,Tea,1,4.50,x',
        '1,2025-12-01,Tea,1,4.50,"a""b"c',
        '1,2025-12-01,Tea,1,4.50,"" ""',
    ],
)
def test_text_after_a_closing_quote_quarantines_the_record(tmp_path: Path, line: str) -> None:
    read = problems(tmp_path, f"{line}\n{PLAIN}")
    assert read[0] == ("text_after_quote", line)
    assert not any(problem for problem, _ in read[1:])
    assert problems(tmp_path, line) == [("text_after_quote", line)]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('"a \\"b\\""', 'a "b"'),
        ('"a\\\\"', "a\\"),
        ('"a ""b"" \\n"', 'a "b" \\n'),
        ("a\\b", "a\\b"),
        ('"a\\"\nb"', 'a"\nb'),
    ],
)
def test_a_declared_escape_stands_before_a_quote(tmp_path: Path, written: str, read: str) -> None:
    text = f"1,2025-12-01,Tea,1,4.50,{written}\n{PLAIN}"
    assert problems(tmp_path, text, ESCAPED)[0] == (None, f"1|2025-12-01|Tea|1|4.50|{read}")


def test_a_record_in_the_header_of_a_quote_left_open_rejects_the_file(tmp_path: Path) -> None:
    data = b'id,day,item,units,total,"note\n1,2025-12-01,Tea,1,4.50,x"\n'
    assert defined_rows(data, SHAPE) is None


@pytest.mark.long
@pytest.mark.parametrize("line", ['x","y\n', '1,2025-12-01,"Tea,1,4.50,x\n', "some words\n"])
def test_time_is_linear_in_a_quote_left_open(tmp_path: Path, line: str) -> None:
    """Six times the bytes take less than thirty-six times the time, by far."""
    took = []
    for size in (100_000, 600_000):
        path = tmp_path / f"{size}.csv"
        text = '1,2025-12-01,"' + line * (size // len(line)) + '",1,4.50,x\n'
        path.write_text(HEADER + text)
        began = time.process_time()
        assert sum(batch.num_rows for batch in read_batches(str(path), SHAPE, 7)) > 1
        took.append(time.process_time() - began)
    assert took[1] < 18 * took[0]
