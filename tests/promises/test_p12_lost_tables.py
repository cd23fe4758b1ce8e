"""P12: a lost or damaged table is named with its file and the command that brings it back."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sales_pipeline.cli.app import main
from sales_pipeline.cli.screen import tell_failure
from sales_pipeline.errors import TableDamaged, UsageError
from sales_pipeline.lakehouse.ledger import State
from sales_pipeline.operations.plan import plan
from sales_pipeline.operations.restore import restore
from sales_pipeline.report.history import runs_of
from sales_pipeline.report.status import status
from tests.promises.faulty_machine import ran
from tests.retailer import CATALOGUE, Retailer, sale

RESTORE, REBUILD, RESET, RUN = (
    f"Do: sales-pipeline {verb}" for verb in ("restore", "rebuild", "reset", "run")
)


@pytest.fixture(scope="module")
def lived_in_once(tmp_path_factory: pytest.TempPathFactory) -> Retailer:
    """A retailer after two runs: with a correction, a rejected file, a repeat, and quarantine."""
    retailer = Retailer(tmp_path_factory.mktemp("lived_in"))
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", total="x"))
    retailer.deliver("lyon/b.csv", sale("3", day="2025-02-01"))
    retailer.deliver("boston/a.csv", sale("1"), sale("9", item="Tea pot"))
    retailer.deliver_text("lyon/page.csv", "<html>")
    retailer.run()
    retailer.deliver("lyon/a.csv", sale("1", total="12.00"), sale("2"))
    retailer.deliver("boston/copy.csv", sale("1"), sale("9", item="Tea pot"))
    retailer.run()
    return retailer


@pytest.fixture
def lived_in(lived_in_once: Retailer, tmp_path: Path) -> Retailer:
    """A copy of that retailer."""
    return lived_in_once.copied_to(tmp_path)


def log_of(retailer: Retailer, table: str) -> Path:
    return retailer.lakehouse.joinpath(*table.split("."), "_delta_log")


def remove(retailer: Retailer, table: str) -> None:
    shutil.rmtree(log_of(retailer, table).parent)


def cut_log(retailer: Retailer, table: str) -> None:
    last = max(log_of(retailer, table).glob("*.json"))
    last.write_bytes(last.read_bytes()[:40])


def lose_commit(retailer: Retailer, table: str) -> None:
    max(log_of(retailer, table).glob("*.json")).unlink()


def lose_data(retailer: Retailer, table: str) -> None:
    for file in log_of(retailer, table).parent.glob("*.parquet"):
        file.unlink()


def cut_data(retailer: Retailer, table: str) -> None:
    for file in log_of(retailer, table).parent.glob("*.parquet"):
        file.write_bytes(file.read_bytes()[:20])


COMMANDS: dict[str, Callable[[Retailer], object]] = {
    "run": lambda it: it.run(),
    "status": lambda it: status(it.declaration),
    "plan": lambda it: plan(it.declaration),
    "history": lambda it: runs_of(it.declaration),
    "rebuild": lambda it: it.rebuild(),
    "maintain": lambda it: it.maintain(),
    "withdraw": lambda it: it.withdraw("lyon/b.csv"),
    "rollback": lambda it: it.rollback(it.run_ids()[0]),
}


def refusal(retailer: Retailer, command: str) -> str:
    with pytest.raises(TableDamaged) as error:
        COMMANDS[command](retailer)
    return str(error.value)


@pytest.mark.parametrize("command", COMMANDS)
def test_p12_every_command_names_a_lost_ledger_and_restore(
    lived_in: Retailer, command: str
) -> None:
    remove(lived_in, "ops.deliveries")
    told = refusal(lived_in, command)
    assert told.startswith("ops.deliveries: the table is missing, at ")
    assert str(lived_in.lakehouse / "ops" / "deliveries") in told
    assert RESTORE in told


@pytest.mark.parametrize("what", ["ops", "ops/runs"])
def test_p12_a_ledger_lost_as_a_whole_is_no_new_lakehouse(lived_in: Retailer, what: str) -> None:
    shutil.rmtree(lived_in.lakehouse / what)
    for command in ("run", "status", "plan"):
        assert RESTORE in refusal(lived_in, command)


def test_p12_without_any_table_a_run_names_the_archived_files(lived_in: Retailer) -> None:
    for layer in ("ops", "bronze", "silver", "gold"):
        shutil.rmtree(lived_in.lakehouse / layer)
    with pytest.raises(UsageError, match=r"7 files .* in the archive.*sales-pipeline reset"):
        lived_in.run()
    assert len(lived_in.reset().moved) == 6
    assert lived_in.run().rows


@pytest.mark.parametrize("fault", [cut_log, lose_commit])
@pytest.mark.parametrize(("table", "do"), [("bronze.sales", RESET), ("silver.records", REBUILD)])
def test_p12_a_log_that_was_cut_is_named_by_a_run_without_new_files(
    lived_in: Retailer, table: str, do: str, fault: Callable[[Retailer, str], None]
) -> None:
    assert lived_in.run().is_nothing_new
    fault(lived_in, table)
    told = refusal(lived_in, "run")
    assert told.startswith(f"{table}: its log ")
    assert do in told


@pytest.mark.parametrize("fault", [cut_log, lose_data, cut_data])
@pytest.mark.parametrize(
    ("table", "do"),
    [("ops.deliveries", RESTORE), ("bronze.sales", RESET), ("silver.records", REBUILD)],
)
def test_p12_a_damaged_table_is_named_with_its_file(
    lived_in: Retailer,
    capsys: pytest.CaptureFixture[str],
    table: str,
    do: str,
    fault: Callable[[Retailer, str], None],
) -> None:
    fault(lived_in, table)
    lived_in.deliver("lyon/b.csv", sale("3", day="2025-02-01", total="11.00"))
    with pytest.raises(TableDamaged) as error:
        (lived_in.rebuild if table == "bronze.sales" else lived_in.run)()
    told = str(error.value)
    assert told.startswith(f"{table}: ")
    assert str(log_of(lived_in, table).parent) in told
    assert do in told
    assert tell_failure(error.value) == 1
    assert "unforeseen" not in capsys.readouterr().err


@pytest.mark.parametrize("fault", [remove, cut_log, lose_data])
@pytest.mark.parametrize("table", ["ops.deliveries", "bronze.sales"])
def test_p12_rebuild_empties_nothing_before_it_has_read_its_sources(
    lived_in: Retailer, table: str, fault: Callable[[Retailer, str], None]
) -> None:
    silver = lived_in.rows("silver.sales", "sale_id", "amount")
    fault(lived_in, table)
    with pytest.raises(TableDamaged, match=re.escape(table)):
        lived_in.rebuild()
    assert lived_in.rows("silver.sales", "sale_id", "amount") == silver


@pytest.mark.long
@pytest.mark.parametrize("fault", [cut_log, lose_data, cut_data])
@pytest.mark.parametrize("table", ["silver.records", "silver.products", "gold.sales_cube"])
def test_p12_rebuild_makes_damaged_silver_and_gold_again(
    lived_in: Retailer, table: str, fault: Callable[[Retailer, str], None]
) -> None:
    before = lived_in.state()
    fault(lived_in, table)
    lived_in.rebuild()
    assert lived_in.state() == before
    assert lived_in.run().is_nothing_new


@pytest.mark.long
@pytest.mark.parametrize(
    "lost", ["silver", "gold", "silver/products", "gold/revenue_per_month", "ops/balance"]
)
def test_p12_a_run_makes_lost_silver_and_gold_again(lived_in: Retailer, lost: str) -> None:
    before = lived_in.state()
    first = lived_in.run_ids()[0]
    shutil.rmtree(lived_in.lakehouse / lost)
    assert RUN in refusal(lived_in, "status")
    assert lived_in.run().run_id is not None
    assert lived_in.state() == before
    assert lived_in.run().is_nothing_new
    # Versions of the lost table count from 0 again, so that those of earlier runs mean nothing.
    with pytest.raises(UsageError, match="not kept any more"):
        lived_in.rollback(first)


@pytest.mark.long
@pytest.mark.parametrize("lost", ["ops/deliveries", "ops"])
@pytest.mark.parametrize("silver", ["kept", "lost"])
def test_p12_restore_makes_the_ledger_again_and_a_run_finishes(
    lived_in: Retailer, lost: str, silver: str
) -> None:
    before, ledger = lived_in.state(), lived_in.ledger()
    shutil.rmtree(lived_in.lakehouse / lost)
    if silver == "lost":
        shutil.rmtree(lived_in.lakehouse / "silver")
    restored = restore(lived_in.declaration)
    assert (restored.held, restored.nameless, restored.unknown) == ((), (), ())
    now = lived_in.ledger()
    known = {(each.file_id, each.feed, each.name, each.sha256, each.rows) for each in now}
    for each in ledger.in_force():
        assert (each.file_id, each.feed, each.name, each.sha256, each.rows) in known
        assert now[each.file_id].headers == each.headers
    lived_in.run()
    assert lived_in.state() == before
    assert lived_in.run().is_nothing_new
    states = lived_in.states()
    assert states["lyon/a.csv"] == [State.SUPERSEDED, State.ARCHIVED]
    assert states["boston/copy.csv"] == [State.REPEATED]
    # The ledger knows its files again: a repeat is one, a correction corrects.
    lived_in.deliver("lyon/b.csv", sale("3", day="2025-02-01"))
    lived_in.deliver("lyon/a.csv", sale("1", total="13.00"), sale("2"))
    report = lived_in.run()
    assert [each.path for each in report.repeated] == ["lyon/b.csv"]
    assert [each.path for each in report.corrected] == ["lyon/a.csv"]


@pytest.mark.parametrize("fault", [cut_log, lose_data])
@pytest.mark.parametrize("table", ["ops.deliveries", "ops.runs"])
def test_p12_restore_replaces_a_damaged_ledger(
    lived_in: Retailer, table: str, fault: Callable[[Retailer, str], None]
) -> None:
    before = lived_in.state()
    fault(lived_in, table)
    restore(lived_in.declaration)
    lived_in.run()
    assert lived_in.state() == before


@pytest.mark.long
def test_p12_restore_holds_what_did_not_count_and_names_what_it_cannot_know(
    lived_in: Retailer,
) -> None:
    before = lived_in.state()
    lived_in.deliver("lyon/c.csv", sale("7"))
    lived_in.run()
    lived_in.withdraw("lyon/c.csv")
    lived_in.deliver("lyon/d.csv", sale("8"))
    lived_in.run()
    with_d = lived_in.state()
    remove(lived_in, "ops.deliveries")
    [archived] = lived_in.lakehouse.glob("archive/lyon/*/d.csv")
    archived.unlink()
    foreign = lived_in.lakehouse / "archive/lyon/0123456789ab/e.csv"
    foreign.parent.mkdir()
    foreign.write_text("id,day,item,price,units,total\n" + sale("77") + "\n")
    restored = restore(lived_in.declaration)
    assert [note.path for note in restored.held] == ["lyon/c.csv"]
    assert len(restored.nameless) == 1
    assert restored.unknown == (str(foreign),)
    lived_in.run()
    assert lived_in.rows("silver.sales", "sale_id") == sorted(
        [("1",), ("1",), ("2",), ("3",), ("8",)], key=repr
    )
    assert list(status(lived_in.declaration).unknown) == [str(foreign)]
    assert before != with_d


@pytest.mark.long
def test_p12_restore_keeps_a_doubtful_catalogue_and_doubtful_rates_held(
    lived_in: Retailer,
) -> None:
    header = "produit,categorie,product,category"
    lived_in.declared["rates"] = {"landing": "rates/*.csv"}
    lived_in.deliver_text("rates/r.csv", "date,USD\n2025-01-14,1.25\n")
    lived_in.run()
    lived_in.deliver_text("rates/r.csv", "date,USD\n2025-01-14,0.8\n")
    lived_in.deliver_catalogue(f"{header}\nVase,Jardin,Garden bench,Garden")
    lived_in.run()
    held = ["catalogue/catalogue.csv", "rates/r.csv"]
    assert [lived_in.states()[path][-2:] for path in held] == [["archived", "held"]] * 2
    before = lived_in.state()
    remove(lived_in, "ops.deliveries")
    restored = restore(lived_in.declaration)
    assert sorted(note.path for note in restored.held) == held
    lived_in.run()
    assert lived_in.state() == before


@pytest.mark.long
def test_p12_restore_finds_files_whose_columns_were_renamed_or_stay_in_the_landing_folder(
    retailer: Retailer,
) -> None:
    retailer.declared["feeds"]["lyon"]["archive"] = "leave"
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", total="x"))
    retailer.deliver("boston/a.csv", sale("1"))
    retailer.run()
    before = retailer.state()
    feed = retailer.declared["feeds"]["boston"]
    feed["columns"]["paid"] = feed["columns"].pop("amount")
    feed["computed"] = {"amount": {"sql": "paid"}}
    remove(retailer, "ops.deliveries")
    restored = restore(retailer.declaration)
    assert not restored.nameless
    retailer.run()
    assert retailer.state() == before
    assert retailer.run().is_nothing_new


@pytest.mark.long
def test_p12_restore_knows_a_file_that_was_rejected_after_it_was_read(lived_in: Retailer) -> None:
    lived_in.declared["feeds"]["lyon"]["max_quarantined"] = "40%"
    lived_in.deliver("lyon/w.csv", sale("60"), sale("61", total="x"))
    assert [each.path for each in lived_in.run().rejected] == ["lyon/w.csv"]
    before = lived_in.state()
    remove(lived_in, "ops.deliveries")
    restored = restore(lived_in.declaration)
    assert (restored.held, restored.nameless) == ((), ())
    [rejected] = lived_in.ledger().in_state(State.REJECTED)
    assert (rejected.path, rejected.reason) == ("lyon/w.csv", rejected.reason)
    assert "quarantine" in (rejected.reason or "")
    lived_in.run()
    assert lived_in.state() == before


@pytest.mark.long
def test_p12_restore_keeps_a_replay(lived_in: Retailer) -> None:
    lived_in.deliver("lyon/e.csv", sale("40", total="x"), sale("41"))
    lived_in.run()
    mend = lived_in.export("lyon")
    mend.write_text(mend.read_text(encoding="utf-8-sig").replace(",x,", ",10.00,"))
    lived_in.replay(mend)
    before = lived_in.state()
    assert "40" in {row[0] for row in lived_in.rows("silver.sales", "sale_id")}
    remove(lived_in, "ops.deliveries")
    restore(lived_in.declaration)
    lived_in.run()
    assert lived_in.state() == before


def test_p12_restore_refuses_what_it_cannot_do(lived_in: Retailer, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can be read"):
        restore(lived_in.declaration)
    remove(lived_in, "ops.deliveries")
    remove(lived_in, "bronze.sales")
    with pytest.raises(TableDamaged, match=r"bronze\.sales: .*sales-pipeline reset"):
        restore(lived_in.declaration)
    assert RESET in refusal(lived_in, "run")


@pytest.mark.long
def test_p12_a_killed_restore_is_begun_anew(
    lived_in: Retailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = lived_in.state()
    shutil.rmtree(lived_in.lakehouse / "ops")

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("sales_pipeline.operations.restore.Ledger.record", stop)
        with pytest.raises(KeyboardInterrupt):
            restore(lived_in.declaration)
    assert RESTORE in refusal(lived_in, "run")
    restore(lived_in.declaration)
    lived_in.run()
    assert lived_in.state() == before


@pytest.mark.long
@pytest.mark.parametrize("fault", [remove, cut_log, lose_data])
def test_p12_reset_moves_back_what_a_lost_ledger_does_not_know(
    lived_in: Retailer, fault: Callable[[Retailer, str], None]
) -> None:
    fault(lived_in, "ops.deliveries")
    done = lived_in.reset()
    assert done.moved == [
        "boston/a.csv", "boston/copy.csv", "catalogue/catalogue.csv",
        "lyon/a.csv", "lyon/b.csv", "lyon/page.csv",
    ]  # fmt: skip
    # The later version of a.csv is back; the earlier one stays where it is, named once.
    assert len(done.kept) == 1
    assert "12.00" in (lived_in.landing / "lyon/a.csv").read_text()
    report = lived_in.run()
    assert not report.is_nothing_new
    assert lived_in.rows("silver.sales", "amount")


@pytest.mark.long
def test_p12_reset_names_a_file_that_stays_once(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.declared["feeds"]["lyon"]["max_removed"] = "100%"
    for sale_id in ("1", "2", "1"):
        retailer.deliver("lyon/a.csv", sale(sale_id), sale("9"))
        retailer.run()
    done = retailer.reset()
    assert sorted(done.moved) == ["catalogue/catalogue.csv", "lyon/a.csv"]
    assert len(done.kept) == 1
    assert sale("1") in (retailer.landing / "lyon/a.csv").read_text()


def test_p12_status_names_archived_files_that_the_ledger_does_not_know(
    lived_in: Retailer,
) -> None:
    assert status(lived_in.declaration).unknown == ()
    foreign = lived_in.lakehouse / "archive/lyon/0123456789ab/2024/x.csv"
    foreign.parent.mkdir(parents=True)
    foreign.write_text(CATALOGUE)
    assert status(lived_in.declaration).unknown == (str(foreign),)


def test_p12_on_the_command_line_there_is_one_message_and_no_traceback(
    lived_in: Retailer, capfd: pytest.CaptureFixture[str]
) -> None:
    config = lived_in.folder / "config.yaml"
    folders = {"landing": str(lived_in.landing), "lakehouse": str(lived_in.lakehouse)}
    config.write_text(json.dumps({**lived_in.declared, **folders}))
    lived_in.deliver("lyon/z.csv", sale("50"))
    lose_data(lived_in, "silver.records")
    with pytest.raises(SystemExit) as end:
        main(["run", "--config", str(config)])
    assert end.value.code == 1
    err = capfd.readouterr().err
    assert "silver.records: a data file is missing" in err
    assert all(word not in err for word in ("unforeseen", "Traceback", "panicked"))
    remove(lived_in, "ops.deliveries")
    with pytest.raises(SystemExit) as end:
        main(["restore", "--config", str(config)])
    assert end.value.code == 0


@pytest.mark.parametrize("closed", ["bronze/sales", "silver/records", "ops/deliveries/_delta_log"])
def test_p12_a_table_that_cannot_be_written_is_named(lived_in: Retailer, closed: str) -> None:
    lived_in.deliver("lyon/z.csv", sale("50"))
    folder = lived_in.lakehouse / closed
    folder.chmod(0o500)
    ended, found = ran("without_rights", lived_in)
    folder.chmod(0o700)
    if found is None and not ended.code:
        pytest.skip("this machine lets nobody give up rights")
    assert (ended.code, found) == (0, [1]), ended.error
    table = ".".join(closed.split("/")[:2])
    assert f"{table}: cannot be written, at {folder}. Do: " in ended.error
    assert all(word not in ended.error for word in ("unforeseen", "Traceback", "panicked")), (
        ended.error
    )
    lived_in.run()
    assert ("50",) in lived_in.rows("silver.sales", "sale_id")
