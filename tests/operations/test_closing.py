"""A closed month keeps its figures; what comes later is an adjustment with its cause."""

from __future__ import annotations

import io
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from rich.console import Console

from sales_pipeline.analysis.periods import By, Compare
from sales_pipeline.engines.embedded import EmbeddedEngine
from sales_pipeline.errors import LakehouseBusy, MonthNotClosed, TableDamaged, UsageError
from sales_pipeline.lakehouse.lease import Lease
from sales_pipeline.operations.closing import close
from sales_pipeline.operations.plan import plan
from sales_pipeline.operations.restore import restore
from sales_pipeline.report.answers import Answers
from sales_pipeline.report.answers_document import answers_document
from sales_pipeline.report.answers_of_run import Asked, answers
from sales_pipeline.report.plan import plan_document, plan_text
from sales_pipeline.report.questions import Question
from sales_pipeline.report.why_restated import WhyRestated, why_since_closing
from tests.retailer import Retailer, sale

ASKED = (
    Asked(),
    Asked(by=By.DAY, compare=Compare.PERIOD),
    Asked(by=By.YEAR),
    Asked.of_month(date(2025, 1, 1), store="lyon"),
    Asked(category="Home", compare=Compare.PERIOD),
)


TWELVE = Decimal(12)
SALE_3 = sale("3", "2025-02-03")


def said(retailer: Retailer, *, as_closed: bool = False, run: str | None = None) -> list[Any]:
    """What all answers say, without the run that says it and what is told of closings."""
    documents = []
    for asked in ASKED:
        found = answers(retailer.declaration, replace(asked, as_closed=as_closed), run=run)
        document = answers_document(found, list(Question))
        told = {"run_id", "finished_at", "as_closed", "closings"}
        documents.append({key: value for key, value in document.items() if key not in told})
    return documents


def reasons(why: WhyRestated) -> dict[str, dict[str, str]]:
    """Month -> reason -> its part."""
    return {
        f"{month.month:%Y-%m}": {part.reason: f"{part.change}" for part in month.reasons}
        for month in why.months
    }


@pytest.fixture
def closed(retailer: Retailer) -> Retailer:
    """A retailer with two months, all of them closed."""
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", "2025-01-25", "Thé vert"), SALE_3)
    retailer.deliver("boston/a.csv", sale("1"), sale("2", item="Green tea", total="20.00"))
    retailer.run()
    retailer.close("2025-01", "2025-02")
    return retailer


@pytest.mark.long
def test_as_closed_is_what_answers_said_whatever_comes_later(closed: Retailer) -> None:
    before = said(closed)
    assert said(closed, as_closed=True) == before
    closed.deliver("lyon/late.csv", sale("9", "2025-01-20", total="12.00"))
    closed.deliver("lyon/a.csv", sale("1", total="7.00"), SALE_3)
    closed.run()
    closed.declared["rates"]["fixed"]["USD"] = "0.90"
    closed.run()
    assert said(closed) != before
    assert said(closed, as_closed=True) == before
    closed.withdraw("boston/a.csv")
    closed.rebuild()
    assert said(closed, as_closed=True) == before
    closed.declared["feeds"]["lyon"]["exclude_when"] = "unit_price = '10.00'"
    closed.run(rejudge=["lyon"])
    assert said(closed, as_closed=True) == before


@pytest.mark.long
def test_adjustments_since_closing_have_their_causes_and_add_up(closed: Retailer) -> None:
    closed.deliver("lyon/late.csv", sale("9", "2025-01-20", total="12.00"))
    closed.deliver(
        "lyon/a.csv", sale("1", total="7.00"), sale("2", "2025-01-25", "Thé vert"), SALE_3
    )
    closed.run()
    closed.declared["rates"]["fixed"]["USD"] = "0.90"
    closed.run()
    why = why_since_closing(closed.declaration)
    # 30 dollars x 0.05 come from the rate.
    assert reasons(why) == {
        "2025-01": {"late files": "12.00", "corrections": "-3.00", "rates": "1.50"}
    }
    [month] = why.months
    assert month.change == month.revenue - month.revenue_before == Decimal("10.50")
    found = answers(closed.declaration)
    january, february = found.closings
    assert (january.is_restated, february.is_restated) == (True, False)
    assert january.change == month.change
    assert [part.reason for part in january.reasons] == [part.reason for part in month.reasons]


def test_what_comes_for_a_closed_month_is_late_also_of_a_store_that_had_not_sold(
    closed: Retailer,
) -> None:
    closed.declared["feeds"]["rome"] = {
        **closed.declared["feeds"]["lyon"],
        "landing": "rome/*.csv",
        "store": {"id": "rome", "name": "Rome", "city": "Rome", "country": "IT"},
    }
    closed.deliver("rome/a.csv", sale("1", "2025-02-27"))
    closed.run()
    assert reasons(why_since_closing(closed.declaration)) == {"2025-02": {"late files": "10.00"}}


@pytest.mark.long
def test_a_run_says_which_closed_month_it_changed(closed: Retailer) -> None:
    closed.deliver("lyon/late.csv", sale("9", "2025-01-20", total="12.00"))
    [changed] = closed.run().closings
    assert (changed.month, changed.change, changed.restated) == (date(2025, 1, 1), TWELVE, TWELVE)
    closed.deliver("lyon/later.csv", sale("10", "2025-01-20", total="1.00"))
    closed.deliver("lyon/new.csv", sale("11", "2025-03-20", total="5.00"))
    [changed] = closed.run().closings
    assert (changed.change, changed.restated) == (Decimal(1), Decimal(13))


def test_a_month_that_is_closed_already_stays_as_it_was(closed: Retailer) -> None:
    closed.deliver("lyon/late.csv", sale("9", "2025-01-20", total="12.00"))
    closed.run()
    runs = closed.run_ids()
    done = closed.close("2025-01")
    assert (done.run_id, done.closed) == (None, ())
    assert [each.month for each in done.already] == [date(2025, 1, 1)]
    assert closed.run_ids() == runs


def test_all_months_up_to_one_are_closed_and_a_schedule_may_repeat_it(closed: Retailer) -> None:
    closed.reopen("2025-01")
    closed.deliver("lyon/march.csv", sale("9", "2025-03-20"))
    closed.run()
    done = close(closed.declaration, through=date(2025, 2, 1))
    assert [each.month for each in done.closed] == [date(2025, 1, 1)]
    again = close(closed.declaration, through=date(2025, 2, 1))
    assert (again.run_id, again.closed, again.already) == (None, (), ())
    with pytest.raises(UsageError, match="--through: no month with sales up to 2024-12"):
        close(closed.declaration, through=date(2024, 12, 1))


@pytest.mark.long
def test_a_reopened_month_is_as_if_it_had_never_been_closed(closed: Retailer) -> None:
    closed.deliver("lyon/late.csv", sale("9", "2025-01-20", total="12.00"))
    closed.run()
    now = said(closed)
    closed.reopen("2025-01")
    assert said(closed) == said(closed, as_closed=True) == now
    assert [each.month for each in answers(closed.declaration).closings] == [date(2025, 2, 1)]
    closed.close("2025-01")
    assert not why_since_closing(closed.declaration).months
    with pytest.raises(UsageError, match=r"2025-03: not closed; closed are 2025-01, 2025-02"):
        closed.reopen("2025-03")


@pytest.mark.long
def test_a_rollback_brings_back_the_closings_of_its_run(closed: Retailer) -> None:
    first, close_run = closed.run_ids()
    closed.deliver("lyon/late.csv", sale("9", "2025-01-20", total="12.00"))
    closed.run()
    before = said(closed, as_closed=True)
    closed.rollback(first)
    assert answers(closed.declaration).closings == ()
    closed.rollback(close_run)
    closed.release()
    assert said(closed, as_closed=True) == before
    assert reasons(why_since_closing(closed.declaration)) == {"2025-01": {"late files": "12.00"}}


@pytest.mark.long
def test_closings_last_when_earlier_versions_are_gone(closed: Retailer) -> None:
    before = said(closed, as_closed=True)
    closed.deliver("lyon/late.csv", sale("9", "2025-01-20", total="12.00"))
    closed.run()
    closed.declared["keep_days"] = 0
    closed.maintain()
    assert said(closed, as_closed=True) == before
    assert reasons(why_since_closing(closed.declaration)) == {"2025-01": {"late files": "12.00"}}


def test_products_of_a_part_of_a_closed_month_are_not_kept(closed: Retailer) -> None:
    asked = Asked(date(2025, 1, 10), date(2025, 1, 20), as_closed=True, compare=Compare.NONE)
    with pytest.raises(UsageError, match=r"kept by whole months, got 2025-01-10 to 2025-01-20"):
        answers(closed.declaration, asked)
    asked = replace(asked, questions=(Question.GLOBAL, Question.STORES))
    found: Answers = answers(closed.declaration, asked)
    assert found.total
    assert found.total.sales == 3


# Refusals


def test_a_month_without_sales_or_not_over_is_not_closed(closed: Retailer) -> None:
    with pytest.raises(UsageError, match=r"2024-05: no sales to close; .* 2025-01 to 2025-02"):
        closed.close("2024-05")
    this_month = datetime.now(UTC).date().replace(day=1)
    closed.deliver("lyon/now.csv", sale("20", f"{this_month}"))
    closed.run()
    with pytest.raises(UsageError, match="not over yet"):
        closed.close(f"{this_month:%Y-%m}", anyway=True)


@pytest.mark.long
def test_a_month_of_which_much_money_waits_in_quarantine_is_closed_only_anyway(
    retailer: Retailer,
) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1", total="98.00"), sale("2", item="?", total="2.00"))
    retailer.run()
    with pytest.raises(MonthNotClosed, match=r"2025-01: 2\.0 % of its money waits in quarantine"):
        retailer.close("2025-01")
    assert retailer.table("ops.closings") == []
    retailer.declared["closing"] = {"quarantined": "2%"}
    assert [each.passed_over for each in retailer.close("2025-01").closed] == [()]
    retailer.reopen("2025-01")
    retailer.declared["closing"] = {"quarantined": "1%"}
    [closing] = retailer.close("2025-01", anyway=True).closed
    assert ["waits in quarantine" in each for each in closing.passed_over] == [True]


def test_records_without_a_day_or_amount_count_for_the_months_of_their_file(
    retailer: Retailer,
) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1", "2025-01-05"), sale("2", "2025-02-05"))
    retailer.deliver("lyon/b.csv", sale("3", "2025-02-30"), sale("4", "2025-02-06"))
    retailer.deliver("lyon/c.csv", sale("5", "2025-03-03"), sale("6", "2025-03-03", total="x"))
    retailer.run()
    retailer.close("2025-01")
    # 10 of 30, and an average sale of 10 beside 10.
    with pytest.raises(MonthNotClosed, match=r"33\.3 %"):
        retailer.close("2025-02")
    with pytest.raises(MonthNotClosed, match=r"50\.0 %"):
        retailer.close("2025-03")


@pytest.mark.long
def test_a_held_file_of_a_month_is_in_the_way_of_this_month_only(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    days = ("2025-01-05", "2025-01-06", "2025-01-07")
    retailer.deliver("lyon/a.csv", *(sale(day[-1], day) for day in days))
    retailer.deliver("lyon/b.csv", sale("20", "2025-02-05"))
    retailer.run()
    retailer.deliver("lyon/a.csv", sale("5", "2025-01-05"))
    retailer.run()
    assert retailer.states()["lyon/a.csv"][-1] == "held"
    retailer.close("2025-02")
    with pytest.raises(MonthNotClosed, match=r"2025-01: 1 file with sales of it held, got lyon/a"):
        retailer.close("2025-01")
    retailer.close("2025-01", anyway=True)
    retailer.accept("lyon/a.csv")
    assert reasons(why_since_closing(retailer.declaration)) == {
        "2025-01": {"corrections": "-20.00"}
    }


@pytest.mark.long
def test_a_month_on_hold_is_closed_only_anyway_and_then_what_gold_lacked_is_told(
    retailer: Retailer,
) -> None:
    retailer.declared["rates"] = {
        "policy": "daily",
        "landing": "rates/*.csv",
        "layout": "rows",
    }
    retailer.deliver_catalogue()
    retailer.deliver_text("rates/a.csv", "date,currency,rate\n2025-01-15,USD,1.25\n")
    retailer.deliver("boston/a.csv", sale("1", "2025-01-15"))
    retailer.deliver("lyon/a.csv", sale("1", "2025-01-15"))
    retailer.run()
    retailer.deliver("boston/b.csv", sale("2", "2025-01-30", total="5.00"))
    retailer.run()
    with pytest.raises(MonthNotClosed, match="2025-01: on hold"):
        retailer.close("2025-01")
    retailer.close("2025-01", anyway=True)
    before = said(retailer)
    retailer.deliver_text("rates/b.csv", "date,currency,rate\n2025-01-30,USD,1.00\n")
    retailer.run()
    assert said(retailer, as_closed=True) == before
    why = why_since_closing(retailer.declaration)
    assert [f"{month.change}" for month in why.months] == ["5.00"]
    assert {part.reason for part in why.months[0].reasons} == {"months on hold"}


# A table is lost (P12)


@pytest.mark.parametrize("table", ["closings", "closed_days", "closed_records"])
def test_p12_a_lost_table_of_the_closed_months_is_named_and_restore_opens_them(
    closed: Retailer, table: str
) -> None:
    shutil.rmtree(closed.lakehouse / "ops" / table)
    closed.deliver("lyon/late.csv", sale("9", "2025-01-20", total="12.00"))
    with pytest.raises(TableDamaged, match=rf"ops\.{table}: the table is missing\. Do: .*restore"):
        closed.run()
    with pytest.raises(TableDamaged, match=rf"ops\.{table}"):
        closed.close("2025-01")
    restored = restore(closed.declaration)
    assert (restored.tables, restored.opened) == ((), (f"ops.{table}",))
    closed.run()
    assert answers(closed.declaration).closings == ()
    closed.close("2025-01")
    assert [each.month for each in answers(closed.declaration).closings] == [date(2025, 1, 1)]


@pytest.mark.long
def test_p12_a_restored_ledger_keeps_the_closings(closed: Retailer) -> None:
    before = said(closed, as_closed=True)
    for table in ("deliveries", "runs"):
        shutil.rmtree(closed.lakehouse / "ops" / table)
    restore(closed.declaration)
    closed.run()
    assert said(closed, as_closed=True) == before
    assert not why_since_closing(closed.declaration).months
    closed.deliver("lyon/late.csv", sale("9", "2025-01-20", total="12.00"))
    closed.run()
    assert reasons(why_since_closing(closed.declaration)) == {"2025-01": {"late files": "12.00"}}


def test_p10_close_and_reopen_take_the_lease(
    closed: Retailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EmbeddedEngine, "is_leased", True)
    lease = Lease(EmbeddedEngine(closed.lakehouse), "here", "run")
    assert lease.try_to_take()
    with pytest.raises(LakehouseBusy):
        closed.reopen("2025-01")
    with pytest.raises(LakehouseBusy):
        closed.close("2025-01")
    lease.release()
    closed.reopen("2025-01")
    assert [each.month for each in closed.close("2025-01").closed] == [date(2025, 1, 1)]


def test_a_lakehouse_that_was_never_closed_has_no_table_of_closings(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.run()
    made = {path.name for path in (retailer.lakehouse / "ops").iterdir()}
    assert made == {"deliveries", "runs", "balance"}
    assert answers(retailer.declaration, Asked(as_closed=True)).closings == ()


def test_a_plan_names_the_closed_months_that_a_run_may_restate(closed: Retailer) -> None:
    assert plan(closed.declaration).closed_months == []
    closed.deliver("lyon/late.csv", sale("90", "2025-01-20"), sale("91", "2025-03-20"))
    planned = plan(closed.declaration)
    assert planned.closed_months == [date(2025, 1, 1)]
    assert plan_document(planned)["closed_months"] == ["2025-01"]
    console = Console(file=io.StringIO(), width=200)
    console.print(plan_text(planned))
    line = "  of them closed, so their figures may be restated: 2025-01"
    assert line in console.file.getvalue().splitlines()  # type: ignore[attr-defined]
