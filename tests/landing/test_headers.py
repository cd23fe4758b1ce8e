"""Header texts that are the same, and headers further down in a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from sales_pipeline.errors import FileRejected
from sales_pipeline.landing.headers import match_header
from sales_pipeline.landing.reader import read_batches
from sales_pipeline.landing.shape import FileShape
from tests.landing.definition import defined_rows, in_order

COLUMNS = ("id", "day", "item", "total")
SHAPE = FileShape(tuple((name, name) for name in COLUMNS))
CATALOGUE = FileShape((("product_fr", "produit"), ("product_en", "product")))
RATES = FileShape((("date", "Date"),))
MARK = "\ufeff"

Row = tuple[object, ...]


def rows(
    tmp_path: Path, text: str, shape: FileShape = SHAPE, smallest: Sequence[int] = (5, 40)
) -> list[Row]:
    """The records of a file, the same by both ways and in blocks of any size."""
    data = text.encode()
    path = tmp_path / "sales.csv"
    path.write_bytes(data)
    defined = defined_rows(data, shape)
    assert defined is not None
    for block_bytes in (*smallest, 1 << 20):
        assert in_order(read_batches(str(path), shape, 7, block_bytes=block_bytes)) == defined
    return defined


def sales(tmp_path: Path, text: str, smallest: Sequence[int] = (5, 40)) -> list[Row]:
    """Id, product and amount of each record."""
    return [(row[0], row[2], row[3]) for row in rows(tmp_path, text, smallest=smallest)]


FIRST = "id,day,item,total\n" + "".join(f"{at},2025-12-01,Tea,4.50\n" for at in range(1, 4))
BEFORE = [(str(at), "Tea", "4.50") for at in range(1, 4)]
AFTER = [*BEFORE, ("4", "Chair", "45.00")]


@pytest.mark.parametrize(
    "second",
    [
        "id,day,item,total\n4,2025-12-02,Chair,45.00\n",
        "total,item,day,id\n45.00,Chair,2025-12-02,4\n",
        "TOTAL, Item ,\u200bday,id\n45.00,Chair,2025-12-02,4\n",
        '"total","item","day","id"\r\n45.00,Chair,2025-12-02,4\r\n',
        "note,total,item,day,id\nx,45.00,Chair,2025-12-02,4",
        f"{MARK}total,item,day,id\n45.00,Chair,2025-12-02,4\n",
        "\n\ntotal,item,day,id\n\n45.00,Chair,2025-12-02,4\n",
        "id,day,item,total\ntotal,item,day,id\n45.00,Chair,2025-12-02,4\n",
    ],
)
def test_what_follows_a_later_header_is_read_by_it(tmp_path: Path, second: str) -> None:
    assert sales(tmp_path, FIRST + second) == AFTER
    many = "".join(f"{at},2025-12-01,Tea,4.50\n" for at in range(5_000))
    # In smaller blocks so many records take seconds.
    assert sales(tmp_path, FIRST + many + second, smallest=(1 << 10,))[-1] == AFTER[-1]


def test_a_file_that_was_joined_without_a_line_end_is_cut_at_its_mark(tmp_path: Path) -> None:
    text = FIRST.rstrip("\n") + f"{MARK}total,item,day,id\n45.00,Chair,2025-12-02,4\n"
    assert sales(tmp_path, text) == AFTER


def test_records_are_numbered_without_the_headers(tmp_path: Path) -> None:
    text = FIRST + "id,day,item,total\n4,2025-12-02,Chair,45.00\n"
    assert [row[4] for row in rows(tmp_path, text)] == [1, 2, 3, 4]


@pytest.mark.parametrize("header", ["id,day,item,amount", "total,item,day", "day,id,item,item,x"])
def test_below_a_header_that_lacks_columns_nothing_is_read_until_the_next(
    tmp_path: Path, header: str
) -> None:
    text = FIRST + f"{header}\n4,2025-12-02,Chair,45.00\n5\n"
    text += "day,id,item,total\n2025-12-03,6,Vase,9.00\n"
    read = rows(tmp_path, text)
    problems = [row[-1] for row in read]
    assert problems == [None] * 3 + ["header_unknown"] * 2 + [None]
    assert [row[-2] for row in read[3:5]] == ["4,2025-12-02,Chair,45.00", "5"]
    assert read[-1][:4] == ("6", "2025-12-03", "Vase", "9.00")


@pytest.mark.parametrize(
    "line",
    ["id,2025-12-02,item,45.00", "day,x,item,9", "4,day,item,total", ",,,", "x,y,z,total", "id"],
)
def test_a_record_with_some_header_texts_is_a_record(tmp_path: Path, line: str) -> None:
    assert len(rows(tmp_path, f"{FIRST}{line}\n")) == 4


def test_a_catalogue_and_rates_have_later_headers_too(tmp_path: Path) -> None:
    text = "produit,product\nThé,Tea\nproduct,produit\nChair,Chaise\n"
    assert [row[:2] for row in rows(tmp_path, text, CATALOGUE)] == [
        ("Thé", "Tea"),
        ("Chaise", "Chair"),
    ]
    text = "Date,USD,JPY\n2025-12-01,1.1,160\nDate,JPY,USD\n2025-12-02,161,1.2\n"
    assert [row[2] for row in rows(tmp_path, text, RATES)] == [
        '{"USD": "1.1", "JPY": "160"}',
        '{"JPY": "161", "USD": "1.2"}',
    ]


def test_a_file_without_a_header_has_no_later_one(tmp_path: Path) -> None:
    shape = FileShape((("id", "1"), ("day", "2")), header=False)
    assert len(rows(tmp_path, "1,2\n1,2\n2,1\n", shape)) == 3


@pytest.mark.parametrize(
    "text", ["d\u200bay", "\u202aday\u202c", "da\ufeffy ", " DAY", "\u2060day"]
)
def test_headers_are_compared_as_they_are_seen(tmp_path: Path, text: str) -> None:
    assert match_header([("day", "day")], [text]).is_complete
    assert match_header([("day", text)], ["day"]).is_complete
    assert sales(tmp_path, FIRST.replace("day", text)) == BEFORE


def test_headers_are_compared_in_one_unicode_form() -> None:
    assert match_header([("quantity", "Quantité")], ["QUANTITE\u0301"]).is_complete


def test_two_columns_that_look_the_same_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    path.write_text("id,DAY,d\u200bAY,item,total\n1,2,3,4,5\n", encoding="utf-8")
    with pytest.raises(FileRejected, match="must be there once each: d\u200bAY"):
        list(read_batches(str(path), SHAPE, 7))
