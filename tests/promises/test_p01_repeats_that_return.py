"""P1: bytes that are in force count once, also if a file that did not count comes back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sales_pipeline.errors import UsageError
from sales_pipeline.run_report import RunReport
from tests.retailer import Retailer, sale

pytestmark = pytest.mark.long

SALES = [sale("1"), sale("2")]
Again = Callable[[Retailer], RunReport]


def rejudged(retailer: Retailer) -> RunReport:
    """Validates the feed again."""
    return retailer.run(rejudge=["lyon"])


@pytest.fixture
def trading(retailer: Retailer) -> Retailer:
    """A retailer with a file in force, whose feed has no key, so that each record counts."""
    retailer.declared["feeds"]["lyon"] |= {"max_quarantined": "20%", "key": []}
    retailer.deliver_catalogue()
    retailer.deliver("lyon/first.csv", sale("7", "2025-03-01"), sale("8", "2025-03-01"))
    retailer.run()
    return retailer


@pytest.fixture
def rejected_twice(retailer: Retailer) -> Retailer:
    """A retailer whose feed rejected the same bytes under two names, and reads dates since."""
    feed = retailer.declared["feeds"]["lyon"]
    feed |= {"max_quarantined": "20%", "key": [], "date_formats": ["dd/MM/yyyy"]}
    retailer.deliver_catalogue()
    for path in ("lyon/a.csv", "lyon/b.csv"):
        retailer.deliver(path, *SALES)
        assert [note.path for note in retailer.run().rejected] == [path]
    feed["date_formats"] = ["yyyy-MM-dd"]
    return retailer


def january(retailer: Retailer) -> str:
    """The revenue of January."""
    return retailer.revenue()[2025, 1]


def check_kept_and_rebuilt(retailer: Retailer, path: str) -> None:
    """Checks that a repeat lies in the archive, and that a rebuild changes nothing."""
    archived = [file.name for file in (retailer.lakehouse / "archive").rglob("*.csv")]
    assert path.rpartition("/")[2] in archived
    assert list((retailer.lakehouse / "rejected").rglob("*.csv")) == []
    before = retailer.state()
    report = retailer.rebuild()
    assert (report.exit_code, report.repeated) == (0, [])
    assert retailer.state() == before
    assert retailer.run().is_nothing_new


@pytest.mark.parametrize("again", [rejudged, Retailer.rebuild])
def test_p1_bytes_rejected_under_two_names_count_once(
    rejected_twice: Retailer, again: Again
) -> None:
    report = again(rejected_twice)
    assert january(rejected_twice) == "20.00"
    assert rejected_twice.states()["lyon/b.csv"] == ["repeated"]
    [note] = report.repeated
    assert (note.path, report.exit_code) == ("lyon/b.csv", 0)
    assert note.reason == "the same bytes as a.csv, which is validated in its place"
    check_kept_and_rebuilt(rejected_twice, "lyon/b.csv")


def test_p1_a_plan_names_the_repeat_among_the_files_to_validate_again(
    rejected_twice: Retailer,
) -> None:
    planned = {file.path: file for file in rejected_twice.plan(rejudge=["lyon"]).rejudged}
    assert planned["lyon/a.csv"].becomes == "rejudged"
    repeat = planned["lyon/b.csv"]
    original = rejected_twice.ledger().latest()["lyon", "lyon/a.csv"].file_id
    assert (repeat.becomes, repeat.delivery, repeat.months) == ("repeat", original, ())


@pytest.mark.parametrize("stage", ["silver", "gold", "archive", "record"])
@pytest.mark.parametrize("again", [rejudged, Retailer.rebuild])
def test_p1_a_repeat_is_archived_and_named_after_a_kill(
    rejected_twice: Retailer, again: Again, stage: str
) -> None:
    with rejected_twice.stopped_before(stage):
        again(rejected_twice)
    report = rejected_twice.run()
    assert [note.path for note in report.repeated] == ["lyon/b.csv"]
    assert january(rejected_twice) == "20.00"
    check_kept_and_rebuilt(rejected_twice, "lyon/b.csv")


def test_p1_the_same_bytes_rejected_twice_under_one_name_count_once(retailer: Retailer) -> None:
    feed = retailer.declared["feeds"]["lyon"]
    feed |= {"max_quarantined": "20%", "key": [], "date_formats": ["dd/MM/yyyy"]}
    retailer.deliver_catalogue()
    for _ in range(2):
        retailer.deliver("lyon/a.csv", *SALES)
        retailer.run()
    feed["date_formats"] = ["yyyy-MM-dd"]
    report = rejudged(retailer)
    assert (report.exit_code, report.unmoved) == (0, [])
    assert january(retailer) == "20.00"
    assert retailer.states()["lyon/a.csv"] == ["archived", "repeated"]
    check_kept_and_rebuilt(retailer, "lyon/a.csv")


def test_p1_a_rejected_file_is_a_repeat_of_what_counts_since(rejected_twice: Retailer) -> None:
    rejected_twice.deliver("lyon/c.csv", *SALES)
    rejected_twice.run()
    assert january(rejected_twice) == "20.00"
    report = rejudged(rejected_twice)
    reason = "the same bytes as c.csv, which is in force"
    assert [note.reason for note in report.repeated] == [reason, reason]
    assert january(rejected_twice) == "20.00"
    rejected_twice.withdraw("lyon/c.csv")
    # As with any repeat: none comes back by itself, and the bytes count when they come again.
    assert rejected_twice.revenue() == {}
    rejected_twice.deliver("lyon/a.csv", *SALES)
    rejected_twice.run()
    assert january(rejected_twice) == "20.00"


def test_p1_a_repeat_stays_one_if_its_original_is_rejected_again(rejected_twice: Retailer) -> None:
    feed = rejected_twice.declared["feeds"]["lyon"]
    feed["date_formats"] = ["yyyy/MM/dd"]
    report = rejudged(rejected_twice)
    assert [note.path for note in report.rejected] == ["lyon/a.csv"]
    assert [note.path for note in report.repeated] == ["lyon/b.csv"]
    feed["date_formats"] = ["yyyy-MM-dd"]
    rejudged(rejected_twice)
    assert january(rejected_twice) == "20.00"
    check_kept_and_rebuilt(rejected_twice, "lyon/b.csv")


def test_p1_a_release_repeats_what_was_delivered_under_another_name_since(
    trading: Retailer,
) -> None:
    [start] = trading.run_ids()
    trading.deliver("lyon/a.csv", *SALES)
    trading.run()
    trading.rollback(start)
    trading.deliver("lyon/b.csv", *SALES)
    trading.run()
    report = trading.release()
    assert [note.reason for note in report.repeated] == [
        "the same bytes as b.csv, which is in force"
    ]
    assert (january(trading), report.exit_code) == ("20.00", 0)
    assert trading.states()["lyon/a.csv"] == ["repeated"]
    check_kept_and_rebuilt(trading, "lyon/a.csv")


def test_p1_a_release_repeats_a_copy_of_what_a_rollback_brought_back(trading: Retailer) -> None:
    trading.deliver("lyon/a.csv", *SALES)
    trading.run()
    run = trading.run_ids()[-1]
    trading.deliver("lyon/a.csv", sale("1", total="7.00"), sale("2"))
    trading.run()
    trading.deliver("lyon/copy.csv", *SALES)
    trading.run()
    trading.rollback(run)
    assert [note.path for note in trading.release("lyon/copy.csv").repeated] == ["lyon/copy.csv"]
    assert january(trading) == "20.00"


def test_p1_released_together_each_counts_as_it_was_delivered(trading: Retailer) -> None:
    [start] = trading.run_ids()
    trading.deliver("lyon/a.csv", *SALES)
    trading.run()
    trading.deliver("lyon/a.csv", sale("1", total="7.00"), sale("2"))
    trading.run()
    trading.deliver("lyon/copy.csv", *SALES)
    trading.run()
    before = trading.revenue()
    trading.rollback(start)
    report = trading.release()
    assert (trading.revenue(), report.repeated) == (before, [])


def test_p1_a_held_correction_is_not_accepted_if_its_bytes_count_already(
    trading: Retailer,
) -> None:
    trading.deliver("lyon/first.csv", *SALES[:1])
    assert [note.path for note in trading.run().held_files] == ["lyon/first.csv"]
    trading.deliver("lyon/b.csv", *SALES[:1])
    trading.run()
    before = trading.state()
    with pytest.raises(UsageError) as refused:
        trading.accept("lyon/first.csv")
    assert str(refused.value) == (
        "lyon/first.csv: the same bytes as b.csv, which is in force, so that its records would "
        "count twice. Do: sales-pipeline withdraw lyon/first.csv, which refuses it and leaves "
        "the other"
    )
    assert trading.state() == before
    assert trading.states()["lyon/first.csv"] == ["archived", "held"]
    trading.withdraw("lyon/first.csv")
    assert trading.states()["lyon/first.csv"] == ["archived", "withdrawn"]
    assert trading.revenue() == {(2025, 1): "10.00", (2025, 3): "20.00"}


@pytest.mark.parametrize("copy", ["a_copy.csv", "second.csv"])
@pytest.mark.parametrize("kept", [True, False], ids=["corrected", "held"])
def test_p1_a_copy_of_a_file_that_is_corrected_in_the_same_run_counts_once(
    trading: Retailer, copy: str, *, kept: bool
) -> None:
    """Also if the correction is held; if it counts, the copy is a new file for the next run."""
    first = [sale("7", "2025-03-01"), sale("8", "2025-03-01")]
    corrected = [*first, sale("9", "2025-03-01")] if kept else [sale("9", "2025-06-01")]
    trading.deliver("lyon/first.csv", *corrected)
    trading.deliver(f"lyon/{copy}", *first)
    trading.run()
    assert trading.states()["lyon/first.csv"][-1] == ("archived" if kept else "held")
    assert trading.revenue() == {(2025, 3): "30.00" if kept else "20.00"}
    report = trading.run()
    assert report.is_nothing_new is not kept
    assert trading.revenue() == {(2025, 3): "50.00" if kept else "20.00"}
    assert trading.run().is_nothing_new
    before = trading.state()
    trading.rebuild()
    assert trading.state() == before
