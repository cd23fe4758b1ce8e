from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_pipeline.landing import quotes, record_splitter
from sales_pipeline.landing.frame import DataLines
from sales_pipeline.landing.headers import Headers
from sales_pipeline.landing.landed_bytes import Transcoder
from sales_pipeline.landing.plain_blocks import PlainParser
from sales_pipeline.landing.quotes import MAX_RECORD_BYTES, FieldFormat, QuoteFault
from sales_pipeline.landing.reader import read_batches
from sales_pipeline.landing.record_splitter import PROBLEMS, Record, RecordSplitter
from sales_pipeline.landing.shape import FileShape

TWO = FileShape((("a", "A"), ("b", "B")))
PIECES = [
    b'"',
    b'""',
    b",",
    b"\n",
    b"\r\n",
    b"\r",
    b"a",
    b"b,c\n",
    b"\xc3",
    b"\xa9",
    b"\0",
    b"dddd",
]
BYTES = st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join)
CUTS = st.lists(st.integers(1, 5), min_size=1, max_size=60)
ENCODINGS = ["utf-8", "cp1252", "iso-8859-15", "cp932", "utf-16"]


def split(data: bytes, *, encoding: str = "utf-8") -> list[Record]:
    text = Transcoder(encoding).feed(data, final=True)
    records, end = splitter(encoding).split(text, final=True)
    assert end == len(text)
    return [record._replace(match=None) for record in records]


def splitter(encoding: str = "utf-8") -> RecordSplitter:
    """Cuts what stands below the header of two columns."""
    shape = FileShape(TWO.columns, encoding=encoding)
    return RecordSplitter(shape, Headers(shape, ["A", "B"]))


def in_pieces(data: bytes, cuts: list[int], encoding: str) -> list[Record]:
    """The records of the data when it comes in pieces of these sizes, over and over."""
    transcoder = Transcoder(encoding)
    in_pieces = splitter(encoding)
    records: list[Record] = []
    pending, start = b"", 0
    for size in cuts * (len(data) // len(cuts) + 1):
        pending += transcoder.feed(data[start : start + size])
        records_, end = in_pieces.split(pending)
        records += records_
        pending, start = pending[end:], start + size
    records += in_pieces.split(pending + transcoder.feed(b"", final=True), final=True)[0]
    return [record._replace(match=None) for record in records]


def fields(data: bytes) -> list[list[str]]:
    records = split(data)
    assert [record.problem for record in records] == [None] * len(records)
    return [record.fields for record in records]


def problems(data: bytes, **options: str) -> list[tuple[str | None, str | None]]:
    return [(record.problem, record.raw) for record in split(data, **options)]


@pytest.fixture
def short_records(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quotes, "MAX_RECORD_BYTES", 20)
    monkeypatch.setattr(record_splitter, "KEPT_BYTES", 6)


def test_every_line_end_ends_a_record_and_blank_lines_are_none() -> None:
    assert fields(b"\r\na,1\nb,2\r\n\r\nc,3\rd,4\n\r\n\re,5") == [
        ["a", "1"], ["b", "2"], ["c", "3"], ["d", "4"], ["e", "5"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b'"a,b",c', ["a,b", "c"]),
        (b'"a\r\nb",c', ["a\r\nb", "c"]),
        (b'"a ""b""",""', ['a "b"', ""]),
        (b'"x" ,"y"\t', ["x ", "y\t"]),
        (b'5" pipe,d""', ['5" pipe', 'd""']),
        (b' "a",b', [' "a"', "b"]),
        (b",", ["", ""]),
    ],
)
def test_quotes_count_only_at_the_start_of_a_field(written: bytes, read: list[str]) -> None:
    assert fields(written) == [read]


def test_a_record_of_another_width_is_malformed() -> None:
    assert problems(b"a\nb,1,2\n") == [("too_few_columns", "a"), ("too_many_columns", "b,1,2")]


def test_a_quote_that_is_never_closed_costs_its_own_line() -> None:
    assert problems(b'a,1\nb,"2\nc,3\n') == [
        (None, None),
        ("unterminated_quote", 'b,"2'),
        (None, None),
    ]


def test_a_record_of_several_lines_and_another_width_costs_its_first_line() -> None:
    assert problems(b'a,"1\nb",2\n') == [("unterminated_quote", 'a,"1'), (None, None)]


def test_a_quote_is_looked_for_no_further_than_a_record_may_be_long(short_records: None) -> None:
    near = b'a,"45678901234567\n9"\n'
    assert [record.problem for record in split(near)] == [None]
    far = b'a,"456789012345678\n0"\n'
    assert problems(far)[0] == ("unterminated_quote", 'a,"456789012345678')


def test_a_line_that_is_too_long_keeps_its_beginning_and_length(short_records: None) -> None:
    assert problems(b"a,1\n" + b"x" * 21 + b"\nb,2\n") == [
        (None, None),
        ("too_long", "xxxxxx … (21 bytes in all)"),
        (None, None),
    ]
    assert problems(b"12345\xc3\xa9" + b"x" * 20)[0][1] == "12345 … (27 bytes in all)"


@pytest.mark.parametrize(
    ("data", "encoding", "raw"),
    [
        (b"a,\xff\nb,2\n", "utf-8", r"a,\xff"),
        (b"a,\0\nb,2\n", "utf-8", r"a,\x00"),
        (b"a,\xed\xb2\x81\nb,2\n", "utf-8", r"a,\xed\xb2\x81"),
        (b"\xc3\nb,2\n", "utf-8", r"\xc3"),
        (b"a,\x81\nb,2\n", "cp1252", r"a,\x81"),
        ("a,椅".encode("cp932") + b"\x81\nb,2\n", "cp932", r"a,椅\x81"),
        (b"a\0,\0" + b"\0\xd8" + b"\n\0b\0,\0" + b"2\0", "utf-16", r"a,\x00\xd8"),
    ],
)
def test_undecodable_bytes_spoil_only_their_record(data: bytes, encoding: str, raw: str) -> None:
    assert problems(data, encoding=encoding) == [("undecodable", raw), (None, None)]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_the_odd_last_byte_of_utf_16_is_undecodable(encoding: str) -> None:
    data = "a,1\nb,2\n".encode(encoding) + b"x"
    assert problems(data, encoding="utf-16") == [
        (None, None),
        (None, None),
        ("undecodable", r"\x78"),
    ]


def test_utf_16_is_read_in_either_byte_order() -> None:
    text = "\ufeffa,椅\n"
    for encoding in ("utf-16-le", "utf-16-be"):
        assert split(text.encode(encoding), encoding="utf-16") == [Record(["a", "椅"])]


def test_a_byte_order_mark_before_a_record_is_no_part_of_it() -> None:
    mark = b"\xef\xbb\xbf"
    assert fields(mark + b"a,1\n" + mark * 2 + b"b,2\n" + mark + b"\n") == [["a", "1"], ["b", "2"]]
    assert fields(b"a" + mark + b",1\n") == [["a\ufeff", "1"]]


def test_no_more_records_are_taken_than_asked_for() -> None:
    records, end = RecordSplitter(TWO).split(b"\na;b\nc,1\n", most=1)
    assert (records, end) == ([Record(["a;b"])], len(b"\na;b\n"))


@given(BYTES, CUTS, st.sampled_from(ENCODINGS), st.sampled_from([3, 8, 1 << 20]))
def test_the_records_are_the_same_whatever_the_pieces(
    data: bytes, cuts: list[int], encoding: str, longest: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quotes, "MAX_RECORD_BYTES", longest)
        patch.setattr(record_splitter, "KEPT_BYTES", 2)
        assert in_pieces(data, cuts, encoding) == split(data, encoding=encoding)


def test_lines_before_and_after_the_data_are_taken_out_as_they_stand() -> None:
    data = b'a "report\n\r\nday,item\n1,"a\nb"\n\n"total\r\r\nof 1\n\n'
    assert DataLines(2, 2).feed(data, final=True) == b'day,item\n1,"a\nb"\n\n'


def test_where_there_are_no_more_lines_nothing_is_data() -> None:
    assert DataLines(3, 0).feed(b"a\nb\n", final=True) == b""
    assert DataLines(0, 3).feed(b"a\nb\n", final=True) == b""


@given(BYTES, CUTS, st.integers(0, 3), st.integers(0, 3))
def test_the_same_lines_are_data_whatever_the_pieces(
    data: bytes, cuts: list[int], skip: int, footer: int
) -> None:
    lines = data.splitlines(keepends=True)[skip:]
    full = [at for at, line in enumerate(lines) if line.strip(b"\r\n")]
    if footer:
        lines = lines[: full[-footer]] if len(full) >= footer else []
    taken, data_lines, start = DataLines(skip, footer), b"", 0
    for size in cuts * (len(data) // len(cuts) + 1):
        data_lines += taken.feed(data[start : start + size])
        start += size
    assert data_lines + taken.feed(b"", final=True) == b"".join(lines)


@given(BYTES)
def test_every_problem_is_a_known_one_and_keeps_the_text(data: bytes) -> None:
    for record in split(data):
        assert (record.problem is None) == (record.raw is None)
        assert record.problem is None or record.problem in PROBLEMS


@given(
    st.lists(
        st.lists(st.text(st.sampled_from('a",\n\ré '), max_size=6), min_size=2, max_size=2),
        max_size=8,
    ),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_what_a_csv_writer_writes_is_read_back(rows: list[list[str]], quoting: int) -> None:
    """Texts with line ends have no delimiter here: of two columns each such line is a record."""
    rows = [
        [text.replace(",", "") if set("\r\n") & set(text) else text for text in row] for row in rows
    ]
    text = io.StringIO(newline="")
    csv.writer(text, quoting=quoting).writerows(rows)  # type: ignore[arg-type]
    assert fields(text.getvalue().encode()) == rows


@pytest.mark.long
@pytest.mark.parametrize("line", [b"a note\n", b'say ""so""\n', b"one, two\n", b"\n", b"a note\r"])
def test_a_very_long_quoted_record_with_line_ends_is_looked_at_once(
    line: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[int] = []
    read_record, parse = FieldFormat.read_record, PlainParser.parse

    def counted_record(self: Any, data: bytes, start: int, line_stop: int, **given: Any) -> Any:
        found = read_record(self, data, start, line_stop, **given)
        looked_at.append(MAX_RECORD_BYTES if isinstance(found, QuoteFault) else found.end - start)
        return found

    def counted_parse(self: Any, pending: bytes, start: int, end: int) -> Any:
        looked_at.append(end - start)
        return parse(self, pending, start, end)

    monkeypatch.setattr(FieldFormat, "read_record", counted_record)
    monkeypatch.setattr(PlainParser, "parse", counted_parse)
    work = []
    for megabytes in (1, 2):
        path = tmp_path / "a.csv"
        path.write_bytes(b'a,b\n1,"' + line * (megabytes * 1_000_000 // len(line)) + b'"\n3,4\n')
        looked_at.clear()
        list(read_batches(str(path), FileShape((("a", "a"), ("b", "b"))), 1))
        work.append(sum(looked_at))
    assert work[1] < 2.5 * work[0]
    assert work[1] < 4 * 2_000_000 + 8 * MAX_RECORD_BYTES
