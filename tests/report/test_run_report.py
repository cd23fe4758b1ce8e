from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from rich.console import RenderableType

from sales_pipeline.gold.changes import Moved
from sales_pipeline.gold.rate_book import HeldRate
from sales_pipeline.report.run import run_document, run_line, run_text
from sales_pipeline.run_report import FeedCounts, FileNote, RunReport
from sales_pipeline.silver.displaced import DisplacedSales

Rendered = Callable[[RenderableType], list[str]]
LINE = (
    "run=20260101T000000-abc123 outcome=done files=16 rows=1501 accepted=1498 quarantined=2 "
    "duplicate=1 rejected=0 months=2 seconds=3.21"
)
NOTHING = (
    "run=none outcome=done files=0 rows=0 accepted=0 quarantined=0 duplicate=0 rejected=0 "
    "months=0 seconds=0.31"
)


@pytest.fixture
def report() -> RunReport:
    counts = {"accepted": 1497, "quarantined": 2, "duplicate": 1, "displaced": 0, "excluded": 0}
    return RunReport(
        run_id="20260101T000000-abc123",
        feeds=[
            FeedCounts("paris", 15, 1500, counts),
            FeedCounts("tokyo", 1, 1, {"accepted": 1}),
        ],
        months=[date(2025, 1, 1), date(2025, 2, 1)],
        rows=1501,
        bytes=90_000,
        seconds=3.2149,
    )


def test_a_plain_run_is_one_table_and_one_line(report: RunReport, rendered: Rendered) -> None:
    assert rendered(run_text(report)) == [
        "What came",
        "Feed    Files   Delivered   Accepted   Quarantined   Duplicate",
        "──────────────────────────────────────────────────────────────",
        "paris      15       1,500      1,497             2           1",
        "tokyo       1           1          1             0           0",
        "all        16       1,501      1,498             2           1",
        "",
        LINE,
    ]


def test_a_class_that_is_rare_has_a_column_where_there_is_any(
    report: RunReport, rendered: Rendered
) -> None:
    report.feeds[0].classes["displaced"] = 4
    header = rendered(run_text(report))[1]
    assert "Displaced" in header
    assert "Excluded" not in header


def test_every_file_that_needs_a_sentence_gets_one(report: RunReport, rendered: Rendered) -> None:
    report.outcome = "failed"
    report.rejected = [FileNote("paris/a.csv", "landing/paris/a.csv: zero bytes")]
    report.failed = [FileNote("paris/b.csv", "does not balance: delivered 2 rows")]
    report.abandoned = [FileNote("paris/c.csv", "changed or vanished while it was read")]
    report.held_files = [FileNote("paris/h.csv", "it has no record")]
    report.withdrawn = [FileNote("paris/w.csv", "withdrawn on purpose")]
    report.corrected = [FileNote("paris/d.csv", "takes the place of delivery 3")]
    report.repeated = [FileNote("paris/e.csv", "the same bytes as d.csv, which is in force")]
    report.unclaimed = ["notes.txt"]
    report.unready = ["paris/f.csv.part"]
    report.unreadable = [FileNote("paris/u.csv", "cannot be read: Permission denied")]
    report.links = ["paris/g.csv"]
    report.resumed = 2
    assert rendered(run_text(report))[7:-2] == [
        "1 file rejected, in rejected/ of the lakehouse",
        "  landing/paris/a.csv: zero bytes",
        "  Back in the landing folder: sales-pipeline check names the option that reads it, if any",
        "1 file failed: taken out again",
        "  paris/b.csv: does not balance: delivered 2 rows",
        "1 file abandoned; the next run takes them as they are then",
        "  paris/c.csv: changed or vanished while it was read",
        "1 file not readable; left for the next run",
        "  paris/u.csv: cannot be read: Permission denied",
        "1 file held until somebody decides",
        "  paris/h.csv: it has no record",
        "1 file corrected",
        "  paris/d.csv: takes the place of delivery 3",
        "1 file withdrawn",
        "  paris/w.csv: withdrawn on purpose",
        "1 file repeated; archived and not counted",
        "  paris/e.csv: the same bytes as d.csv, which is in force",
        "1 file in the landing folder that no feed claims",
        "  notes.txt",
        "1 file not ready; left for the next run",
        "  paris/f.csv.part",
        "1 symbolic link, not followed",
        "  paris/g.csv",
        "2 deliveries that an earlier run had left unfinished, brought to an end",
    ]


def test_held_months_are_named_with_their_days_and_money(
    report: RunReport, rendered: Rendered
) -> None:
    january, february = date(2025, 1, 1), date(2025, 2, 1)
    report.outcome = "failed"
    report.held = [
        HeldRate(january, "USD", date(2025, 1, 4), date(2025, 1, 9), 3, Decimal("1234.5")),
        HeldRate(january, "JPY", date(2025, 1, 4), date(2025, 1, 4), 1, Decimal(900)),
    ]
    report.repriced, report.provisional = [january, february], [february]
    assert rendered(run_text(report))[7:-2] == [
        "1 month on hold; gold stays as it was there until a run finds the rates",
        "  2025-01 USD: 3 days without a rate, from 2025-01-04 to 2025-01-09, 1,234.50 USD",
        "  2025-01 JPY: 1 day without a rate, on 2025-01-04, 900 JPY",
        "2 months made again because rates changed: 2025-01, 2025-02",
        "1 month provisional, until a later one has rates: 2025-02",
    ]
    document = run_document(report)
    assert document["held"][0] == {
        "month": "2025-01",
        "currency": "USD",
        "first_day": "2025-01-04",
        "last_day": "2025-01-09",
        "days": 3,
        "amount": "1234.5",
        "is_too_large": False,
    }
    assert (document["repriced"], document["provisional"]) == (["2025-01", "2025-02"], ["2025-02"])


def test_displaced_sales_are_told_by_feed_and_store_with_the_money_of_both(
    report: RunReport, rendered: Rendered
) -> None:
    amounts = {"EUR": Decimal("1234.5"), "CHF": Decimal(2)}
    report.displaced = [
        DisplacedSales("paris", None, 1200, amounts, {"EUR": Decimal(-3)}),
        DisplacedSales("group", "nice", 1, {"EUR": Decimal(1)}, {"EUR": Decimal(2)}),
    ]
    heading, *lines = rendered(run_text(report))[7:-2]
    assert heading.startswith("1,201 sales displaced by a later file, with another day or amount")
    assert lines[-2:] == [
        "  paris: 1,200 sales of 2.00 CHF and 1,234.50 EUR; in force instead: -3.00 EUR",
        "  group, store nice: 1 sale of 1.00 EUR; in force instead: 2.00 EUR",
    ]


def test_a_run_that_only_holds_says_so(rendered: Rendered) -> None:
    lines = rendered(run_text(RunReport(run_id="r")))
    assert lines[0] == "No new files; gold stays as it is."


def test_what_moved_is_a_table_and_of_many_rows_twelve_are_shown(
    report: RunReport, rendered: Rendered
) -> None:
    report.currency = "EUR"
    before, after = Decimal("1.500"), Decimal("2.000")
    report.moved = [
        Moved(date(2025, 1, 1), f"store_{number}", before, after, Decimal("9.9945"), Decimal(1000))
        for number in range(14)
    ]
    lines = rendered(run_text(report))
    assert lines[7:9] == [
        "What moved",
        "Month     Store      Units before   after   EUR before      after",
    ]
    assert lines[10] == "2025-01   store_0             1.5       2         9.99   1,000.00"
    assert lines[22] == "... and 2 more"
    assert len(run_document(report)["moved"]) == 14
    report.is_moved_known = False
    assert any("the earlier figures are not kept" in line for line in rendered(run_text(report)))


def test_of_many_files_five_are_named_and_the_rest_counted(
    report: RunReport, rendered: Rendered
) -> None:
    report.unclaimed = [f"{number}.txt" for number in range(1234)]
    lines = rendered(run_text(report))
    assert "1,234 files in the landing folder that no feed claims" in lines
    assert "  and 1,229 more" in lines


def test_nothing_new_is_said_in_two_words(rendered: Rendered) -> None:
    assert rendered(run_text(RunReport(seconds=0.31))) == [
        "Nothing new.",
        NOTHING,
    ]


def test_nothing_new_still_names_what_no_feed_claims(rendered: Rendered) -> None:
    assert "  notes.txt" in rendered(run_text(RunReport(unclaimed=["notes.txt"])))


def test_gold_made_again_without_a_file_is_said(rendered: Rendered) -> None:
    lines = rendered(run_text(RunReport(run_id="r", months=[date(2025, 1, 1)])))
    assert lines[0] == "No new files; gold made again for 1 month."


def test_a_hostile_file_name_is_shown_harmless(rendered: Rendered) -> None:
    lines = rendered(run_text(RunReport(unclaimed=["[red]a\x1b[2J\nrun=fake outcome=done"])))
    assert r"  [red]a\x1b[2J run=fake outcome=done" in lines


def test_the_line_is_one_line_of_pairs(report: RunReport) -> None:
    pairs = dict(pair.split("=") for pair in run_line(report).split(" "))
    assert pairs["accepted"] == "1498"


def test_the_document_of_a_run_has_every_key_whatever_happened(report: RunReport) -> None:
    assert run_document(report).keys() == run_document(RunReport()).keys()
    assert run_document(report)["months"] == ["2025-01", "2025-02"]
    assert run_document(report)["feeds"][1] == {
        "feed": "tokyo",
        "files": 1,
        "delivered": 1,
        "accepted": 1,
        "quarantined": 0,
        "duplicate": 0,
        "displaced": 0,
        "excluded": 0,
        "superseded": 0,
    }


def test_the_document_of_a_failed_run_names_the_files(report: RunReport) -> None:
    report.outcome = "failed"
    report.rejected = [FileNote("paris/a.csv", "zero bytes")]
    document = run_document(report)
    assert document["exit_code"] == 1
    assert document["rejected"] == [{"path": "paris/a.csv", "reason": "zero bytes"}]


def test_a_month_with_too_large_amounts_says_what_to_do(
    report: RunReport, rendered: Rendered
) -> None:
    january, day = date(2025, 1, 1), date(2025, 1, 4)
    report.outcome = "failed"
    report.held = [HeldRate(january, "USD", day, day, 1, Decimal(10) ** 16, is_too_large=True)]
    heading, line = rendered(run_text(report))[7:9]
    assert heading == "1 month on hold; gold stays as it was there until a run can add it up"
    assert line.startswith("  2025-01 USD: 1 day worth more than gold can hold, on 2025-01-04, ")
    assert "Do: withdraw the file with wrong amounts" in " ".join(rendered(run_text(report)))
