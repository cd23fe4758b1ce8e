"""A run reports lines that a feed declares to be no records, and that are records all the same."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from sales_pipeline.report.run import run_document, run_text
from sales_pipeline.run_report import RunReport
from tests.retailer import CATALOGUE, HEADER, Retailer, sale

KEPT = (
    "csv.skip_lines: {skip} and csv.footer_lines: {footer} leave out lines that read as records, "
    "so they are kept as records: {lines}. Do: see whether the file is whole; declare "
    "csv.skip_like or csv.footer_like if they are none"
)


def _warned(report: RunReport) -> list[dict[str, str]]:
    warnings: list[dict[str, str]] = run_document(report)["warnings"]
    console = Console(file=io.StringIO(), width=1000, color_system=None)
    console.print(run_text(report))
    assert isinstance(console.file, io.StringIO)
    for warning in warnings:
        assert f"{warning['feed']}: {warning['sentence']}\n" in console.file.getvalue()
    return warnings


def _with_csv(retailer: Retailer, **csv: Any) -> None:
    retailer.declared["feeds"]["lyon"]["csv"] = csv


def test_a_sale_where_the_line_of_totals_should_be_is_reported(retailer: Retailer) -> None:
    _with_csv(retailer, footer_lines=1)
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), "Total,,,,")
    retailer.deliver("lyon/b.csv", sale("2"), sale("3"))
    report = retailer.run()
    assert report.exit_code == 0
    kept = KEPT.format(skip=0, footer=1, lines=repr(sale("3")))
    assert _warned(report) == [{"feed": "lyon", "sentence": f"lyon/b.csv: {kept}"}]
    assert retailer.revenue() == {(2025, 1): "30.00"}


def test_so_is_one_where_the_title_should_be_and_one_of_the_catalogue_and_of_rates(
    retailer: Retailer,
) -> None:
    _with_csv(retailer, skip_lines=1, header=False)
    columns = {
        "sale_id": 1,
        "sold_on": 2,
        "product": 3,
        "unit_price": 4,
        "quantity": 5,
        "amount": 6,
    }
    retailer.declared["feeds"]["lyon"]["columns"] = {name: str(at) for name, at in columns.items()}
    retailer.declared["catalogue"]["csv"] = {"footer_lines": 1}
    retailer.declared["rates"] = {"landing": "rates/*.csv", "csv": {"footer_lines": 1}}
    retailer.deliver_catalogue()
    retailer.deliver_text("rates/r.csv", "date,USD\n2025-01-14,1.25\n2025-01-15,1.26\n")
    retailer.deliver("lyon/a.csv", sale("2"), header=sale("1"))
    lines = {
        "catalogue/catalogue.csv": ("catalogue", 0, 1, CATALOGUE.splitlines()[-1]),
        "lyon/a.csv": ("lyon", 1, 0, sale("1")),
        "rates/r.csv": ("exchange_rates", 0, 1, "2025-01-15,1.26"),
    }
    warnings = sorted(_warned(retailer.run()), key=lambda warning: warning["sentence"])
    assert warnings == [
        {
            "feed": feed,
            "sentence": f"{path}: {KEPT.format(skip=skip, footer=footer, lines=repr(line))}",
        }
        for path, (feed, skip, footer, line) in lines.items()
    ]
    assert len(retailer.table("silver.sales")) == 2


def test_an_unfit_or_cut_off_sale_where_the_line_of_totals_should_be_waits_in_quarantine(
    retailer: Retailer,
) -> None:
    _with_csv(retailer, footer_lines=1)
    retailer.declared["feeds"]["lyon"]["max_quarantined"] = "100%"
    retailer.deliver_catalogue()
    unfit, cut_off = "2,,Vase,10.00,1,10.00", "3,2025-01-15,Va"
    retailer.deliver("lyon/a.csv", sale("1"), unfit)
    retailer.deliver("lyon/b.csv", sale("4"), cut_off)
    warned = [warning["sentence"] for warning in _warned(retailer.run())]
    assert warned == [
        f"lyon/{name}.csv: {KEPT.format(skip=0, footer=1, lines=repr(line))}"
        for name, line in (("a", unfit), ("b", cut_off))
    ]
    waiting = [row["reasons"] for row in retailer.table("silver.quarantine")]
    assert sorted(waiting) == [["date_missing"], ["too_few_columns"]]


@pytest.mark.long
@pytest.mark.parametrize("stage", ["bronze", "silver"])
def test_the_run_after_a_killed_one_reports_them(retailer: Retailer, stage: str) -> None:
    _with_csv(retailer, footer_lines=1)
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2"))
    with retailer.stopped_before(stage):
        retailer.run()
    [warning] = _warned(retailer.run())
    assert warning["sentence"].startswith("lyon/a.csv: csv.skip_lines: 0 and csv.footer_lines: 1")
    assert _warned(retailer.run(rejudge=["lyon"])) == []


def test_personal_data_is_in_no_warning(retailer: Retailer) -> None:
    _with_csv(retailer, footer_lines=1)
    retailer.declared["feeds"]["lyon"]["never_store"] = ["buyer"]
    retailer.deliver_catalogue()
    header = f"{HEADER},buyer"
    retailer.deliver("lyon/a.csv", f"{sale('1')},Ann", f"{sale('2')},Ann", header=header)
    [warning] = _warned(retailer.run())
    assert "kept as records: not shown, because the feed has never_store" in warning["sentence"]
    assert "Ann" not in warning["sentence"]
