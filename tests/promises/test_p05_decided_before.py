"""P5: a decision whose command was killed after its commit is finished by the same command."""

from __future__ import annotations

from pathlib import Path

import pytest

from sales_pipeline.errors import UsageError
from sales_pipeline.operations.decisions import withdrawal
from tests.retailer import Retailer, sale


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Retailer:
    """A retailer with three files in force, of which one has a correction that is held."""
    retailer = Retailer(tmp_path_factory.mktemp("traded"))
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2"), sale("3", "2025-02-01"))
    retailer.deliver("lyon/b.csv", sale("4"))
    retailer.deliver("boston/a.csv", sale("5"))
    retailer.run()
    retailer.deliver("lyon/a.csv", sale("4", total="12.00"))
    retailer.run()
    return retailer


@pytest.fixture
def shop(traded: Retailer, tmp_path: Path) -> Retailer:
    """A copy of that retailer to change."""
    return traded.copied_to(tmp_path / "shop")


LONG = [pytest.param(stage, marks=pytest.mark.long) for stage in ("gold", "archive", "record")]


@pytest.mark.parametrize("stage", ["silver", *LONG])
def test_p5_accept_finishes_what_a_killed_accept_decided(
    stage: str, shop: Retailer, tmp_path: Path
) -> None:
    calm = shop.copied_to(tmp_path / "calm")
    calm.accept("lyon/a.csv")
    with shop.stopped_before(stage):
        shop.accept("lyon/a.csv")
    report = shop.accept("lyon/a.csv")
    assert (report.exit_code, report.is_nothing_new) == (0, False)
    assert shop.state() == calm.state()
    assert shop.states()["lyon/a.csv"] == ["superseded", "archived"]
    assert shop.run().is_nothing_new


@pytest.mark.parametrize("stage", ["withdrawal", *LONG])
def test_p5_withdraw_finishes_what_a_killed_withdraw_decided(
    stage: str, shop: Retailer, tmp_path: Path
) -> None:
    calm = shop.copied_to(tmp_path / "calm")
    calm.withdraw("lyon/b.csv")
    with shop.stopped_before(stage):
        shop.withdraw("lyon/b.csv")
    assert withdrawal(shop.declaration, "lyon/b.csv").is_decided
    assert shop.withdraw("lyon/b.csv").exit_code == 0
    assert shop.state() == calm.state()
    assert shop.states()["lyon/b.csv"] == ["withdrawn"]
    assert shop.run().is_nothing_new


def test_p5_a_killed_refusal_never_goes_on_to_the_file_in_force(shop: Retailer) -> None:
    before = shop.state()
    with shop.stopped_before("record"):
        shop.withdraw("lyon/a.csv")
    shop.withdraw("lyon/a.csv")
    assert shop.states()["lyon/a.csv"] == ["archived", "withdrawn"]
    assert shop.run().is_nothing_new
    assert shop.state() == before


@pytest.mark.long
def test_p5_an_earlier_refusal_does_not_keep_a_file_from_being_withdrawn(shop: Retailer) -> None:
    shop.withdraw("lyon/a.csv")
    shop.deliver("lyon/c.csv", sale("6"))
    with shop.stopped_before("gold"):
        shop.run()
    assert not withdrawal(shop.declaration, "lyon/a.csv").is_decided
    shop.withdraw("lyon/a.csv")
    assert shop.states()["lyon/a.csv"] == ["withdrawn", "withdrawn"]
    assert shop.states()["lyon/c.csv"] == ["archived"]


@pytest.mark.long
def test_p5_a_file_that_came_again_after_a_killed_withdraw_can_be_withdrawn(
    shop: Retailer,
) -> None:
    with shop.stopped_before("withdrawal"):
        shop.withdraw("lyon/b.csv")
    shop.deliver("lyon/b.csv", sale("4", total="13.00"))
    with shop.stopped_before("gold"):
        shop.run()
    assert not withdrawal(shop.declaration, "lyon/b.csv").is_decided
    shop.withdraw("lyon/b.csv")
    assert shop.states()["lyon/b.csv"] == ["withdrawn", "withdrawn"]


@pytest.mark.long
@pytest.mark.parametrize("files", [(), ("lyon/b.csv", "lyon/d.csv")])
@pytest.mark.parametrize("stage", ["silver", "record"])
def test_p5_release_finishes_what_a_killed_release_decided(
    stage: str, files: tuple[str, ...], retailer: Retailer
) -> None:
    retailer.deliver_catalogue()
    retailer.run()
    retailer.deliver("lyon/b.csv", sale("1"))
    retailer.deliver("lyon/d.csv", sale("2"))
    retailer.run()
    released = retailer.state()
    retailer.rollback(retailer.run_ids()[0])
    with retailer.stopped_before(stage):
        retailer.release(*files)
    assert retailer.release(*files).exit_code == 0
    assert retailer.state() == released
    assert retailer.run().is_nothing_new
    with pytest.raises(UsageError, match=r"release: nothing is rolled back\."):
        retailer.release(*files)


def test_p5_a_file_that_was_decided_about_is_not_taken_for_another_one(shop: Retailer) -> None:
    shop.accept("lyon/a.csv")
    with pytest.raises(UsageError) as accepted:
        shop.accept("lyon/a.csv")
    assert str(accepted.value) == (
        "lyon/a.csv: no such file is held; it was accepted already. Held: no file is."
    )
    shop.withdraw("lyon/a.csv")
    with pytest.raises(UsageError) as withdrawn:
        shop.withdraw("lyon/a.csv")
    assert str(withdrawn.value) == (
        "lyon/a.csv: no such file is in force; it was withdrawn already. "
        "In force: boston/a.csv, catalogue/catalogue.csv, lyon/b.csv."
    )
