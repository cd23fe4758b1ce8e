"""Why figures differ between two runs: by reason, adding up to the cent, month by month."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from rich.console import RenderableType

from sales_pipeline.analysis.asked_sales import AskedPeriod
from sales_pipeline.errors import UsageError
from sales_pipeline.exact import half_up
from sales_pipeline.report.why_restated import (
    AskedRestatement,
    WhyRestated,
    why_restated,
    why_restated_csv,
    why_restated_document,
    why_restated_text,
)
from sales_pipeline.silver.silver_tables import read_silver
from tests.retailer import CATALOGUE, Retailer, sale

pytestmark = pytest.mark.long  # its retailer takes a dozen runs

Rendered = Callable[[RenderableType], list[str]]
JANUARY, FEBRUARY = "2025-01", "2025-02"
LEARNT = f"{CATALOGUE}\nLampe,Maison,Lamp,Home"
REASONS: list[dict[str, dict[str, str]]] = [
    # A file of January comes late, and is the first of February. 5.00 EUR; 6.00 EUR.
    {JANUARY: {"late files": "5.00"}, FEBRUARY: {"new files": "6.00"}},
    # A sale of 20.00 EUR becomes 25.00, one is not there any more, one comes: - 1.00 + 2.50.
    {JANUARY: {"corrections": "6.50"}},
    # The catalogue learns what waits: 7.00 EUR.
    {JANUARY: {"released records": "7.00"}},
    # 100.01 USD x (0.90 - 0.85).
    {JANUARY: {"rates": "5.00"}},
    # A sale of 10.00 EUR is displaced by one of 12.00 in a later file: 12.00 - 10.00. So is one of
    # 9.00 that its own file had displaced, and did not count before.
    {JANUARY: {"late files": "2.00"}},
    # That file is withdrawn.
    {JANUARY: {"withdrawals": "-2.00"}},
    # A rule quarantines the sale of 25.00 EUR.
    {JANUARY: {"declaration": "-25.00"}},
    # What waits is mended and given back, at 24.00 EUR.
    {JANUARY: {"released records": "24.00"}},
    # A further file, which the rollback below takes back; 3.00 USD x 0.90, 1.00 USD x 0.90.
    {JANUARY: {"late files": "2.70"}, FEBRUARY: {"new files": "0.90"}},
    {JANUARY: {"rollbacks": "-2.70"}, FEBRUARY: {"rollbacks": "-0.90"}},
    # And it is released again.
    {JANUARY: {"rollbacks": "2.70"}, FEBRUARY: {"rollbacks": "0.90"}},
]
"""Why each run differs from the one before it."""


def _history(retailer: Retailer) -> Iterator[Any]:
    """Takes one step a run; what each changes is in `REASONS`."""
    retailer.declared["feeds"]["lyon"]["max_repeated_keys"] = "100%"
    january = [sale("1", total="10.00"), sale("2", total="20.00"), sale("4", total="1.00")]
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", *january, sale("3", item="Lampe", total="7.00"))
    retailer.deliver("boston/a.csv", sale("1", total="100.01"))
    yield retailer.run()
    retailer.deliver(
        "lyon/late.csv",
        sale("5", "2025-01-10", total="5.00"),
        sale("6", "2025-02-01", total="6.00"),
    )
    yield retailer.run()
    corrected = [sale("1", total="9.00"), sale("1", total="10.00"), sale("2", total="25.00")]
    further = [sale("7", total="2.50"), sale("3", item="Lampe", total="7.00")]
    retailer.deliver("lyon/a.csv", *corrected, *further)
    yield retailer.run()
    retailer.deliver_catalogue(LEARNT)
    yield retailer.run()
    retailer.declared["rates"]["fixed"]["USD"] = "0.90"
    yield retailer.run()
    retailer.deliver("lyon/twice.csv", sale("1", total="12.00"))
    yield retailer.run()
    yield retailer.withdraw("lyon/twice.csv")
    retailer.declared["feeds"]["lyon"]["rules"] = {"is_cheap": {"holds": "amount < 25"}}
    yield retailer.run(rejudge=["lyon"])
    mend = retailer.export("lyon")
    mend.write_text(mend.read_text("utf-8").replace("25.00", "24.00"), "utf-8")
    yield retailer.replay(mend)
    retailer.deliver("boston/b.csv", sale("8", total="3.00"), sale("9", "2025-02-03", total="1.00"))
    yield retailer.run()
    yield retailer.rollback(retailer.run_ids()[-2])
    yield retailer.release()


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Retailer:
    """A retailer with a run for each reason."""
    retailer = Retailer(tmp_path_factory.mktemp("changed"))
    for _ in _history(retailer):
        pass
    return retailer


def _reasons(why: WhyRestated) -> dict[str, dict[str, str]]:
    return {
        f"{month.month:%Y-%m}": {part.reason: f"{part.change}" for part in month.reasons}
        for month in why.months
    }


def test_each_reason_has_its_part_and_they_add_up(changed: Retailer) -> None:
    runs = changed.run_ids()
    found = [why_restated(changed.declaration, before, run=now) for before, now in pairwise(runs)]
    assert [_reasons(why) for why in found] == REASONS
    pairs = [(runs[0], now) for now in runs[1:]] + [(runs[2], runs[-1]), (runs[3], runs[8])]
    for why in [*found, *(why_restated(changed.declaration, one, run=two) for one, two in pairs)]:
        for month in why.months:
            assert sum(part.change for part in month.reasons) == month.change
            assert month.revenue - month.revenue_before == month.change
            for part in month.reasons:
                named = sum((source.change for source in part.largest), Decimal(0))
                assert named == part.change
    assert not why_restated(changed.declaration, runs[3], run=runs[3]).months


def test_the_figures_of_a_month_are_those_of_both_runs(changed: Retailer) -> None:
    why = why_restated(changed.declaration, changed.run_ids()[0])
    now = changed.revenue()
    assert {f"{each.month:%Y-%m}": f"{each.revenue}" for each in why.months} == {
        JANUARY: now[2025, 1],
        FEBRUARY: now[2025, 2],
    }
    # 31.00 EUR and 100.01 USD x 0.85.
    assert [f"{each.revenue_before}" for each in why.months] == ["116.01", "0.00"]


def test_parts_are_those_of_single_records(changed: Retailer) -> None:
    """Record by record, in plain Python: what it was worth, and what it is worth."""
    first, _, _, _, _, last, *_ = changed.run_ids()
    paths = {each.file_id: each.path for each in changed.ledger()}
    reasons = {
        "lyon/late.csv": "late files",
        "lyon/twice.csv": "late files",
        "lyon/a.csv": "corrections",
        "boston/a.csv": "rates",
    }
    expected: dict[str, Fraction] = {}
    for run, sign, rates in (
        (first, -1, {"EUR": Fraction(1), "USD": Fraction(85, 100)}),
        (last, 1, {"EUR": Fraction(1), "USD": Fraction(90, 100)}),
    ):
        for record in read_silver(changed.declaration, "sales", run=run).to_pylist():
            if record["month"] == date(2025, 1, 1):
                reason = reasons[paths[record["_file_id"]]]
                worth = Fraction(record["amount"]) * rates[record["currency"]]
                expected[reason] = expected.get(reason, Fraction(0)) + sign * worth
    why = why_restated(changed.declaration, first, run=last)
    january, february = why.months
    # Records of one delivery that stays change by rates alone; 5.0005 is shown as 5.00.
    assert _reasons(why)[JANUARY] == {
        reason: f"{half_up(part, 2)}" for reason, part in sorted(expected.items())
    }
    assert january.change == Decimal("25.50")
    assert february.reasons[0].largest[0].name == "lyon/late.csv"


def test_months_and_a_store_are_chosen(changed: Retailer, rendered: Rendered) -> None:
    first = changed.run_ids()[0]
    asked = AskedRestatement(AskedPeriod(FEBRUARY), "boston", largest=1)
    why = why_restated(changed.declaration, first, asked)
    assert _reasons(why) == {FEBRUARY: {"new files": "0.90"}}
    assert why_restated_csv(why).splitlines() == [
        "month,reason,source,change,currency,tax",
        "2025-02,new files,,0.90,EUR,not declared",
        "2025-02,new files,boston/b.csv,0.90,EUR,not declared",
    ]
    lines = "\n".join(rendered(why_restated_text(why)))
    assert "Why figures changed, boston" in lines
    assert "  boston/b.csv" in lines
    with pytest.raises(UsageError, match="Did you mean 'boston'"):
        why_restated(changed.declaration, first, AskedRestatement(store="bostn"))
    with pytest.raises(UsageError, match="no such finished run"):
        why_restated(changed.declaration, "x")
    with pytest.raises(UsageError, match=f"is later than run {first}. Do: swap them"):
        why_restated(changed.declaration, changed.run_ids()[1], run=first)


def test_the_whole_way_is_shown(changed: Retailer, rendered: Rendered) -> None:
    first, *_, last = changed.run_ids()
    why = why_restated(changed.declaration, first, AskedRestatement(largest=3))
    lines = rendered(why_restated_text(why))
    assert max(len(line) for line in lines[: lines.index("")]) <= 80
    text = "\n".join(lines)
    assert f"Why figures changed: {first} and {last}" in text
    assert [line.split()[-1] for line in lines if line[10:].startswith("before ")] == [
        "116.01",
        "0.00",
    ]
    document = why_restated_document(why)
    assert document["earlier"]["run_id"] == first
    total = sum(map(Decimal, document["reasons"].values()))
    assert total == Decimal(document["change"]) == why.change


def test_catalogue_prices_and_months_on_hold_are_reasons(tmp_path: Path) -> None:
    retailer = Retailer(tmp_path)
    lyon = retailer.declared["feeds"]["lyon"]
    catalogue = retailer.declared["catalogue"]
    catalogue["code"] = "sku"
    catalogue["price"] = {"amount": "price", "currency": "EUR"}
    lyon |= {"product_by": "code", "price_from": "catalogue"}
    del lyon["columns"]["unit_price"], lyon["columns"]["amount"]
    retailer.declared["rates"] = {"policy": "daily", "landing": "rates/*.csv"}
    header = "sku,produit,categorie,product,category,price"
    retailer.deliver_catalogue(f"{header}\nV,Vase,Maison,Vase,Home,10.00")
    retailer.deliver_text("rates/a.csv", "Date,USD\n2025-01-14,1.25\n")
    retailer.deliver("lyon/a.csv", "1,2025-01-15,V,3", header="id,day,item,units")
    retailer.deliver("boston/a.csv", sale("1", total="100.00"))
    retailer.run()
    retailer.deliver_catalogue(f"{header}\nV,Vase,Maison,Vase,Home,11.00")
    retailer.run()
    # The month is held: neither 5.00 USD of a day with a rate nor 8.00 of one without are shown.
    retailer.deliver(
        "boston/b.csv",
        sale("2", "2025-01-16", total="5.00"),
        sale("3", "2025-01-30", total="8.00"),
        sale("4", "2025-02-01", total="1.00"),
    )
    retailer.run()
    retailer.deliver_text("rates/b.csv", "Date,USD\n2025-01-30,1.60\n")
    retailer.run()
    one, two, three, four = retailer.run_ids()
    declared = retailer.declaration
    assert _reasons(why_restated(declared, one, run=two)) == {JANUARY: {"catalogue prices": "3.00"}}
    assert not why_restated(declared, two, run=three).months
    # 5.00 / 1.25 and 8.00 / 1.60 came with the earlier run, and are shown by this one.
    [january, february] = why_restated(declared, three, run=four).months
    assert january.month == date(2025, 1, 1)
    assert january.change == Decimal("9.00")
    assert {part.reason: part.change for part in january.reasons} == {
        "months on hold": Decimal("9.00")
    }
    assert february.change == Decimal("0.63")
    whole = _reasons(why_restated(declared, one, run=four))
    assert whole[JANUARY] == {"catalogue prices": "3.00", "new files": "9.00"}
