"""Checks of the session and its tables: settings and rows that are wrong are shown."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sales_pipeline.engines.embedded import EmbeddedEngine
from sales_pipeline.proofs import engine_checks
from sales_pipeline.proofs.diagnosis import CheckFailed
from sales_pipeline.proofs.workbench import Workbench


@pytest.fixture
def spark(bench: Workbench) -> Callable[[str, str], None]:
    """Changes a setting of a session of this test's own."""
    engine = EmbeddedEngine(bench.lakehouse)
    bench.engine = engine
    return lambda key, value: engine.spark().conf.set(key, value)


def test_another_time_zone_is_told(bench: Workbench, spark: Callable[[str, str], None]) -> None:
    spark("spark.sql.session.timeZone", "Asia/Tokyo")
    with pytest.raises(CheckFailed, match="has to be UTC, got Asia/Tokyo, in which 0 is "):
        engine_checks.time_zone(bench)
    bench.engine.close()


def test_a_session_that_casts_what_cannot_be_cast_is_told(
    bench: Workbench, spark: Callable[[str, str], None]
) -> None:
    spark("spark.sql.ansi.enabled", "false")
    with pytest.raises(CheckFailed, match=r"CAST\('x' AS INT\) has to fail, got None"):
        engine_checks.ansi_mode(bench)
    bench.engine.close()


def test_rows_that_are_not_as_they_have_to_be_are_shown(bench: Workbench) -> None:
    bench.engine = EmbeddedEngine(bench.lakehouse)
    engine_checks.create(bench)
    engine_checks.write(bench)
    bench.rows = {1: "written", 2: "written", 3: "written", 9: "written"}
    with pytest.raises(
        CheckFailed, match=r"the table has to hold .* got \{1: 'written', 2: 'replaced'\}"
    ):
        engine_checks.replace_where(bench)
    # What is there now is known again, so that the next check is judged by itself.
    assert engine_checks.delete(bench) == "one row deleted"
    bench.remove_tables()
    bench.engine.close()
