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


FULL = ("sale_id", "sold_on", "product", "quantity", "amount")
FULL_HEADER, SALE = ",".join(FULL) + "\n", "7,2025-12-01,Tea,1,4.50\n"
WITH_QUANTITY = replace(SHAPE, columns=tuple((name, name) for name in FULL))


@pytest.mark.parametrize(
    "line",
    [
        "8,,Tea,1,700.00\n",
        "A-8,soon,Tea,1,700.00\n",
        "ABC,,Tea,1,700.00\n",
        "8,2025-12-01,,1,700.00\n",
        "8,1 May,,,\n",
        "8,,Tea,,\n",
    ],
)
def test_an_unfit_record_where_the_footer_should_be_is_read(tmp_path: Path, line: str) -> None:
    read = ids(tmp_path, FULL_HEADER + SALE + line, WITH_QUANTITY)
    assert read == ["7", line.split(",")[0]]
    assert examine(tmp_path / "sales.csv", WITH_QUANTITY).ends.kept == (line.strip(),)


@pytest.mark.parametrize(
    "line",
    [
        "12,2025-12-01,Bench,",
        "12,2025-12-01,Ben",
        "12,2025-12",
        "12,2025-12-01 10:30",
        '12,2025-12-01,"Ben',
        '"12","2025-12-01","Ben',
        "12,2025-12-01,Tea, green,1,4.50\n",
    ],
)
def test_a_record_that_is_cut_off_or_ragged_at_the_end_waits_in_quarantine(
    tmp_path: Path, line: str
) -> None:
    read = ids(tmp_path, FULL_HEADER + SALE + line, WITH_QUANTITY)
    assert read == ["7", line.strip()]
    assert examine(tmp_path / "sales.csv", WITH_QUANTITY).ends.kept == (line.strip(),)


def test_so_does_one_without_a_column_of_ids_and_one_of_rates(tmp_path: Path) -> None:
    bare = replace(SHAPE, columns=WITH_QUANTITY.columns[1:])
    header, sale = "sold_on,product,quantity,amount\n", "2025-12-01,Tea,1,4.50\n"
    assert ids(tmp_path, header + sale + ",Tea,1,700.00\n", bare)[1:] == [None]
    assert ids(tmp_path, header + sale + "2025-12-01,Ben", bare)[1:] == ["2025-12-01,Ben"]
    for footer in ("2025-12-31,,3,429.50", "Summe 1.234,00", ",,3,429.50", "2025-12-31"):
        assert len(ids(tmp_path, header + sale + footer, bare)) == 1
    rates = replace(SHAPE, columns=(("date", "date"),))
    text = "date,USD,JPY\n2025-12-01,1.1,160\n"
    assert ids(tmp_path, text + "2025-12-02,1.2", rates)[1:] == ["2025-12-02,1.2"]
    for footer in ("Source: ECB", "2 days,end", "Total,,"):
        assert len(ids(tmp_path, text + footer, rates)) == 1


@pytest.mark.parametrize(
    "footer",
    [
        "Total,,,,1234.00\n",
        "Total,2025-12-31,,3,1234.00\n",
        "Total 2025-12-31,,,3,1234.00\n",
        "Total 3,2025-12-31,,3,1234.00\n",
        ",,All sales,3,1234.00\n",
        "3,,,,1234.00\n",
        "3 records\n",
        "3\n",
        "--- end of file ---\n",
        "Summe 1.234,00\n",
        "Total,3,1234.00\n",
        "Records: 3, total: 1,234.50\n",
        "EOF,20251231,3\n",
        "Report,2025-12-31,Lyon\n",
        ",,,,\n",
    ],
)
def test_lines_of_totals_and_ends_of_a_whole_file_are_no_records(
    tmp_path: Path, footer: str
) -> None:
    assert ids(tmp_path, FULL_HEADER + SALE + footer, WITH_QUANTITY)[1:] == []
    assert examine(tmp_path / "sales.csv", WITH_QUANTITY).ends == EndLines()


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
