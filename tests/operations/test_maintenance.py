"""Maintenance frees what nobody needs, and changes nothing that anybody reads."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from deltalake import DeltaTable
from rich.console import Console

from sales_pipeline import read_gold, report_writer
from sales_pipeline.errors import LakehouseBusy, UsageError
from sales_pipeline.lakehouse.lock import hold
from sales_pipeline.lakehouse.runs import finished_runs
from sales_pipeline.operations.maintenance import Maintenance, foreseen_maintenance
from sales_pipeline.report.compared_runs import compared_runs
from sales_pipeline.report.history import kept_of, runs_document, runs_of, versions_of
from sales_pipeline.report.upkeep import maintenance_document, maintenance_text
from tests.promises.killed_run import dies
from tests.retailer import Retailer, sale

CUBE = "gold/sales_cube"


@pytest.fixture(scope="module")
def daily_once(tmp_path_factory: pytest.TempPathFactory) -> Retailer:
    """A retailer that delivered on three days, each in a run of its own; tests copy it."""
    retailer = Retailer(tmp_path_factory.mktemp("daily"))
    retailer.deliver_catalogue()
    for day in ("01", "02", "03"):
        retailer.deliver(f"lyon/{day}.csv", sale(day, f"2025-01-{day}"))
        retailer.run()
    return retailer


@pytest.fixture
def daily(daily_once: Retailer, tmp_path: Path) -> Retailer:
    """A copy of the retailer that delivered on three days."""
    return daily_once.copied_to(tmp_path)


class _KilledError(Exception):
    """A test ends a run before its record."""


def _die(*_: object) -> None:
    raise _KilledError


def _delta(retailer: Retailer, table: str = CUBE) -> DeltaTable:
    return DeltaTable(retailer.lakehouse / table)


def _all_files(retailer: Retailer) -> dict[str, int]:
    files = (path for path in retailer.folder.rglob("*") if path.is_file())
    return {str(path.relative_to(retailer.folder)): path.stat().st_size for path in files}


def _age(retailer: Retailer, days: int) -> None:
    """Lets the whole lakehouse be as if it was written some days earlier."""
    for path in retailer.lakehouse.rglob("*"):
        if path.is_file():
            then = path.stat().st_mtime - days * 86400
            if path.parent.name == "_delta_log" and path.suffix == ".json":
                _age_log(path, days)
            os.utime(path, (then, then))


def _age_log(path: Path, days: int) -> None:
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for line in lines:
        for action, key in (("remove", "deletionTimestamp"), ("commitInfo", "timestamp")):
            if key in line.get(action, {}):
                line[action][key] -= days * 86_400_000
    path.write_text("\n".join(json.dumps(line) for line in lines) + "\n", encoding="utf-8")


def test_what_it_would_do_is_said_and_nothing_is_changed(daily: Retailer) -> None:
    before = _all_files(daily)
    planned = foreseen_maintenance(daily.declaration)
    assert "silver.records" in [upkeep.table for upkeep in planned.tables]
    assert not planned.freed_bytes
    assert "Nothing was changed. Do: sales-pipeline maintain --yes" in _text(planned)
    assert _all_files(daily) == before


def test_small_files_become_one_and_every_row_stays(daily: Retailer) -> None:
    state, ledger = daily.state(), daily.table("ops.deliveries")
    assert len(_delta(daily, "silver/records").file_uris()) == 3
    maintenance = daily.maintain()
    assert len(_delta(daily, "silver/records").file_uris()) == 1
    assert (daily.state(), daily.table("ops.deliveries")) == (state, ledger)
    last = daily.read(finished_runs)[-1]
    assert (last.verb, last.run_id) == ("maintain", maintenance.run_id)
    assert maintenance_document(maintenance)["is_done"]


def test_after_it_nothing_is_new_and_a_second_time_there_is_nothing_to_do(daily: Retailer) -> None:
    daily.maintain()
    assert daily.run().is_nothing_new
    again = daily.maintain()
    assert (again.tables, again.run_id) == ((), None)
    assert "Nothing to do" in _text(again)


def test_a_ledger_that_the_platform_merged_gives_a_run_nothing_to_do(daily: Retailer) -> None:
    ids = daily.run_ids()
    ledger = _delta(daily, "ops/deliveries")
    before = ledger.version()
    ledger.optimize.compact()
    ledger.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)
    assert ledger.version() > before
    assert daily.run().is_nothing_new
    assert daily.run_ids() == ids
    # A change of rows is still seen, also with upkeep before and after it.
    with daily.stopped_before("gold"):
        daily.deliver("lyon/04.csv", sale("04", "2025-01-04"))
        daily.run()
    _delta(daily, "ops/deliveries").optimize.compact()
    assert not daily.run().is_nothing_new
    assert daily.run().is_nothing_new


@pytest.mark.long
def test_a_killed_record_is_made_up_for_although_the_ledger_was_merged(daily: Retailer) -> None:
    daily.deliver("lyon/04.csv", sale("04", "2025-01-04"))
    runs = len(daily.run_ids())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report_writer, "record_run", _die)
        with pytest.raises(_KilledError):
            daily.run()
    _delta(daily, "ops/deliveries").optimize.compact()
    assert len(daily.run_ids()) == runs
    assert not daily.run().is_nothing_new
    assert len(daily.run_ids()) == runs + 1
    assert daily.run().is_nothing_new


def test_runs_within_the_declared_days_are_still_shown(daily: Retailer) -> None:
    first = daily.read(finished_runs)[0]
    daily.maintain()
    assert read_gold(daily.declaration, "sales_cube", run=first.run_id).num_rows == 1
    # The runs of the last two days are compared, not the maintenance after them.
    assert [str(moved.units_after) for moved in compared_runs(daily.declaration).moved] == ["3.000"]


@pytest.mark.long
def test_older_runs_go_and_what_the_last_one_left_stays(daily: Retailer) -> None:
    daily.declared["keep_days"] = 7
    first, *_, last = daily.read(finished_runs)
    _age(daily, 8)
    state = daily.state()
    planned = foreseen_maintenance(daily.declaration)
    assert planned.freed_bytes
    maintenance = daily.maintain()
    assert maintenance.freed_bytes == planned.freed_bytes
    assert daily.state() == state
    with pytest.raises(UsageError, match=f"run {first.run_id}: .* not kept any more"):
        read_gold(daily.declaration, "sales_cube", run=first.run_id)
    assert read_gold(daily.declaration, "sales_cube").num_rows == 1
    assert daily.run().is_nothing_new
    runs = runs_of(daily.declaration)
    assert [run.run_id for run in runs[:2]] == [maintenance.run_id, last.run_id]
    assert kept_of(daily.declaration, runs) == 2
    assert [run["is_kept"] for run in runs_document(runs, kept=2)["runs"]].count(False) == 2


@pytest.mark.long
def test_what_counted_within_the_declared_days_stays_however_old_it_is(daily: Retailer) -> None:
    last = daily.read(finished_runs)[-1]
    _age(daily, 40)
    daily.deliver("lyon/03.csv", sale("03", "2025-01-03", total="30.00"))
    daily.run()
    for _ in range(2):
        daily.maintain()
    # What it left was written forty days ago, and it was the last run until just now.
    assert read_gold(daily.declaration, "sales_cube", run=last.run_id).num_rows == 1
    assert [str(moved.revenue_before) for moved in compared_runs(daily.declaration).moved] == [
        "30.000000000000000000"
    ]


@pytest.mark.long
def test_a_log_begins_with_what_is_kept(daily: Retailer) -> None:
    table = "ops/deliveries"
    before = _delta(daily, table).version()
    for _ in range(2):
        _age(daily, 31)
        daily.maintain()
    log = daily.lakehouse / table / "_delta_log"
    assert not (log / f"{0:020}.json").exists()
    versions = versions_of(daily.declaration, "ops.deliveries")
    assert versions[-1].commit.version >= before
    daily.deliver("lyon/04.csv", sale("04", "2025-01-04"))
    daily.run()
    assert len(daily.table("silver.sales")) == 4


@pytest.mark.long
def test_a_rollback_brings_back_what_small_files_held_before_they_were_merged(
    daily: Retailer,
) -> None:
    first = daily.read(finished_runs)[0].run_id
    daily.maintain()
    daily.rollback(first)
    assert [row["sale_id"] for row in daily.table("silver.sales")] == ["01"]
    daily.maintain()
    daily.release()
    assert len(daily.table("silver.sales")) == 3


@pytest.mark.long
def test_daily_files_leave_a_bounded_number_of_data_files(tmp_path: Path) -> None:
    retailer = Retailer(tmp_path)
    retailer.declared["keep_days"] = 0
    retailer.deliver_catalogue()
    on_disk = []
    for day in range(1, 13):
        retailer.deliver(f"lyon/{day}.csv", sale(str(day), f"2025-01-{day:02}"))
        retailer.run()
        if day % 4 == 0:
            retailer.maintain()
            assert len(_delta(retailer, "silver/records").file_uris()) == 1
            files = [path for path in _all_files(retailer) if "/archive/" not in path]
            on_disk.append(len([path for path in files if path.startswith("lakehouse/")]))
    assert len(retailer.table("silver.sales")) == 12
    assert on_disk[2] == on_disk[1]


def test_what_killed_runs_leave_behind_goes(daily: Retailer) -> None:
    part = daily.lakehouse / CUBE / "part-1.parquet#2"
    copy = daily.lakehouse / "archive/lyon" / f".{'a' * 64}.part"
    put_aside = daily.lakehouse / ".gold.removed/old.parquet"
    orphan, young = (daily.lakehouse / CUBE / f"{name}.parquet" for name in ("orphan", "young"))
    put_aside.parent.mkdir()
    left = (part, copy, put_aside, orphan, young)
    for path in left:
        path.write_bytes(b"half")
    os.utime(orphan, (1, 1))
    planned = foreseen_maintenance(daily.declaration)
    unneeded = {file.path for upkeep in planned.tables for file in upkeep.unneeded}
    assert unneeded == {"orphan.parquet", "part-1.parquet#2"}
    assert len(planned.left_behind) == 2
    assert "left behind" in _text(planned)
    daily.maintain()
    assert [path.exists() for path in left] == [False, False, False, False, True]
    assert not put_aside.parent.exists()


def test_p4_no_delivered_file_is_touched(daily: Retailer) -> None:
    def delivered() -> dict[str, int]:
        kept = ("landing/", "lakehouse/archive/", "lakehouse/rejected/")
        return {path: size for path, size in _all_files(daily).items() if path.startswith(kept)}

    daily.deliver_text("lyon/wrong.csv", "")
    daily.run()
    before = delivered()
    _age(daily, 100)
    daily.maintain()
    assert delivered() == before


def test_the_days_stand_in_the_properties_of_each_table(daily: Retailer) -> None:
    kept = "delta.deletedFileRetentionDuration"
    assert _delta(daily).metadata().configuration[kept] == "interval 30 days"
    daily.declared["keep_days"] = 90
    daily.maintain()
    for table in (CUBE, "silver/records", "ops/runs", "bronze/sales"):
        configuration = _delta(daily, table).metadata().configuration
        assert (
            configuration[kept] == configuration["delta.logRetentionDuration"] == "interval 90 days"
        )


@pytest.mark.long
def test_p1_maintenance_killed_at_any_step_loses_nothing(daily: Retailer) -> None:
    daily.declared["keep_days"] = 7
    _age(daily, 8)
    state, runs = daily.state(), len(daily.read(finished_runs))
    kills = 0
    for point in (*range(1, 60, 8), 61):
        kills += dies(daily, point, "before", "maintain")
        assert daily.state() == state
        assert read_gold(daily.declaration, "sales_cube").num_rows == 1
    assert kills > 3
    daily.maintain()
    assert daily.maintain().tables == ()
    assert len(daily.read(finished_runs)) > runs
    assert (daily.state(), daily.run().is_nothing_new) == (state, True)


@pytest.mark.long
def test_p1_a_run_goes_on_after_a_killed_maintenance(daily: Retailer) -> None:
    assert dies(daily, 20, "after", "maintain")
    daily.deliver("lyon/04.csv", sale("04", "2025-01-04"))
    daily.run()
    assert len(daily.table("silver.sales")) == 4
    state = daily.state()
    daily.rebuild()
    assert daily.state() == state


@pytest.mark.long
def test_p1_a_killed_rollback_is_finished_before_house_is_kept(daily: Retailer) -> None:
    first = daily.read(finished_runs)[0].run_id
    assert dies(daily, 2, "before", "rollback", first)
    with pytest.raises(UsageError, match=r"rollback .* did not finish. Do: sales-pipeline run"):
        daily.maintain()
    daily.run()
    assert daily.maintain().is_done


@pytest.mark.long
def test_p1_a_killed_run_is_finished_before_house_is_kept(daily: Retailer) -> None:
    daily.deliver("lyon/04.csv", sale("04", "2025-01-04"))
    with daily.stopped_before("gold"):
        daily.run()
    with pytest.raises(UsageError, match=r"a run did not finish, .* Do: sales-pipeline run"):
        daily.maintain()
    daily.run()
    assert daily.maintain().run_id


def test_p10_it_waits_for_a_run(daily: Retailer) -> None:
    with hold(daily.lakehouse), pytest.raises(LakehouseBusy):
        daily.maintain()


def _text(maintenance: Maintenance) -> str:
    console = Console(width=100, color_system=None)
    with console.capture() as captured:
        console.print(maintenance_text(maintenance))
    return captured.get()
