"""A run from the outside: what it resumes, what it refuses before it begins, what it tells."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sales_pipeline.engines.embedded import EmbeddedEngine
from sales_pipeline.errors import UsageError
from sales_pipeline.pipeline import run
from tests.replacements import Replacements
from tests.retailer import Retailer, sale


class AtStage:
    """Does something when a stage of the run begins."""

    def __init__(self, stage: str, action: Callable[[], object]) -> None:
        self.awaited, self.action = stage, action
        self.seen: list[str] = []

    def stage(self, name: str, total_bytes: int) -> None:
        """A stage begins."""
        self.seen.append(name)
        if name == self.awaited:
            self.action()

    def advance(self, *, bytes_done: int, rows_done: int = 0) -> None:
        """Nothing to do."""


@pytest.mark.long
def test_a_file_that_changes_after_it_was_claimed_is_left_for_the_next_run(
    retailer: Retailer,
) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.deliver("lyon/b.csv", sale("2"))

    def change() -> None:
        retailer.deliver("lyon/b.csv", sale("2"), sale("3"))

    report = run(retailer.declaration, progress=AtStage("bronze", change))
    assert report.exit_code == 1
    assert [note.path for note in report.abandoned] == ["lyon/b.csv"]
    assert retailer.revenue() == {(2025, 1): "10.00"}
    assert retailer.run().exit_code == 0
    assert retailer.revenue() == {(2025, 1): "30.00"}
    assert retailer.states()["lyon/b.csv"] == ["abandoned", "archived"]


def test_a_file_that_vanishes_after_it_was_claimed_is_abandoned(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    file = retailer.deliver("lyon/a.csv", sale("1"))
    report = run(retailer.declaration, progress=AtStage("bronze", file.unlink))
    assert [note.path for note in report.abandoned] == ["lyon/a.csv"]
    assert retailer.run().is_nothing_new


@pytest.mark.long
def test_a_file_that_changes_after_it_was_read_counts_as_it_was_and_is_a_correction_later(
    retailer: Retailer,
) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))

    def change() -> None:
        retailer.deliver("lyon/a.csv", sale("1", total="11.00"))

    run(retailer.declaration, progress=AtStage("gold", change))
    assert retailer.revenue() == {(2025, 1): "10.00"}
    assert (retailer.landing / "lyon/a.csv").exists()
    assert [note.path for note in retailer.run().corrected] == ["lyon/a.csv"]
    assert retailer.revenue() == {(2025, 1): "11.00"}


@pytest.mark.long
def test_batches_bounded_by_bytes_give_the_same_tables(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2"), sale("3", item="Lampe"))
    retailer.deliver("lyon/b.csv", sale("2", total="12.00"))
    retailer.deliver("boston/a.csv", sale("1"))
    retailer.declared["batch_bytes"] = 1
    retailer.run()
    in_batches = retailer.state()
    retailer.declared["batch_bytes"] = 1_000_000
    retailer.reset()
    retailer.run()
    assert retailer.state() == in_batches


@pytest.mark.long
def test_a_late_file_makes_only_its_own_months_again(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", "2025-02-01"))
    retailer.run()
    retailer.deliver("lyon/late.csv", sale("3", "2024-06-30"), sale("4", "2025-01-31"))
    report = retailer.run()
    assert [str(month) for month in report.months] == ["2024-06-01", "2025-01-01"]
    revenue = {(2024, 6): "10.00", (2025, 1): "20.00", (2025, 2): "10.00"}
    assert retailer.revenue() == revenue


def test_nothing_new_starts_no_session(retailer: Retailer, replaced: Replacements) -> None:
    sessions = replaced(EmbeddedEngine, "spark")
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.run()
    sessions.clear()
    assert retailer.run().is_nothing_new
    assert sessions == []


def test_a_condition_over_an_unknown_column_is_a_usage_error(retailer: Retailer) -> None:
    retailer.declared["feeds"]["lyon"]["exclude_when"] = "statsu = 'cancelled'"
    retailer.deliver_catalogue()
    with pytest.raises(UsageError, match=r"feeds\.lyon\.exclude_when: no condition over"):
        retailer.run()
    del retailer.declared["feeds"]["lyon"]["exclude_when"]
    assert retailer.states() == {}


@pytest.mark.long
def test_another_language_of_the_answers_judges_the_feeds_again_when_asked(
    retailer: Retailer,
) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1", item="Thé vert"))
    retailer.run()
    retailer.declared["language"] = "fr"
    with pytest.raises(UsageError, match="--rejudge lyon"):
        retailer.run()
    retailer.run(rejudge=["lyon"])
    assert retailer.rows("gold.top_selling_products", "product") == [("Thé vert",)]


def test_a_rebuild_without_a_lakehouse_says_what_to_do(retailer: Retailer) -> None:
    with pytest.raises(UsageError, match="sales-pipeline run"):
        retailer.rebuild()


def test_a_feed_with_sales_cannot_be_left_out_of_the_declaration(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("boston/a.csv", sale("1"))
    retailer.run()
    del retailer.declared["feeds"]["boston"]
    with pytest.raises(UsageError, match=r"feeds\.boston: not declared any more"):
        retailer.run()


@pytest.mark.long
def test_a_column_declared_later_is_added_to_bronze(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.run()
    retailer.declared["feeds"]["lyon"]["columns"]["till"] = "till"
    retailer.rebuild()
    retailer.deliver("lyon/b.csv", sale("2") + ",7", header="id,day,item,price,units,total,till")
    retailer.run()
    assert retailer.rows("bronze.lyon", "sale_id", "till") == [("1", None), ("2", "7")]


def test_a_file_that_a_later_batch_changes_is_reported_once(retailer: Retailer) -> None:
    retailer.declared["batch_bytes"] = 1
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2"))
    retailer.deliver("lyon/b.csv", sale("2", total="12.00"), sale("3"))
    report = retailer.run()
    [counts] = [each for each in report.feeds if each.feed == "lyon"]
    assert (counts.files, counts.delivered) == (2, 4)
    assert (counts.classes["accepted"], counts.classes["displaced"]) == (3, 1)


def test_a_run_that_resumes_says_so(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(retailer.declaration, progress=AtStage("gold", stop))
    assert retailer.states()["lyon/a.csv"] == ["in_silver"]
    report = retailer.run()
    assert report.resumed == 2
    counts = {each.feed: (each.files, each.delivered) for each in report.feeds}
    assert counts == {"catalogue": (1, 3), "lyon": (1, 1)}, "also what the stopped run counted"
    assert report.rows == sum(rows for _, rows in counts.values())
    assert retailer.revenue() == {(2025, 1): "10.00"}
