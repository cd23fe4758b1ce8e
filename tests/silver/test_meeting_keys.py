"""The keys that meet are the same wherever they are counted, and few are ever in one place."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql.connect.dataframe import DataFrame

from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.silver import meeting_keys as module
from sales_pipeline.silver import records
from sales_pipeline.silver.meeting_keys import History, meeting_keys
from tests.retailer import Retailer, sale

KEYS = (-(2**63), -(2**62), -2, -1, 0, 1, 2, 2**50, 2**62, 2**63 - 1)
HASHES = st.lists(st.none() | st.sampled_from(KEYS), max_size=12)


@pytest.fixture
def made(retailer: Retailer) -> Retailer:
    """The tables of a retailer, with a session."""
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.run()
    return retailer


def _found(
    lakehouse: Lakehouse, own: Sequence[int | None] | None, history: Sequence[int | None] | None
) -> tuple[list[int], bool]:
    def table(hashes: Sequence[int | None]) -> pa.Table:
        rows = range(len(hashes))
        columns = {"key_hash": hashes, "_file_id": [7 for _ in rows], "_row": [*rows]}
        return pa.table({name: pa.array(values, pa.int64()) for name, values in columns.items()})

    earlier = None
    if history is not None:
        with_key = table(history).drop_null()

        def batches(columns: Sequence[str], keys: Sequence[int] | None) -> list[pa.RecordBatch]:
            is_asked = [keys is None or key in keys for key in with_key["key_hash"].to_pylist()]
            asked: pa.Table = with_key.filter(pa.array(is_asked, pa.bool_()))
            return list(asked.select(columns).to_batches(3))

        earlier = History(lakehouse.frame(table(history)), batches)
    batch = None if own is None else lakehouse.frame(table(own))
    met = meeting_keys(lakehouse, batch, history=earlier, lost=None)
    if met.earlier is not None:
        keys_of_batch = {*(own or ())} - {None}
        rows = tuple(row for row, key in enumerate(history or ()) if key in keys_of_batch)
        assert met.earlier == ({7: rows} if rows else {})
    keys = [] if met.keys is None else met.keys.toArrow()["key_hash"].to_pylist()
    assert len(keys) == len(set(keys))
    return sorted(keys), met.meet_history


def _expected(own: Sequence[int | None] | None, history: Sequence[int | None] | None) -> list[int]:
    keys = [key for key in own or () if key is not None]
    return sorted({key for key in keys if keys.count(key) > 1 or key in (history or ())})


@pytest.mark.parametrize("most", [2_000_000, 2])
@settings(suppress_health_check=[*HealthCheck], max_examples=8)
@given(own=st.none() | HASHES, history=st.none() | HASHES)
def test_keys_that_meet_are_the_same_wherever_they_are_counted(
    made: Retailer, most: int, own: list[int | None] | None, history: list[int | None] | None
) -> None:
    def checked(lakehouse: Lakehouse) -> None:
        for is_here in (True, False):
            abilities = dataclasses.replace(lakehouse.engine.capabilities, counts_keys_here=is_here)
            lakehouse.engine.capabilities = abilities
            keys, meet_history = _found(lakehouse, own, history)
            expected = _expected(own, history)
            assert keys == expected
            own_keys = {key for key in own or () if key is not None}
            if own_keys & {*(history or ())}:
                assert meet_history

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_MANY_KEYS", most)
        made.read(checked)


@pytest.mark.long
def test_the_embedded_engine_counts_no_keys(
    retailer: Retailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "repeated_keys", None)
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2"), sale("2"))
    retailer.run()
    retailer.deliver("lyon/b.csv", sale("1"), sale("3"))
    assert retailer.run().outcome == "done"
    found = retailer.rows("silver.sales", "sale_id")
    assert sorted(found) == [("1",), ("2",), ("3",)]


def test_records_stay_in_the_order_of_their_file_in_silver(
    retailer: Retailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the data files that hold a record are few, by their statistics."""
    plans: list[str] = []
    replace = Lakehouse.replace

    def explained(
        self: Lakehouse, name: str, condition: str, rows: Any, *, are_few: bool = False
    ) -> None:
        if name == "silver.records":
            plans.append(rows._explain_string(extended=True))
        replace(self, name, condition, rows, are_few=are_few)

    monkeypatch.setattr(Lakehouse, "replace", explained)
    retailer.deliver_catalogue()
    retailer.deliver(
        "lyon/a.csv",
        *(sale(f"{number}", price=f"{number}.00", total=f"{number}.00") for number in range(50)),
    )
    retailer.run()
    physical = plans[-1].partition("Physical Plan")[2]
    assert "mode=Partitioned" not in physical
    # Of thousands of texts the engine would think otherwise without this.
    assert re.search(r"_text_product@[0-9]+ IS NOT NULL", physical)


def test_the_engine_is_not_asked_for_the_columns_of_a_dataframe(
    retailer: Retailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only for those of a result: each question takes Spark as long as to plan a statement."""
    asked: list[str] = []
    results: list[str] = []
    schema, to_arrow = DataFrame.schema, DataFrame.toArrow

    def counted_schema(self: Any) -> Any:
        asked.append("schema")
        return schema.fget(self)  # type: ignore[attr-defined]

    def counted_result(self: Any) -> Any:
        results.append("result")
        return to_arrow(self)

    monkeypatch.setattr(DataFrame, "schema", property(counted_schema))
    monkeypatch.setattr(DataFrame, "toArrow", counted_result)
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2"), sale("2"))
    retailer.run()
    retailer.deliver("lyon/b.csv", sale("1", total="2.00"), sale("3"))
    assert retailer.run().outcome == "done"
    assert len(asked) == len(results) > 0


def _moved(retailer: Retailer) -> list[tuple[Any, ...]]:
    """All records after a second file replaced one sale and repeated another one."""
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2"), sale("3"), sale("3", item="Thé vert"))
    retailer.run()
    retailer.deliver("lyon/b.csv", sale("2", total="12.00"), sale("3"), sale("4"))
    assert retailer.run().outcome == "done"
    columns = ("sale_id", "_file_id", "_row", "status", "winner_file_id", "winner_row", "amount")
    return sorted(retailer.rows("silver.records", *columns), key=str)


@pytest.mark.long
@pytest.mark.parametrize("many", ["keys", "records", "moves"])
def test_what_moves_is_the_same_whether_it_is_few_or_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, many: str
) -> None:
    few = _moved(Retailer(_folder(tmp_path / "few")))
    if many == "keys":
        monkeypatch.setattr(module, "_FEW_KEYS", 0)
    elif many == "records":
        monkeypatch.setattr(module, "_MANY_RECORDS", 0)
    else:
        monkeypatch.setattr(records, "_MANY_MOVES", 0)
    assert _moved(Retailer(_folder(tmp_path / "many"))) == few


def _folder(place: Path) -> Path:
    place.mkdir()
    return place
