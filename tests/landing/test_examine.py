from __future__ import annotations

import gzip
import io
import random
import tracemalloc
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from sales_pipeline.errors import FileChanged, FileRejected
from sales_pipeline.landing.examine import Header, examine
from sales_pipeline.landing.headers import MAX_NAMES_BYTES
from sales_pipeline.landing.landed_bytes import UNPACKED_FREELY
from sales_pipeline.landing.outline import outline_of
from sales_pipeline.landing.reader import first_records, read_batches
from sales_pipeline.landing.shape import FileShape

SHAPE = FileShape((("sold_on", "Date"), ("product", "Produit"), ("quantity", "Quantité")))


def rejection(folder: Path, data: bytes, shape: FileShape = SHAPE) -> FileRejected:
    path = folder / "ventes.csv"
    path.write_bytes(data)
    with pytest.raises(FileRejected) as caught:
        examine(path, shape)
    assert caught.value.reason.startswith(f"{path}: ")
    return caught.value


def workbook() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return buffer.getvalue()


def test_a_right_header_is_given_with_the_size_and_what_is_undeclared(tmp_path: Path) -> None:
    path = tmp_path / "ventes.csv"
    data = "QUANTITÉ,Note,Date, produit\n".encode()
    path.write_bytes(data)
    texts = ("QUANTITÉ", "Note", "Date", " produit")
    assert examine(path, SHAPE) == Header(texts, undeclared=("Note",), bytes=len(data))


def test_only_the_head_of_a_large_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "ventes.csv"
    data = "Date,Produit,Quantité\n".encode() + b"\xff\xff,x,1\n" * 20_000
    path.write_bytes(data)
    assert examine(path, SHAPE).bytes == len(data)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_header_of_ten_thousand_columns_is_read_whole(tmp_path: Path, encoding: str) -> None:
    shape = replace(SHAPE, encoding=encoding, skip_lines=1)
    further = [f"further {number}" for number in range(10_000)]
    path = tmp_path / "ventes.csv"
    header = ",".join(["Date", "Produit", *further, "Quantité"])
    path.write_bytes(f"{'Rapport' * 20_000}\n{header}\n".encode(encoding))
    assert examine(path, shape).undeclared == tuple(further)


def test_a_header_longer_than_a_record_can_be_is_called_so(tmp_path: Path) -> None:
    error = rejection(tmp_path, b"Date," + b"x" * 4_000_000)
    assert error.code == "wrong_header"
    assert "the line is longer than a record can be" in error.reason


@pytest.mark.parametrize("data", [b"", b"\n\r\n", b"\xef\xbb\xbf"])
def test_a_file_of_nothing_is_empty(tmp_path: Path, data: bytes) -> None:
    assert rejection(tmp_path, data).code == "empty"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_page_instead_of_data_is_named_with_its_title(tmp_path: Path, encoding: str) -> None:
    page = "\n<!DOCTYPE html><html><title>503 Service Unavailable</title>".encode(encoding)
    error = rejection(tmp_path, page)
    assert error.code == "html"
    assert "titled '503 Service Unavailable'" in error.reason


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (workbook(), "an Excel workbook"),
        (b"PK\x03\x04\x14\x00", "a zip archive"),
        (gzip.compress(gzip.compress(b"Date", mtime=0), mtime=0), "a gzip archive"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"PAR1\x15\x04", "a Parquet file"),
        (b"Da\0te,Produit\n", "binary data"),
        (b"Date,x\n" + bytes(900), "binary data"),
    ],
)
def test_a_binary_file_is_named_for_what_it_looks_like(
    tmp_path: Path, data: bytes, kind: str
) -> None:
    error = rejection(tmp_path, data)
    assert error.code == "binary"
    assert kind in error.reason


def test_a_file_that_fits_as_declared_but_for_its_nuls_is_to_be_delivered_again(
    tmp_path: Path,
) -> None:
    data = "Date,Produit,Quantité\n2025-01-15,Vase,1\n".encode() + b"\0" * 500
    error = rejection(tmp_path, data)
    assert error.reason.endswith(
        ": looks like binary data with NUL bytes, not like text; deliver it as CSV"
    )


def test_a_stray_nul_among_the_records_does_not_reject_the_file(tmp_path: Path) -> None:
    path = tmp_path / "ventes.csv"
    path.write_bytes("Date,Produit,Quantité\n".encode() + b"1,a,2\n" * 100 + b"\0\n")
    assert examine(path, SHAPE).undeclared == ()


def test_undeclared_utf_16_is_named(tmp_path: Path) -> None:
    error = rejection(tmp_path, "Date,Produit,Quantité\n".encode("utf-16"))
    assert error.code == "binary"
    assert "it would fit with csv.encoding: 'utf-16'" in error.reason


def test_undeclared_utf_16_with_titles_and_another_delimiter_is_named(tmp_path: Path) -> None:
    data = "Exported by till 3\n\nDate;Produit;Quantité\n".encode("utf-16")
    error = rejection(tmp_path, data)
    assert error.code == "binary"
    options = "csv.delimiter: ';' and csv.encoding: 'utf-16' and csv.skip_lines: 1"
    assert error.reason.endswith(f"looks like text in UTF-16; it would fit with {options}")
    unknown = rejection(tmp_path, "a;b\n1;2\n".encode("utf-16"))
    assert unknown.reason.endswith("looks like text in UTF-16; declare csv.encoding: 'utf-16'")


def test_titles_above_a_header_with_another_delimiter_are_named(tmp_path: Path) -> None:
    error = rejection(tmp_path, "Exported by till 3\nDate;Produit;Quantité\n".encode())
    assert "it would fit with csv.delimiter: ';' and csv.skip_lines: 1" in error.reason


def test_an_undecodable_header_is_shown_with_the_encoding_that_fits(tmp_path: Path) -> None:
    error = rejection(tmp_path, "Date,Produit,Quantité\n".encode("cp1252"))
    assert error.code == "undecodable_header"
    assert "Quantit\\\\xe9'; it would fit with csv.encoding: 'cp1252'" in error.reason


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_another_delimiter_is_guessed(tmp_path: Path, mark: str) -> None:
    error = rejection(tmp_path, f"Date{mark}Produit{mark}Quantité\n".encode())
    assert error.code == "wrong_header"
    assert f"it would fit with csv.delimiter: {mark!r}" in error.reason


def test_a_wrong_header_shows_what_was_expected_and_got(tmp_path: Path) -> None:
    error = rejection(tmp_path, b"1,2,3,4,5,6,7\n")
    assert error.code == "wrong_header"
    assert "expected 'Date', 'Produit', 'Quantité'" in error.reason
    assert "got '1', '2', '3', '4', '5' and 2 more" in error.reason
    assert "would fit" not in error.reason


@pytest.mark.parametrize("data", [b'Date,"Produit\n1,2\n', b'"Date' + b"e" * 70_000])
def test_a_header_that_does_not_end_is_wrong(tmp_path: Path, data: bytes) -> None:
    error = rejection(tmp_path, data)
    assert error.code == "wrong_header"
    assert len(error.reason) < 400 + len(str(tmp_path))


def test_a_missing_column_is_named_with_those_that_look_like_it(tmp_path: Path) -> None:
    error = rejection(tmp_path, b"Date,Produits,Total\n")
    assert error.code == "missing_column"
    assert "lacks 'Produit' (did you mean 'Produits'?), 'Quantité'" in error.reason


def test_a_header_in_another_encoding_is_guessed_from_its_missing_column(tmp_path: Path) -> None:
    shape = FileShape(SHAPE.columns, encoding="cp1252")
    error = rejection(tmp_path, "Date,Produit,Quantité\n".encode(), shape)
    assert error.code == "missing_column"
    assert "it would fit with csv.encoding: 'utf-8'" in error.reason


@pytest.mark.parametrize("header", ["Date,Date,Produit,Quantité", "Date,PRODUIT,produit,Quantité"])
def test_a_header_that_stands_for_two_columns_is_refused(tmp_path: Path, header: str) -> None:
    assert rejection(tmp_path, f"{header}\n".encode()).code == "duplicate_header"


def test_columns_without_a_header_are_no_duplicates(tmp_path: Path) -> None:
    path = tmp_path / "ventes.csv"
    path.write_bytes("Date,Produit,Quantité,,\n".encode())
    assert examine(path, SHAPE).undeclared == ("column 4", "column 5")


def test_gzip_is_looked_at_as_what_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "ventes.csv.gz"
    path.write_bytes(gzip.compress("Date,Produit,Quantité\n1,a,2\n".encode(), mtime=0))
    assert examine(path, SHAPE) == Header(
        ("Date", "Produit", "Quantité"), undeclared=(), bytes=path.stat().st_size
    )
    assert first_records(path, SHAPE, 1)["product"].to_pylist() == ["a"]
    assert rejection(tmp_path, gzip.compress(b"", mtime=0)).code == "empty"


def test_gzip_is_read_to_its_end_before_the_file_is_taken(tmp_path: Path) -> None:
    data = gzip.compress("Date,Produit,Quantité\n".encode() + random.Random(1).randbytes(200_000))
    error = rejection(tmp_path, data[:-5])
    assert error.code == "damaged_gzip"
    assert f"ends in the middle, got {len(data) - 5:,} bytes; deliver it again" in error.reason
    spoilt = data[:150_000] + bytes([data[150_000] ^ 1]) + data[150_001:]
    assert "a damaged gzip file, got" in rejection(tmp_path, spoilt).reason


def bomb(size: int) -> bytes:
    """A gzip of about a thousandth of the size that it unpacks to, with a right header."""
    record = b"1 May,lamp,1\n"
    return gzip.compress("Date,Produit,Quantité\n".encode() + record * (size // len(record)), 6)


def test_gzip_that_unpacks_too_far_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    data = bomb(UNPACKED_FREELY + 1_000_000)
    tracemalloc.start()
    error = rejection(tmp_path, data)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert error.code == "oversized_gzip"
    assert f"{len(data):,} bytes that unpacks to more than 200 times as much" in error.reason
    assert "max_unpacked_ratio" in error.reason
    assert most < UNPACKED_FREELY / 4


def test_the_reader_refuses_what_unpacks_too_far_itself(tmp_path: Path) -> None:
    path = tmp_path / "ventes.csv"
    path.write_bytes(bomb(UNPACKED_FREELY + 1_000_000))
    with pytest.raises(FileRejected, match="unpacks to more than"):
        for _ in read_batches(str(path), SHAPE, 7):
            pass


def test_how_far_gzip_may_unpack_is_declared(tmp_path: Path) -> None:
    path = tmp_path / "ventes.csv"
    path.write_bytes(bomb(UNPACKED_FREELY + 1_000_000))
    assert examine(path, replace(SHAPE, max_unpacked_ratio=2_000)).texts[0] == "Date"


def test_without_a_header_the_first_record_is_counted(tmp_path: Path) -> None:
    shape = FileShape((("sold_on", "1"), ("product", "3")), header=False)
    path = tmp_path / "ventes.csv"
    path.write_bytes(b"1 May,x,lamp\n")
    assert examine(path, shape) == Header(("1", "2", "3"), undeclared=("2",), bytes=13)
    error = rejection(tmp_path, b"1 May,lamp\n", shape)
    assert error.code == "missing_column"
    assert "the first record has 2 columns, expected also '3', got '1 May', 'lamp'" in error.reason
    assert "numbers from 1 where csv.header is false" in error.reason
    assert "would fit with csv.delimiter: ';'" in rejection(tmp_path, b"1;x;y\n", shape).reason


def test_a_header_further_down_is_found(tmp_path: Path) -> None:
    data = "Ventes de mai\n\nDate,Produit,Quantité\n1,a,2\n".encode()
    assert "it would fit with csv.skip_lines: 1" in rejection(tmp_path, data).reason
    path = tmp_path / "ventes.csv"
    assert examine(path, replace(SHAPE, skip_lines=2, footer_lines=1)).undeclared == ()
    error = rejection(tmp_path, data, replace(SHAPE, skip_lines=2, footer_lines=2))
    assert error.code == "empty"
    assert "no header after csv.skip_lines: 2 and before csv.footer_lines: 2" in error.reason


@pytest.mark.parametrize("data", [b"1 May,jane@x\n", b"1 May,jane@x,\xff\n", b'1,"jane@x\n'])
@pytest.mark.parametrize("header", [True, False])
def test_what_is_never_stored_is_not_shown_either(
    tmp_path: Path,
    data: bytes,
    header: bool,  # noqa: FBT001 - pytest gives it
) -> None:
    columns = SHAPE.columns if header else (("sold_on", "9"),)
    shape = FileShape(columns, header=header, never_store=("E-Mail",))
    assert "jane" not in rejection(tmp_path, data, shape).reason


def test_names_in_the_header_that_are_too_long_together_are_refused_by_every_reader(
    tmp_path: Path,
) -> None:
    declared = ",".join(SHAPE.headers)
    longest = "n" * (MAX_NAMES_BYTES - len("".join(SHAPE.headers).encode()))
    path = tmp_path / "ventes.csv"
    path.write_text(f"{declared},{longest}\n", encoding="utf-8")
    assert examine(path, SHAPE).undeclared == (longest,)
    error = rejection(tmp_path, f"{declared},{longest}n\n".encode())
    assert error.code == "wrong_header"
    assert error.reason == (
        f"{path}: the names in the header are too long, expected at most 65,536 bytes together, "
        f"got 65,537 bytes in 4 columns, such as '{'n' * 40}…'; shorten them, or deliver fewer "
        "columns"
    )
    for read in (read_batches(str(path), SHAPE, 1), map(outline_of, [str(path)], [SHAPE])):
        with pytest.raises(FileRejected) as caught:
            list(read)
        assert (caught.value.code, caught.value.reason) == (error.code, error.reason)


def test_a_file_without_a_header_may_have_many_columns(tmp_path: Path) -> None:
    shape = FileShape((("sold_on", "1"),), header=False)
    path = tmp_path / "ventes.csv"
    path.write_text("1 May" + "," * 20_000)
    assert len(examine(path, shape).undeclared) == 20_000


def test_a_file_that_is_gone_has_changed(tmp_path: Path) -> None:
    with pytest.raises(FileChanged):
        examine(tmp_path / "gone.csv", SHAPE)


def test_the_first_records_are_given_in_bronze_shape(tmp_path: Path) -> None:
    path = tmp_path / "ventes.csv"
    path.write_bytes("Date,Produit,Quantité\n".encode() + b"1,a,2\nbad\n3,c,4\n")
    table = first_records(path, SHAPE, 2)
    assert table["product"].to_pylist() == ["a", None]
    assert table["_problem"].to_pylist() == [None, "too_few_columns"]
    assert first_records(path, SHAPE, 9).num_rows == 3


@pytest.mark.parametrize("encoding", ["cp1252", "iso-8859-1", "iso-8859-15", "cp932"])
def test_text_in_utf8_is_not_read_as_another_encoding(tmp_path: Path, encoding: str) -> None:
    shape = FileShape((("sold_on", "day"), ("product", "item")), encoding=encoding)
    file = tmp_path / "a.csv"
    file.write_bytes("day,item\n2025-01-01,Thé glacé\n".encode())
    with pytest.raises(FileRejected, match=r"written in UTF-8, such as .*declare encoding: utf-8"):
        examine(file, shape)
    # A longer file is known to be so at its end.
    lines = b"2025-01-01,tea\n" * 10_000
    file.write_bytes(b"day,item\n" + lines + "2025-01-01,café\n".encode())
    with pytest.raises(FileRejected, match="written in UTF-8"):
        list(read_batches(str(file), shape, 1))


def test_text_of_another_encoding_is_read_whatever_it_holds(tmp_path: Path) -> None:
    shape = FileShape((("sold_on", "day"), ("product", "item")), encoding="cp1252")
    file = tmp_path / "a.csv"
    file.write_bytes("day,item\n2025-01-01,Thé\n2025-01-01,Ã©\n".encode("cp1252"))
    assert examine(file, shape).texts == ("day", "item")
    assert sum(batch.num_rows for batch in read_batches(str(file), shape, 1)) == 2
