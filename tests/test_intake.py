"""An unforeseen error in one feed is that feed's trouble; the others go on to gold."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Any

import pytest

from sales_pipeline.bronze import ingestion
from sales_pipeline.silver import cleaning
from tests.retailer import CATALOGUE, Retailer, sale

STEPS = [(ingestion, "ingest_data"), (cleaning, "clean_data")]


def break_feed(
    monkeypatch: pytest.MonkeyPatch,
    step: tuple[Any, str],
    *feeds: str,
    error: Callable[[], Exception] = lambda: ZeroDivisionError("a fault nobody foresaw"),
) -> None:
    """Lets a step raise an error as soon as it has a delivery of some feeds to do with."""
    module, name = step
    whole = getattr(module, name)

    def broken(lakehouse: Any, ledger: Any, deliveries: Any, **options: Any) -> Any:
        if any(delivery.feed in feeds for delivery in deliveries):
            raise error()
        return whole(lakehouse, ledger, deliveries, **options)

    monkeypatch.setattr(module, name, broken)


@pytest.fixture
def delivered(retailer: Retailer) -> Retailer:
    """A retailer whose two shops have delivered a file each."""
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.deliver("boston/a.csv", sale("2", total="20.00", price="20.00"))
    return retailer


@pytest.mark.long
@pytest.mark.parametrize("step", STEPS, ids=["bronze", "silver"])
def test_the_trouble_of_one_feed_leaves_the_others_alone(
    delivered: Retailer, monkeypatch: pytest.MonkeyPatch, step: tuple[Any, str]
) -> None:
    with monkeypatch.context() as patch:
        break_feed(patch, step, "lyon")
        report = delivered.run()
    assert report.exit_code == 1
    assert [note.path for note in report.failed] == ["lyon/a.csv"]
    assert "unforeseen ZeroDivisionError: a fault nobody foresaw" in report.failed[0].reason
    assert delivered.states()["lyon/a.csv"] == ["failed"]
    assert delivered.states()["boston/a.csv"] == ["archived"]
    assert delivered.revenue() == {(2025, 1): "17.00"}
    assert list(delivered.lakehouse.glob("rejected/lyon/*/a.csv"))
    assert delivered.run().is_nothing_new
    delivered.deliver("lyon/a.csv", sale("1"))
    assert delivered.run().exit_code == 0
    assert delivered.revenue() == {(2025, 1): "27.00"}


@pytest.mark.parametrize("step", STEPS, ids=["bronze", "silver"])
def test_an_error_in_every_feed_ends_the_run_and_fails_nothing(
    delivered: Retailer, monkeypatch: pytest.MonkeyPatch, step: tuple[Any, str]
) -> None:
    with monkeypatch.context() as patch:
        break_feed(patch, step, "lyon", "boston", "catalogue")
        with pytest.raises(ZeroDivisionError):
            delivered.run()
    assert delivered.run().exit_code == 0
    assert delivered.revenue() == {(2025, 1): "27.00"}


def test_an_error_that_is_no_feeds_own_ends_the_run(
    delivered: Retailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = os.strerror(errno.ENOSPC)
    with monkeypatch.context() as patch:
        break_feed(patch, STEPS[1], "lyon", error=lambda: RuntimeError(f"write: {full}"))
        with pytest.raises(RuntimeError, match=full):
            delivered.run()
    assert "failed" not in delivered.states()["lyon/a.csv"]
    assert delivered.run().exit_code == 0
    assert delivered.revenue() == {(2025, 1): "27.00"}


@pytest.mark.long
def test_sales_that_count_already_stay_when_their_feed_cannot_be_validated_again(
    delivered: Retailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert delivered.run().exit_code == 0
    delivered.deliver("boston/b.csv", sale("3"))
    with monkeypatch.context() as patch:
        break_feed(patch, STEPS[1], "lyon")
        report = delivered.run(rejudge=["lyon"])
    assert report.exit_code == 1
    assert [note.path for note in report.failed] == ["lyon/a.csv"]
    assert delivered.revenue() == {(2025, 1): "35.50"}
    assert delivered.run().exit_code == 0
    assert delivered.states()["lyon/a.csv"] == ["archived"]
    assert delivered.revenue() == {(2025, 1): "35.50"}


@pytest.mark.long
def test_a_broken_catalogue_stops_no_sales_that_are_known(
    delivered: Retailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert delivered.run().exit_code == 0
    delivered.deliver("lyon/b.csv", sale("3"))
    delivered.deliver_catalogue(CATALOGUE + "\nBol,Maison,Bowl,Home\n", name="more.csv")
    with monkeypatch.context() as patch:
        break_feed(patch, STEPS[1], "catalogue")
        report = delivered.run()
    assert report.exit_code == 1
    assert [note.path for note in report.failed] == ["catalogue/more.csv"]
    assert delivered.revenue() == {(2025, 1): "37.00"}
    assert delivered.run().exit_code == 0
    assert delivered.states()["catalogue/more.csv"] == ["archived"]
