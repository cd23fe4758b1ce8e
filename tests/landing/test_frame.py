"""Lines around the data that a feed declares to be none, and records that stand there."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import pytest

from sales_pipeline.landing.examine import examine
from sales_pipeline.landing.frame import DataLines, EndLines, warnings_of_ends
from sales_pipeline.landing.reader import read_batches
from sales_pipeline.landing.shape import FileShape
from tests.landing.definition import defined_rows, in_order

COLUMNS = ("sale_id", "sold_on", "product", "amount")
SHAPE = FileShape(tuple((name, name) for name in COLUMNS), footer_lines=1)
BARE = FileShape(
    tuple((name, str(at)) for at, name in enumerate(COLUMNS, start=1)), header=False, skip_lines=1
)
HEADER = ",".join(COLUMNS) + "\n"
ONE, TWO = "1,2025-12-01,Tea,4.50\n", "2,2025-12-02,Bench,425.00\n"


def ids(tmp_path: Path, data: bytes | str, shape: FileShape) -> list[str | None]:
    """The first column of each record, the same by both ways and in blocks of any size."""
    data = data.encode(shape.encoding) if isinstance(data, str) else data
    path = tmp_path / "sales.csv"
    path.write_bytes(data)
    read = [
        in_order(read_batches(str(path), shape, 7, block_bytes=size)) for size in (3, 50, 1 << 20)
    ]
    assert read[0] == read[1] == read[2]
    if not data.startswith(b"\x1f\x8b"):
        assert read[0] == defined_rows(data, shape)
    return [row[0] or row[-2] for row in read[0]]


@pytest.mark.parametrize(
    "footer",
    [
        "TOTAL,,,429.50\n",
        "Total: 2\n",
        "TOTAL,2025-12-31,,429.50",
        ",,All sales,429.50\n\n",
        '"Total\n',
        "a,b,c,d,e\n",
    ],
)
def test_a_footer_that_is_no_record_is_left_out(tmp_path: Path, footer: str) -> None:
    assert ids(tmp_path, HEADER + ONE + footer, SHAPE) == ["1"]


@pytest.mark.parametrize("line", [TWO, TWO.strip(), TWO + "\r\n\n", "2,2 mai,Thé,5\n", ",1,x,\n"])
def test_a_record_where_the_footer_should_be_is_read(tmp_path: Path, line: str) -> None:
    assert len(ids(tmp_path, HEADER + ONE + line, SHAPE)) == 2
    assert len(ids(tmp_path, gzip.compress((HEADER + ONE + line).encode()), SHAPE)) == 2
    utf_16 = replace(SHAPE, encoding="utf-16")
    assert len(ids(tmp_path, HEADER + ONE + line, utf_16)) == 2


def test_a_damaged_record_where_the_footer_should_be_is_quarantined(tmp_path: Path) -> None:
    assert ids(tmp_path, HEADER + ONE + '2,2025-12-02,"Bench,425.00\n', SHAPE)[1:] == [
        '2,2025-12-02,"Bench,425.00'
    ]


@pytest.mark.parametrize("header", [True, False])
def test_a_record_among_the_lines_before_is_read(
    tmp_path: Path,
    header: bool,  # noqa: FBT001 - pytest gives it
) -> None:
    shape = replace(SHAPE, skip_lines=1, footer_lines=0) if header else BARE
    first = HEADER if header else ""
    assert ids(tmp_path, ONE + first + TWO, shape) == ["1", "2"]
    assert ids(tmp_path, "Sales of May\n" + first + TWO, shape) == ["2"]
    assert ids(tmp_path, "\n" + first + TWO, shape) == ["2"]
    assert ids(tmp_path, "id,day,item,total\n" + first + TWO, shape) == ["2"]


def test_a_declared_pattern_decides_alone(tmp_path: Path) -> None:
    shape = replace(SHAPE, footer_lines=2, footer_like="TOTAL*")
    assert ids(tmp_path, HEADER + ONE + TWO + "TOTAL,2025-12-31,All,9\n", shape) == ["1", "2"]
    assert ids(tmp_path, HEADER + ONE + "Sum,1\nTOTAL\n", shape) == ["1", "Sum,1"]
    like = replace(BARE, skip_like="Till ?")
    assert ids(tmp_path, "Till 7\n" + ONE, like) == ["1"]
    assert ids(tmp_path, "Till 77\n" + ONE, like) == ["Till 77", "1"]


def test_lines_that_are_kept_are_told_with_their_text(tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    path.write_text(HEADER + ONE + "Total\n")
    assert examine(path, SHAPE).ends.kept == ()
    path.write_text(HEADER + ONE * 150_000 + TWO)
    assert examine(path, SHAPE).ends.kept == (TWO.strip(),)
    assert f"kept as records: {TWO.strip()!r}" in next(
        warnings_of_ends(SHAPE, examine(path, SHAPE).ends)
    )
    path.write_text(ONE + TWO)
    assert examine(path, BARE).ends.kept == (ONE.strip(),)


def test_a_record_that_matches_the_declared_pattern_is_told(tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    path.write_text(HEADER + "T1,2025-12-01,Tea,4.50\nT2,2025-12-02,Bench,425.00\n")
    shape = replace(SHAPE, footer_like="T*")
    ends = examine(path, shape).ends
    assert (ends.kept, ends.hidden) == ((), ("T2,2025-12-02,Bench,425.00",))
    [sentence] = warnings_of_ends(shape, ends)
    assert "match csv.skip_like or csv.footer_like: 'T2,2025-12-02,Bench,425.00'" in sentence
    path.write_text("T1,2025-12-01,Tea,4.50\n" + TWO)
    assert examine(path, replace(BARE, skip_like="T*")).ends.hidden == ("T1,2025-12-01,Tea,4.50",)
    for footer in ("TOTAL,,,429.50", "Total: 2", "TOTAL,2025-12-31,,429.50"):
        path.write_text(HEADER + ONE + footer)
        assert examine(path, shape).ends == EndLines()


def test_a_line_at_the_end_that_is_longer_than_a_record_costs_no_memory() -> None:
    lines = DataLines(0, 1)
    piece = b"x" * (1 << 20)
    for _ in range(20):
        lines.feed(piece)
    assert sum(map(len, lines.footer)) <= 2 * len(piece)
    lines.feed(b"\nTotal\n")
    lines.feed(b"", final=True)
    assert lines.footer == [b"Total\n"]
