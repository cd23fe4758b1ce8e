"""Sales of some days by product, which gold keeps by month only."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from sales_pipeline.analysis.periods import By
from sales_pipeline.errors import UsageError
from sales_pipeline.report.answers_of_run import Asked, answers
from sales_pipeline.report.questions import Question
from tests.retailer import CATALOGUE, Retailer, sale

FIRST, LAST = date(2025, 1, 1), date(2025, 1, 25)


def _revenue(retailer: Retailer, category: str | None = None, by: By = By.MONTH) -> Decimal:
    asked = Asked(FIRST, LAST, by, category=category, questions=(Question.GLOBAL,))
    total = answers(retailer.declaration, asked).total
    assert total is not None
    return total.revenue


@pytest.fixture
def held(tmp_path: Path) -> Retailer:
    """January was made with two sales; then came two more, of which one has no rate."""
    retailer = Retailer(tmp_path)
    retailer.declared["rates"] = {"policy": "daily", "landing": "rates/*.csv"}
    retailer.deliver_catalogue()
    retailer.deliver_text("rates/a.csv", "Date,USD\n2025-01-10,1.25\n")
    retailer.deliver("lyon/a.csv", sale("1", "2025-01-10", total="100.00"))
    retailer.deliver("boston/a.csv", sale("b1", "2025-01-10", total="100.00"))
    assert not retailer.run().held
    retailer.deliver("lyon/b.csv", sale("2", "2025-01-20", total="700.00"))
    retailer.deliver("boston/b.csv", sale("b2", "2025-01-20", total="100.00"))
    [waiting] = retailer.run().held
    assert waiting.month == FIRST
    return retailer


@pytest.mark.parametrize("by", [By.MONTH, By.WEEK])
def test_a_part_of_a_month_on_hold_is_what_gold_shows_of_it(held: Retailer, by: By) -> None:
    assert _revenue(held, by=by) == Decimal("180.00")
    assert _revenue(held, "Home", by) == Decimal("180.00")
    asked = Asked(FIRST, LAST, by)
    [vase] = answers(held.declaration, asked).best_by_value
    assert vase.revenue == Decimal("180.00")


def test_a_month_on_hold_that_gold_never_made_has_no_days(held: Retailer) -> None:
    held.deliver("boston/c.csv", sale("b3", "2025-02-10", total="100.00"))
    held.deliver("lyon/c.csv", sale("3", "2025-02-10", total="1.00"))
    held.run()
    asked = Asked(FIRST, date(2025, 2, 12))
    [vase] = answers(held.declaration, asked).best_by_value
    assert vase.revenue == Decimal("180.00")


def test_once_the_rate_is_there_the_days_are_those_of_silver(held: Retailer) -> None:
    held.deliver_text("rates/b.csv", "Date,USD\n2025-01-10,1.25\n2025-01-20,2.00\n")
    assert not held.run().held
    assert _revenue(held) == _revenue(held, "Home") == Decimal("930.00")


def test_it_is_said_if_silver_is_not_kept_as_gold_shows_it(held: Retailer) -> None:
    held.declared["keep_days"] = 0
    held.maintain()
    with pytest.raises(UsageError, match=r"2025-01: on hold.*Do: ask for whole months"):
        _revenue(held, "Home")
    assert _revenue(held) == Decimal("180.00")


def test_a_product_of_two_categories_has_that_of_the_cube_in_a_part_of_a_month(
    retailer: Retailer,
) -> None:
    retailer.declared["catalogue"]["code"] = "code"
    for feed in retailer.declared["feeds"].values():
        feed["product_by"] = "code"
    header, *_ = CATALOGUE.splitlines()
    lines = [f"code,{header}", "1,Thé,Épicerie,Tea,Drinks", "2,Thé,Maison,Tea,Food"]
    retailer.deliver_catalogue("\n".join(lines))
    retailer.deliver(
        "lyon/a.csv",
        sale("1", "2025-01-10", "1", total="100.00"),
        sale("2", "2025-01-11", "2", total="10.00"),
    )
    retailer.run()
    assert _revenue(retailer, "Food") == Decimal("110.00")
