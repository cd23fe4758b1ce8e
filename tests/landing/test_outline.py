"""What is known of a file before Spark's own CSV reader reads it, and which it never reads."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from sales_pipeline.errors import FileChanged, FileRejected
from sales_pipeline.landing.outline import Totals, checked_columns, outline_of
from sales_pipeline.landing.shape import FileShape
from tests.landing.damaged_files import FRAMED, MISREAD, PRIVATE, REFUSED, SAME, SHAPE, Kind

OTHERS: dict[str, Kind] = {**SAME, **MISREAD}


def written(folder: Path, kind: Kind) -> str:
    path = folder / kind.name
    path.write_bytes(kind.data)
    return str(path)


def totals(rows: list[tuple[int, str | None, str | None]]) -> Totals:
    """The totals of records of two columns, with their numbers."""
    texts = ("sold_on", "product", "_extra", "_raw", "_problem")
    schema = pa.schema([("_row", pa.int64()), *((name, pa.string()) for name in texts)])
    values = [
        dict(zip(("_row", "sold_on", "product"), row, strict=True)) | dict.fromkeys(texts[2:])
        for row in rows
    ]
    batch = pa.RecordBatch.from_pylist(values, schema=schema)
    return Totals().plus(batch, checked_columns(SHAPE))


@pytest.mark.parametrize("name", REFUSED)
def test_what_spark_would_read_otherwise_is_refused_with_its_reason(
    name: str, tmp_path: Path
) -> None:
    kind, reason = REFUSED[name]
    with pytest.raises(FileRejected) as refused:
        outline_of(written(tmp_path, kind), kind.shape)
    assert refused.value.code == "not_for_builtin_reader"
    assert reason in refused.value.reason
    assert "the built-in reader cannot read it" in refused.value.reason
    assert refused.value.reason.endswith("or read it with reader: python")


@pytest.mark.parametrize("name", OTHERS)
def test_every_other_file_is_left_to_spark(name: str, tmp_path: Path) -> None:
    kind = OTHERS[name]
    outline_of(written(tmp_path, kind), kind.shape)


def test_personal_data_is_in_no_reason(tmp_path: Path) -> None:
    kind = Kind(b'day,buyer,item\n1,"Ann,chair\n', PRIVATE)
    with pytest.raises(FileRejected) as refused:
        outline_of(written(tmp_path, kind), PRIVATE)
    assert "Ann" not in refused.value.reason


@pytest.mark.parametrize("kind", [SAME["plain"], *(kind for kind, _ in REFUSED.values())])
def test_a_file_that_changed_is_not_outlined_nor_refused(kind: Kind, tmp_path: Path) -> None:
    path = written(tmp_path, kind)
    with pytest.raises(FileChanged):
        outline_of(path, kind.shape, sha256="0" * 64)
    Path(path).unlink()
    with pytest.raises(FileChanged):
        outline_of(path, kind.shape, sha256="0" * 64)


@pytest.mark.parametrize(
    "other_rows",
    [
        [(1, "a", "b")],
        [(1, "a", "b"), (2, "d", "c")],
        [(1, "c", "d"), (2, "a", "b")],
        [(2, "a", "b"), (3, "c", "d")],
        [(1, "ab", ""), (2, "c", "d")],
        [(1, "a", "b"), (2, "c", None)],
        [(1, "a", "b"), (2, None, "d")],
        [(1, "a", "b"), (2, "c", "d"), (2, "c", "d")],
    ],
)
def test_records_that_are_not_the_same_have_other_totals(
    other_rows: list[tuple[int, str | None, str | None]],
) -> None:
    assert totals(other_rows) != totals([(1, "a", "b"), (2, "c", "d")])


def test_totals_do_not_depend_on_how_a_file_is_read() -> None:
    both = totals([(2, "c", "d"), (1, "a", "b")])
    assert both == totals([(1, "a", "b"), (2, "c", "d")])
    assert totals([]) == Totals()


@pytest.mark.parametrize(
    ("shape", "lines", "before"),
    [
        (SHAPE, b"\n\r\n", 1),
        (FRAMED, b"a\r\n\r\nb\n", 3),
        (FRAMED, b"\n\n\n", 1),
        (FRAMED, b"x" * 200_000 + b"\na\nb\n", 4),
    ],
)
def test_lines_before_the_records_are_counted_unless_they_are_empty(
    shape: FileShape, lines: bytes, before: int, tmp_path: Path
) -> None:
    path = written(tmp_path, Kind(lines + b"day,item\n1,chair\nTotal\nEnd\n"))
    assert outline_of(path, shape).before == before
