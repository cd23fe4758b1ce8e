from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_pipeline.errors import FileChanged, FileRejected
from sales_pipeline.landing import bronze_batches, quotes, reader, record_splitter
from sales_pipeline.landing.headers import MAX_NAMES_BYTES
from sales_pipeline.landing.landed_bytes import Transcoder
from sales_pipeline.landing.reader import read_batches
from sales_pipeline.landing.shape import FileShape, bronze_schema
from tests.landing.definition import defined_rows, in_order

DAY_AND_ITEM = (("sold_on", "day"), ("product", "item"))
SHAPE = FileShape(DAY_AND_ITEM)


def write(folder: Path, data: bytes) -> str:
    path = folder / "sales.csv"
    path.write_bytes(data)
    return str(path)


def table(path: str, shape: FileShape = SHAPE, **options: Any) -> pa.Table:
    batches = list(read_batches(path, shape, 7, **options))
    return pa.Table.from_batches(batches, bronze_schema(shape.columns))


def rows(folder: Path, data: bytes, shape: FileShape = SHAPE) -> list[tuple[Any, ...]]:
    """The declared columns, `_row`, `_extra`, `_raw` and `_problem` of each record."""
    return in_order([table(write(folder, data), shape)])


def test_declared_columns_come_by_name_in_any_order_and_form(tmp_path: Path) -> None:
    data = b"ITEM ,day\nchair,1 May\nlamp,\n"
    assert rows(tmp_path, data) == [
        ("1 May", "chair", 1, None, None, None),
        ("", "lamp", 2, None, None, None),
    ]


def test_the_batches_have_the_bronze_schema_and_the_delivery_number(tmp_path: Path) -> None:
    read = table(write(tmp_path, b"day,item\n1,chair\n"))
    assert read.schema.names[2:] == ["_file_id", "_row", "_extra", "_raw", "_problem"]
    assert read["_file_id"].to_pylist() == [7]


def test_undeclared_columns_are_kept_as_json(tmp_path: Path) -> None:
    data = 'day,note,item,\n1,"say ""hé""",chair,x\n2,a\\b,lamp,\n'.encode()
    extras = [row[3] for row in rows(tmp_path, data)]
    assert extras == [
        '{"note": "say \\"hé\\"", "column 4": "x"}',
        '{"note": "a\\\\b", "column 4": ""}',
    ]


def test_a_malformed_record_keeps_its_number_and_text_among_the_others(tmp_path: Path) -> None:
    assert rows(tmp_path, b"day,item\n1,a\n\n2\n3,c\n") == [
        ("1", "a", 1, None, None, None),
        (None, None, 2, None, "2", "too_few_columns"),
        ("3", "c", 3, None, None, None),
    ]


def test_a_header_without_records_gives_no_batch(tmp_path: Path) -> None:
    assert list(read_batches(write(tmp_path, b"day,item"), SHAPE, 7)) == []


def test_one_stray_quote_costs_one_record(tmp_path: Path) -> None:
    lines = [b"%d,item" % number for number in range(20_000)]
    lines[7_000] = b'7000,"item'
    table = rows(tmp_path, b"day,item\n" + b"\n".join(lines))
    assert [row for row in table if row[5]] == [
        (None, None, 7_001, None, '7000,"item', "unterminated_quote")
    ]
    assert len(table) == 20_000


@pytest.mark.parametrize("encoding", ["cp1252", "iso-8859-15", "cp932", "utf-16", "utf-8-sig"])
def test_other_encodings_read_as_the_same_text(tmp_path: Path, encoding: str) -> None:
    item = "椅子" if encoding == "cp932" else "Café"
    shape = FileShape(DAY_AND_ITEM, encoding=encoding.removesuffix("-sig"))
    data = f"day,item\r\n1,{item}\r\n".encode(encoding)
    assert rows(tmp_path, data, shape) == [("1", item, 1, None, None, None)]


def test_the_right_digest_passes_and_another_does_not(tmp_path: Path) -> None:
    path = write(tmp_path, b"day,item\n1,a\n")
    digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    assert table(path, sha256=digest).num_rows == 1
    with pytest.raises(FileChanged, match="changed while it was read"):
        table(path, sha256="0" * 64)


def test_a_file_that_is_gone_has_changed(tmp_path: Path) -> None:
    with pytest.raises(FileChanged):
        table(str(tmp_path / "gone.csv"))


def test_a_changed_header_is_a_change_before_it_is_a_wrong_header(tmp_path: Path) -> None:
    path = write(tmp_path, b"other,file\n1,a\n" * 100_000)
    with pytest.raises(FileRejected, match="must be there once each: day, item"):
        table(path)
    with pytest.raises(FileChanged):
        table(path, sha256="0" * 64)


def test_a_file_without_a_header_has_columns_by_number(tmp_path: Path) -> None:
    shape = FileShape((("product", "3"), ("sold_on", "1")), header=False)
    assert rows(tmp_path, b"\n1,x,a\n2,y\n3,z,c\n", shape) == [
        ("a", "1", 1, '{"2": "x"}', None, None),
        (None, None, 2, None, "2,y", "too_few_columns"),
        ("c", "3", 3, '{"2": "z"}', None, None),
    ]


def test_lines_before_and_after_the_data_are_no_records(tmp_path: Path) -> None:
    shape = FileShape(DAY_AND_ITEM, skip_lines=2, footer_lines=1)
    data = b'Report of "May\n\nday,item\n1,a\n2,b\nTotal: "2\n\n'
    assert rows(tmp_path, data, shape) == [
        ("1", "a", 1, None, None, None),
        ("2", "b", 2, None, None, None),
    ]


def test_gzip_is_known_by_its_bytes_and_may_have_several_members(tmp_path: Path) -> None:
    data = gzip.compress(b"day,item\n1,a\n2", mtime=0) + gzip.compress(b",b\n", mtime=0)
    digest = hashlib.sha256(data).hexdigest()
    read = table(write(tmp_path, data), sha256=digest)
    assert read["product"].to_pylist() == ["a", "b"]


@pytest.mark.parametrize("cut", [2, 12, -9, -4])
def test_gzip_that_ends_in_the_middle_is_rejected(tmp_path: Path, cut: int) -> None:
    data = gzip.compress(b"day,item\n1,a\n", mtime=0)[:cut]
    with pytest.raises(FileRejected, match="ends in the middle, got"):
        table(write(tmp_path, data), sha256=hashlib.sha256(data).hexdigest())


def test_columns_that_are_never_stored_are_nowhere(tmp_path: Path) -> None:
    shape = FileShape(DAY_AND_ITEM, never_store=("E-Mail", "phone"))
    data = b"day, e-mail ,item,note\n1,jane@x,a,n\n2,jane@x\n3,\xff,c,n\n"
    assert rows(tmp_path, data, shape) == [
        ("1", "a", 1, '{"note": "n"}', None, None),
        (None, None, 2, None, None, "too_few_columns"),
        (None, None, 3, None, None, "undecodable"),
    ]


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, b"day,item\n" + b"2025-01-01,a chair of wood\n" * 1_000_000)
    sizes = [batch.nbytes for batch in read_batches(path, SHAPE, 7)]
    assert max(sizes) < 8 * reader.BLOCK_BYTES
    assert len(sizes) > 20


def test_memory_does_not_grow_with_the_names_of_undeclared_columns(tmp_path: Path) -> None:
    names = [f"{at}".ljust(1_000, "n") for at in range(60)]
    header = ",".join(["day", "item", *names])
    record = "2025-01-01,chair" + "," * len(names)
    path = write(tmp_path, "\n".join([header, *[record] * 2_000]).encode())
    batches = list(read_batches(path, SHAPE, 7))
    assert max(batch.nbytes for batch in batches) < 32 << 20
    extra = json.dumps(dict.fromkeys(names, ""))
    assert in_order(batches) == [
        ("2025-01-01", "chair", row, extra, None, None) for row in range(1, 2_001)
    ]


@given(
    st.lists(
        st.sampled_from([b"1,x,n\n", b'2,"y",\n', b"3\n", b'4,"z\n', b"day,item,note\n"]),
        max_size=30,
    ).map(b"".join),
    st.sampled_from([1, 20, 100]),
    st.sampled_from([1, 300, 1 << 20]),
)
def test_records_in_batches_of_any_size_are_the_same(
    tmp_path_factory: pytest.TempPathFactory, text: bytes, json_bytes: int, gathered_bytes: int
) -> None:
    data = b"day,item,note\n" + text
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bronze_batches, "JSON_BYTES", json_bytes)
        patch.setattr(reader, "GATHERED_BYTES", gathered_bytes)
        batches = list(read_batches(write(tmp_path_factory.getbasetemp(), data), SHAPE, 7))
    assert in_order(batches) == defined_rows(data, SHAPE)


def test_a_later_header_whose_names_are_too_long_is_unknown(tmp_path: Path) -> None:
    later = "day,item," + "n" * MAX_NAMES_BYTES
    data = f"day,item\n1,a\n{later}\n2,b,c\nitem,day\nd,3\n"
    assert rows(tmp_path, data.encode()) == [
        ("1", "a", 1, None, None, None),
        (None, None, 2, None, "2,b,c", "header_unknown"),
        ("3", "d", 3, None, None, None),
    ]
    assert rows(tmp_path, data.encode()) == defined_rows(data.encode(), SHAPE)


# The alphabet holds what CSV parsers differ on; short pieces make them meet.
PIECES = [b'"', b'""', b",", b"\n", b"\r\n", b"\r", b"a", b"b", b" ", b"\xc3", b"\xa9", b"\0"]
PIECES += [b"\xef\xbb\xbf", b"\xed\xa0\x80", b"1,x\n", b'2,"y"\n', b'3,"p\nq"\n', b"4,zzzzzzzz\n"]
PIECES += [b"day,item\n", b"item,day\n", b"\\", b'5,"u\n6,v"\n', b'7,"w" \n', b'8,"x"y\n']
TEXTS = st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join)
TAME = st.lists(st.sampled_from([*PIECES[:4], *PIECES[14:]]), max_size=40).map(b"".join)
# Of three columns a field with a line end in it is seldom made of records.
WIDE = st.lists(
    st.sampled_from(
        [b'"', b",", b"\n", b"1,2,3\n", b'4,"a\nb",5\n', b'6,"c, d\ne",7\n', b'"f\ng",8,"h\ni"\n',
         b'"j', b'k"', b"item,day,\n", b"day,item,day\n", b"x,y,z\n", b'9,"l""\n"" m",n\n']
    ),
    max_size=30,
).map(b"".join)  # fmt: skip
HEADERS = st.sampled_from(
    [b"day,item\n", b"item,day\r\n", b'\n"day",note,item\n', b"day,item,,\r", b"day,item"]
)
NAMES = st.sampled_from(["utf-8", "cp932", "utf-16", "cp1252"])
BLOCKS = st.sampled_from([1, 2, 3, 7, 16, 64, 1000])


# What pyarrow does in its own way, each where the fast way would meet it.
SURPRISES = {
    "takes the end of a block for the end of a quoted field": b'1,5" x\n\n2,"b\n',
    "so it does where the field goes on": b'1,5" x\n\n2,"b\nc"\n3,d\n',
    "drops a byte order mark at the start of each block": b"1,a\n\xef\xbb\xbf2,b\n",
    "lets NUL pass": b"1,a\0\n2,b\n",
    "cannot show a ragged row that is no UTF-8": b"1,a\n\xff\n3,b\n",
    "ends a ragged row with the block": b'1,5" x\n2,"b","c\n',
    "takes several lines for one ragged row": b'1,"a\n\nz"\n2,"b\n3",c\n4,d\n',
    "skips blank lines, and numbers ragged rows without them": b"\n\n1\n\n2,b\n\n3\n",
    "ends records at a lone carriage return": b"1,a\r2,b\n\r\n3,c\r",
    "a file may end without a line end": b'1,a\n2,"b"',
}


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
@pytest.mark.parametrize("surprise", SURPRISES)
def test_where_pyarrow_surprises_the_definition_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, surprise: str, encoding: str
) -> None:
    monkeypatch.setattr(Transcoder, "check", lambda *_: None)
    shape = FileShape(DAY_AND_ITEM, encoding=encoding)
    data = b"day,item\n" + SURPRISES[surprise]
    path = write(tmp_path, data)
    for block_bytes in (8, 9 + len("1,a\n"), 1000):
        batches = read_batches(path, shape, 7, block_bytes=block_bytes)
        assert in_order(batches) == defined_rows(data, shape)


@given(HEADERS, TEXTS | TAME | WIDE, BLOCKS, NAMES, st.sampled_from([5, 12, 40, 1 << 20]))
def test_the_fast_way_agrees_with_the_definition(
    tmp_path_factory: pytest.TempPathFactory,
    header: bytes,
    text: bytes,
    block_bytes: int,
    encoding: str,
    longest: int,
) -> None:
    shape = FileShape(DAY_AND_ITEM, encoding=encoding)
    data = header.decode().encode(encoding) + text
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Transcoder, "check", lambda *_: None)
        patch.setattr(quotes, "MAX_RECORD_BYTES", max(longest, len(header)))
        patch.setattr(record_splitter, "KEPT_BYTES", 4)
        patch.setattr(reader, "SMALL_BLOCK_BYTES", 4)
        patch.setattr(reader, "CAREFUL_RECORDS", 2)
        expected = defined_rows(data, shape)
        path = write(tmp_path_factory.getbasetemp(), data)
        batches = list(of_any_header(read_batches(path, shape, 7, block_bytes=block_bytes)))
    assert in_order(batches) == (expected or [])


SHAPES = st.builds(
    FileShape,
    st.just(DAY_AND_ITEM),
    encoding=st.sampled_from(["utf-8", "cp932"]),
    skip_lines=st.integers(0, 2),
    footer_lines=st.integers(0, 2),
    footer_like=st.sampled_from(["", "*x"]),
    escape=st.sampled_from(["", "\\"]),
    never_store=st.sampled_from([(), ("note",), ("Column 3", "x")]),
) | st.builds(
    FileShape,
    st.just((("sold_on", "2"), ("product", "1"))),
    header=st.sampled_from([False]),
    skip_lines=st.integers(0, 1),
    footer_lines=st.integers(0, 1),
    never_store=st.sampled_from([(), ("3",)]),
)


@given(SHAPES, HEADERS, TEXTS | TAME | WIDE, BLOCKS, st.booleans())
def test_every_shape_agrees_with_the_definition(
    tmp_path_factory: pytest.TempPathFactory,
    shape: FileShape,
    header: bytes,
    text: bytes,
    block_bytes: int,
    packed: bool,  # noqa: FBT001 - hypothesis gives it
) -> None:
    data = b"Report\n" * shape.skip_lines + header + text
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "SMALL_BLOCK_BYTES", 4)
        patch.setattr(reader, "CAREFUL_RECORDS", 2)
        landed = gzip.compress(data, mtime=0) if packed else data
        path = write(tmp_path_factory.getbasetemp(), landed)
        batches = list(of_any_header(read_batches(path, shape, 7, block_bytes=block_bytes)))
    assert in_order(batches) == (defined_rows(data, shape) or [])


@given(
    st.lists(st.tuples(*[st.text(st.sampled_from('ab",;é '), max_size=5)] * 2), max_size=9),
    st.sampled_from(["\n", "\r\n", "\r"]),
    BLOCKS,
    st.booleans(),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
)
def test_the_records_are_the_same_whatever_line_end_block_gzip_and_encoding(
    tmp_path_factory: pytest.TempPathFactory,
    written: list[tuple[str, str]],
    line_end: str,
    block_bytes: int,
    packed: bool,  # noqa: FBT001 - hypothesis gives it
    encoding: str,
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=line_end).writerows([("day", "item"), *written])
    data = f"Ventes{line_end}{text.getvalue()}Total{line_end}".encode(encoding)
    shape = FileShape(
        DAY_AND_ITEM, encoding=encoding.removesuffix("-sig"), skip_lines=1, footer_lines=1
    )
    landed = gzip.compress(data, mtime=0) if packed else data
    path = write(tmp_path_factory.getbasetemp(), landed)
    read = in_order(read_batches(path, shape, 7, block_bytes=block_bytes))
    assert [row[:3] for row in read] == [(*row, at) for at, row in enumerate(written, start=1)]


@given(TEXTS | TAME)
def test_a_file_of_one_column_agrees_with_the_definition(
    tmp_path_factory: pytest.TempPathFactory, text: bytes
) -> None:
    shape = FileShape((("product", "item"),))
    data = b"item\n" + text
    table = rows(tmp_path_factory.getbasetemp(), data, shape)
    assert table == defined_rows(data, shape)


def of_any_header(batches: Iterable[pa.RecordBatch]) -> Iterable[pa.RecordBatch]:
    """The batches; none where the header turns out not to be the declared one."""
    try:
        yield from batches
    except FileRejected:
        return


def test_row_numbers_are_in_memory_of_arrow_so_that_any_thread_may_free_them(
    tmp_path: Path,
) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a\n" + "x\n" * 50_000, encoding="utf-8")
    before = pa.total_allocated_bytes()
    shape = FileShape((("a", "a"),))
    rows = [batch.column("_row") for batch in read_batches(str(file), shape, 1)]
    assert pa.total_allocated_bytes() - before >= sum(column.nbytes for column in rows)
