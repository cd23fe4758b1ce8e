"""P4: a rollback brings a whole state back and forgets nothing; a release brings the rest back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from rich.console import Console

from sales_pipeline.errors import UsageError
from sales_pipeline.lakehouse.ledger import State
from sales_pipeline.lakehouse.rollback_steps import begin_rollback
from sales_pipeline.lakehouse.runs import finished_runs
from sales_pipeline.operations.plan import plan
from sales_pipeline.report.status import status, status_document, status_text
from tests.promises.killed_run import dies
from tests.retailer import CATALOGUE, Retailer, sale


def _first(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", item="Lampe"), sale("3", total="x"))
    retailer.deliver("boston/a.csv", sale("1"))


def _second(retailer: Retailer) -> None:
    """A correction, a new file that displaces a sale, and a name that the catalogue learns."""
    retailer.deliver("lyon/a.csv", sale("1", total="12.00"), sale("2", item="Lampe"), sale("3"))
    retailer.deliver("boston/b.csv", sale("1", total="11.00"), sale("9", "2025-02-01"))
    retailer.deliver_catalogue(f"{CATALOGUE}\nLampe,Maison,Lamp,Home", "catalogue_2.csv")


Lived = tuple[Retailer, dict[str, Any], dict[str, Any]]


@pytest.fixture(scope="module")
def lived_once(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    """A retailer after both deliveries, and the two states in which it was."""
    retailer = Retailer(tmp_path_factory.mktemp("lived"))
    states = []
    for deliver in (_first, _second):
        deliver(retailer)
        retailer.run()
        states.append(retailer.state())
    return retailer, states[0], states[1]


@pytest.fixture
def lived(lived_once: Lived, tmp_path: Path) -> Lived:
    """A copy of that retailer, with its two states."""
    retailer, first, second = lived_once
    return retailer.copied_to(tmp_path), first, second


@pytest.mark.long
def test_p4_a_rollback_brings_back_what_a_run_left_and_the_next_run_does_not_undo_it(
    lived: Lived,
) -> None:
    retailer, first, second = lived
    kept = {path for path in retailer.lakehouse.rglob("*.csv") if path.is_file()}
    done = retailer.rollback(retailer.run_ids()[0])
    assert retailer.state() == first
    assert [each.path for each in done.held] == [
        "catalogue/catalogue_2.csv", "lyon/a.csv", "boston/b.csv",
    ]  # fmt: skip
    assert [each.path for each in done.back] == ["lyon/a.csv"]
    assert {each.store for each in done.moved} == {"lyon", "boston"}
    assert {path for path in retailer.lakehouse.rglob("*.csv") if path.is_file()} == kept
    assert retailer.run().is_nothing_new
    assert retailer.states()["lyon/a.csv"] == ["archived", "held"]
    # The very files again are repeats of what is held.
    _second(retailer)
    assert len(retailer.run().repeated) == 3
    assert retailer.state()["silver.sales"] == first["silver.sales"]
    retailer.release()
    assert retailer.state() == second
    retailer.rebuild()
    assert retailer.state() == second


def test_p4_a_rollback_can_itself_be_rolled_back(lived: Lived) -> None:
    retailer, first, second = lived
    runs = retailer.run_ids()
    retailer.rollback(runs[0])
    back = retailer.rollback(runs[1])
    assert retailer.state() == second
    assert [each.path for each in back.back] == [
        "catalogue/catalogue_2.csv", "lyon/a.csv", "boston/b.csv",
    ]  # fmt: skip
    assert not retailer.ledger().in_state(State.HELD)
    third = retailer.rollback(retailer.run_ids()[2])
    assert retailer.state() == first
    assert third.to.verb == "rollback"
    assert retailer.run().is_nothing_new


@pytest.mark.long
def test_p4_after_a_rollback_the_tables_are_those_of_a_rebuild(lived: Lived) -> None:
    retailer, first, _ = lived
    retailer.rollback(retailer.run_ids()[0])
    retailer.rebuild()
    assert retailer.state() == first


@pytest.mark.long
def test_p4_what_was_withdrawn_since_counts_again(lived: Lived) -> None:
    retailer, _, second = lived
    run = retailer.run_ids()[-1]
    retailer.withdraw("boston/b.csv")
    assert retailer.state() != second
    retailer.rollback(run)
    assert retailer.state() == second
    retailer.rebuild()
    assert retailer.state() == second


@pytest.mark.long
def test_p4_a_replay_that_was_rolled_back_mends_again_once_it_is_released(
    retailer: Retailer,
) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", total="x"))
    retailer.run()
    first = retailer.state()
    mend = retailer.export("lyon")
    mend.write_text(mend.read_text().replace(",x", ",10.00"))
    retailer.replay(mend)
    mended = retailer.state()
    assert mended != first
    retailer.rollback(retailer.run_ids()[0])
    assert retailer.state() == first
    retailer.release()
    assert retailer.state() == mended


@pytest.mark.long
def test_p4_one_file_is_released_and_the_others_stay_held(lived: Lived) -> None:
    retailer, _, _ = lived
    retailer.rollback(retailer.run_ids()[0])
    retailer.release("boston/b.csv")
    states = retailer.states()
    assert states["boston/b.csv"] == ["archived"]
    assert states["lyon/a.csv"] == ["archived", "held"]
    with pytest.raises(UsageError, match="no such file is held by a rollback"):
        retailer.release("boston/b.csv")


def test_p4_a_file_that_came_since_takes_the_place_of_the_one_that_is_held(lived: Lived) -> None:
    retailer, _, _ = lived
    retailer.rollback(retailer.run_ids()[0])
    retailer.deliver("lyon/a.csv", sale("1", total="99.00"), sale("3"))
    retailer.run()
    assert retailer.states()["lyon/a.csv"] == ["superseded", "superseded", "archived"]


@pytest.mark.long
def test_p4_files_that_only_add_are_all_released(retailer: Retailer) -> None:
    retailer.declared["feeds"]["lyon"]["same_name"] = "adds"
    retailer.deliver_catalogue()
    retailer.run()
    for sale_id in ("1", "2", "3"):
        retailer.deliver("lyon/a.csv", sale(sale_id))
        retailer.run()
    retailer.rollback(retailer.run_ids()[1])
    assert retailer.rows("silver.sales", "sale_id") == [("1",)]
    retailer.deliver("lyon/a.csv", sale("4"))
    retailer.run()
    retailer.release()
    assert retailer.rows("silver.sales", "sale_id") == [("1",), ("2",), ("3",), ("4",)]


@pytest.mark.long
def test_p4_what_a_killed_run_left_is_rolled_back_too(tmp_path: Path) -> None:
    retailer = Retailer(tmp_path)
    _first(retailer)
    retailer.run()
    first = retailer.state()
    _second(retailer)
    with retailer.stopped_before("gold"):
        retailer.run()
    done = retailer.rollback(retailer.run_ids()[0])
    assert retailer.state() == first
    assert len(done.held) == 3
    assert retailer.run().months == []
    assert retailer.state() == first


@pytest.mark.long
def test_p4_what_was_not_in_bronze_yet_is_taken_in_as_new(tmp_path: Path) -> None:
    retailer = Retailer(tmp_path)
    _first(retailer)
    retailer.run()
    _second(retailer)
    with retailer.stopped_before("bronze"):
        retailer.run()
    retailer.rollback(retailer.run_ids()[0])
    assert retailer.states()["boston/b.csv"] == ["abandoned"]
    retailer.run()
    assert retailer.states()["boston/b.csv"] == ["abandoned", "archived"]


def test_p4_a_rollback_to_what_is_there_changes_nothing(lived: Lived) -> None:
    retailer, _, second = lived
    done = retailer.rollback(retailer.run_ids()[-1])
    assert (done.held, done.back, done.moved) == ((), (), ())
    assert retailer.state() == second


def test_p4_an_unknown_run_is_named_with_the_one_that_was_meant(lived: Lived) -> None:
    retailer, _, second = lived
    run = retailer.run_ids()[0]
    with pytest.raises(UsageError, match=f"Did you mean '{run}'"):
        retailer.rollback(run[:-1])
    assert retailer.state() == second


def test_p4_a_run_whose_versions_are_gone_says_so_before_anything_changes(lived: Lived) -> None:
    retailer, _, second = lived
    versions = retailer.read(lambda lakehouse: finished_runs(lakehouse)[0].version_of)
    folder = retailer.lakehouse / "silver" / "records"
    then = DeltaTable(folder, version=versions["silver.records"]).file_uris()
    for each in set(then) - set(DeltaTable(folder).file_uris()):
        Path(each).unlink()
    with pytest.raises(UsageError, match=r"silver\.records: version \d+ is not kept any more"):
        retailer.rollback(retailer.run_ids()[0])
    assert retailer.state() == second
    assert retailer.run().is_nothing_new


def test_p4_an_interrupted_rollback_is_told_of_until_a_run_has_finished_it(
    lived: Lived, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*of: Any) -> None:
        begin_rollback(*of)
        raise KeyboardInterrupt

    retailer, first, _ = lived
    run = retailer.run_ids()[0]
    monkeypatch.setattr("sales_pipeline.operations.rollback.begin_rollback", interrupted)
    with pytest.raises(KeyboardInterrupt):
        retailer.rollback(run)
    said = f"A rollback to run {run} was interrupted"
    assert plan(retailer.declaration).notes[0].startswith(said)
    found = status(retailer.declaration)
    assert status_document(found)["rolling_back_to"] == run
    Console(width=200).print(status_text(found))
    assert said in capsys.readouterr().out
    retailer.run()
    assert retailer.state() == first
    assert not plan(retailer.declaration).notes
    assert status(retailer.declaration).rolling_back_to is None


@pytest.mark.long
@pytest.mark.parametrize("moment", ["before", "after"])
def test_p4_a_killed_rollback_is_finished_by_the_next_run(lived: Lived, moment: str) -> None:
    retailer, first, _ = lived
    run = retailer.run_ids()[0]
    # Its record is the first commit: killed before it, nothing has happened.
    deaths = 0
    for point in range(2, 40, 2):
        if not dies(retailer, point, moment, "rollback", run):
            break
        deaths += 1
        retailer.run()
        assert retailer.state() == first
        retailer.rollback(retailer.run_ids()[1])
    assert deaths >= 5
