from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_pipeline.lakehouse.tables import BRONZE_TECHNICAL
from sales_pipeline.landing.bronze_rows import LandingFile, LandingSource, balanced
from sales_pipeline.landing.shape import FileShape, bronze_schema

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

SHAPE = FileShape((("sold_on", "day"), ("product", "item")))
SIZES = st.lists(st.integers(0, 1000), max_size=12)


@pytest.fixture(scope="module")
def spark_session() -> Iterator[SparkSession]:
    from pysail.spark import SparkConnectServer
    from pyspark.sql import SparkSession

    server = SparkConnectServer("127.0.0.1", 0)
    server.start()
    _, port = server.listening_address
    session = SparkSession.builder.remote(f"sc://127.0.0.1:{port}").create()
    session.dataSource.register(LandingSource)
    yield session
    session.stop()
    server.stop()


def landed(folder: Path, file_id: int, data: bytes) -> LandingFile:
    path = folder / f"sales_{file_id}.csv"
    path.write_bytes(data)
    return LandingFile(str(path), file_id, hashlib.sha256(data).hexdigest(), len(data), "lyon")


def load(session: SparkSession, files: list[LandingFile], partitions: int = 2) -> DataFrame:
    reader = session.read.format("sales_landing").option("partitions", str(partitions))
    reader = reader.option("files", json.dumps([asdict(file) for file in files]))
    columns = [
        *((name, "STRING") for name, _ in SHAPE.columns),
        *((column.name, column.type) for column in BRONZE_TECHNICAL),
    ]
    reader = reader.option("columns", json.dumps(columns))
    return reader.option("shapes", json.dumps([SHAPE.to_dict()])).load()


def test_files_are_read_as_one_bronze_table(spark_session: SparkSession, tmp_path: Path) -> None:
    files = [
        landed(tmp_path, 3, b"day,item\n1,chair\n"),
        landed(tmp_path, 4, "item,day,note\nテーブル,2,x\nbad\n".encode()),
        landed(tmp_path, 5, b"day,item\n"),
    ]
    table = (
        load(spark_session, files)
        .toArrow()
        .sort_by([(name, "ascending") for name in ("_file_id", "_row")])
    )
    assert table.schema.names == bronze_schema(SHAPE.columns).names
    assert [tuple(row.values()) for row in table.to_pylist()] == [
        ("1", "chair", 3, 1, None, None, None),
        ("2", "テーブル", 4, 1, '{"note": "x"}', None, None),
        (None, None, 4, 2, None, "bad", "too_few_columns"),
    ]


def test_no_files_are_no_rows(spark_session: SparkSession) -> None:
    assert load(spark_session, []).count() == 0


def test_many_batches_of_many_files_all_arrive(spark_session: SparkSession, tmp_path: Path) -> None:
    data = b"day,item\n" + b"2025-01-01,a chair of wood\n" * 100_000
    files = [landed(tmp_path, number, data) for number in range(5)]
    counts = load(spark_session, files).groupBy("_file_id").count().toArrow()["count"]
    assert counts.to_pylist() == [100_000] * 5


def test_a_changed_file_fails_the_query_and_says_so(
    spark_session: SparkSession, tmp_path: Path
) -> None:
    file = landed(tmp_path, 1, b"day,item\n1,chair\n")
    Path(file.path).write_bytes(b"day,item\n1,table\n")
    with pytest.raises(Exception, match="changed while it was read"):
        load(spark_session, [file]).count()


@given(SIZES, st.integers(1, 5))
def test_each_file_is_in_one_partition_and_none_is_much_larger(
    sizes: list[int], count: int
) -> None:
    files = [
        LandingFile(f"{number}.csv", number, None, size, "lyon")
        for number, size in enumerate(sizes)
    ]
    groups = balanced(files, count)
    assert sorted((file for group in groups for file in group), key=files.index) == files
    assert all(list(group) == sorted(group, key=files.index) for group in groups)
    loads = [sum(file.bytes for file in group) for group in groups]
    assert max(loads) <= min(loads) + max(sizes, default=0) + len(files)


def test_only_the_data_source_needs_spark() -> None:
    modules = ("shape", "record_splitter", "reader", "examine")
    code = "".join(f"import sales_pipeline.landing.{module}; " for module in modules)
    code += "import sys; assert not {'pyspark', 'pysail'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
