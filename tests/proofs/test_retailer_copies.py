"""Copies of landing files: the first records of each, and only of files that a feed claims."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from sales_pipeline.landing.shape import FileShape
from sales_pipeline.proofs.retailer_copies import copy_landing_files, shortened_file
from tests.retailer import Retailer, sale


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp932"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_beginning_of_a_file_ends_with_a_record(
    encoding: str, end: str, tmp_path: Path
) -> None:
    file = tmp_path / "a.csv"
    text = end.join(["id,item", '1,"a\nb"', "", "2,茶", "3,x", ""])
    file.write_bytes(text.encode(encoding))
    shape = FileShape((), encoding=encoding.removesuffix("-sig"))
    assert shortened_file(file, shape, 2).decode(encoding) == end.join(
        ["id,item", '1,"a\nb"', "", "2,茶", ""]
    )
    assert shortened_file(file, shape, 9) == file.read_bytes()


def test_a_compressed_file_stays_one_and_a_damaged_one_stays_damaged(tmp_path: Path) -> None:
    file, shape = tmp_path / "a.csv.gz", FileShape(())
    file.write_bytes(gzip.compress(b"id\n1\n2\n"))
    assert gzip.decompress(shortened_file(file, shape, 1)) == b"id\n1\n"
    file.write_bytes(file.read_bytes()[:-9])
    assert shortened_file(file, shape, 9) == file.read_bytes()


def test_only_files_of_feeds_are_copied(retailer: Retailer, tmp_path: Path) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", item="Lampe"))
    retailer.deliver("lyon/copy.csv", sale("1"), sale("2", item="Lampe"))
    retailer.deliver_text("boston/page.csv", "<html>")
    retailer.deliver_text("notes.txt", "to do")
    assert copy_landing_files(retailer.declaration, tmp_path / "copy", records=1) == 4
    copied = tmp_path / "copy" / "lyon" / "a.csv"
    assert copied.read_text().splitlines()[1:] == [sale("1")]
    assert not (tmp_path / "copy" / "notes.txt").exists()
