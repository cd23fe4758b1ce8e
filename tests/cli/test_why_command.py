"""`why` and `explain` on the sample retailer, recomputed record by record in plain Python."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from sales_pipeline.exact import half_up
from tests.cli.conftest import Call, Said, loaded_by

NOW, BEFORE = "2025-12", "2024-12"


@pytest.fixture
def folder(demo: tuple[Path, Said], monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(demo[0])
    return demo[0]


@dataclass
class Sold:
    """What one store sold of one product in one currency, and what came back of it."""

    units: Fraction = Fraction(0)
    amount: Fraction = Fraction(0)
    revenue: Fraction = Fraction(0)
    amount_back: Fraction = Fraction(0)
    units_back: Fraction = Fraction(0)
    revenue_back: Fraction = Fraction(0)


def _records(call: Call, period: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(call("explain", period, "--csv").out)))


def _sold(records: list[dict[str, str]]) -> dict[tuple[str, str, str], Sold]:
    found: dict[tuple[str, str, str], Sold] = defaultdict(Sold)
    for record in records:
        sold = found[record["store"], record["product"], record["currency"]]
        units, amount, revenue = (
            Fraction(record[name]) for name in ("quantity", "amount", "revenue")
        )
        sold.units, sold.amount = sold.units + units, sold.amount + amount
        sold.revenue += revenue
        if units < 0:
            sold.units_back, sold.amount_back = sold.units_back + units, sold.amount_back + amount
            sold.revenue_back += revenue
    return found


def test_a_figure_is_the_sum_of_its_records_and_of_its_files(folder: Path, call: Call) -> None:
    shown = json.loads(call("show", "stores", "--month", NOW, "--json").out)["stores"]
    records = _records(call, NOW)
    for store in shown:
        figure = json.loads(call("explain", NOW, "--store", store["store"], "--json").out)
        own = [record for record in records if record["store"] == store["store"]]
        exact = sum((Fraction(record["revenue"]) for record in own), Fraction(0))
        assert figure["revenue"] == store["revenue"] == f"{half_up(exact, 2)}"
        assert sum(Fraction(each["revenue"]) for each in figure["files"]) == half_up(exact, 2)
        assert sum(each["records"] for each in figure["files"]) == len(own)
        assert {each["file"] for each in figure["files"]} == {record["file"] for record in own}
    for record in records:
        assert Fraction(record["amount"]) * Fraction(record["rate"]) == Fraction(record["revenue"])


def test_what_a_figure_leaves_out_waits_in_quarantine(folder: Path, call: Call) -> None:
    left_out = json.loads(call("explain", "2025-11", "--store", "tokyo", "--json").out)["left_out"]
    assert [(each["reasons"], each["records"], each["amount"]) for each in left_out] == [
        (["product_unknown"], 2, "9660.0000")
    ]


def _causes(call: Call) -> dict[str, Fraction]:
    """The causes of the change, by the formulas of docs/figures.md."""
    rows = json.loads(call("show", "stores", "--month", NOW, "--json").out)["stores"]
    trading = {row["store"]: row["trading"] for row in rows}
    now, before = _sold(_records(call, NOW)), _sold(_records(call, BEFORE))
    amounts: dict[str, list[Fraction]] = defaultdict(lambda: [Fraction(0), Fraction(0)])
    for (_, _, currency), sold in before.items():
        amounts[currency][0] += sold.revenue
        amounts[currency][1] += sold.amount
    rate = {currency: revenue / amount for currency, (revenue, amount) in amounts.items()}
    comparable = {store for store in trading if trading[store] == "comparable"}
    is_now, was = ({key[1] for key in found if key[0] in comparable} for found in (now, before))
    causes: dict[str, Fraction] = defaultdict(Fraction)
    kept = []
    for key in {*now, *before}:
        sold, earlier = now.get(key, Sold()), before.get(key, Sold())
        change = sold.revenue - earlier.revenue
        if key[0] not in comparable:
            causes[f"{trading.get(key[0], 'closed')} stores"] += change
        elif key[1] not in was:
            causes["new products"] += change
        elif key[1] not in is_now:
            causes["discontinued products"] += change
        else:
            causes["currency"] += sold.revenue - sold.amount * rate[key[2]]
            causes["returns"] += sold.amount_back * rate[key[2]] - earlier.revenue_back
            kept.append((sold, earlier, rate[key[2]]))
    units = [
        (sold.units - sold.units_back, earlier.units - earlier.units_back)
        for sold, earlier, _ in kept
    ]
    gross = [
        ((sold.amount - sold.amount_back) * at, earlier.revenue - earlier.revenue_back)
        for sold, earlier, at in kept
    ]
    units_now, units_before = (sum(column, Fraction(0)) for column in zip(*units, strict=True))
    gross_now, gross_before = (sum(column, Fraction(0)) for column in zip(*gross, strict=True))
    average = gross_before / units_before
    at_old_prices = Fraction(0)
    for (many, old_many), (new_gross, old_gross) in zip(units, gross, strict=True):
        at_old_prices += many * old_gross / old_many if old_many else new_gross
    causes["volume"] = (units_now - units_before) * average
    causes["mix"] = at_old_prices - units_now * average
    causes["price"] = gross_now - at_old_prices
    return {cause: part for cause, part in causes.items() if part}


def test_causes_are_those_of_the_formulas_and_add_up(folder: Path, call: Call) -> None:
    why = json.loads(call("why", NOW, "--json").out)
    shown = {part["cause"]: Fraction(part["change"]) for part in why["causes"]}
    expected = _causes(call)
    assert shown.keys() == expected.keys()
    for cause, part in expected.items():
        assert abs(shown[cause] - part) < Fraction(1, 100)
    assert sum(shown.values()) == Fraction(why["change"])
    assert Fraction(why["revenue"]) - Fraction(why["revenue_before"]) == Fraction(why["change"])
    shares = sum(Fraction(part["of_before"]) for part in why["causes"])
    assert shares == Fraction(why["growth"])
    for part in why["causes"]:
        named = sum(Fraction(source["change"]) for source in part["largest"])
        assert named == Fraction(part["change"])


def test_the_way_from_the_year_before_is_shown(folder: Path, call: Call) -> None:
    said = call("why", "--store", "paris", "--compare", "period")
    lines = said.out.splitlines()
    assert lines[0] == f"Why revenue moved, paris: {NOW} beside 2025-11"
    table = lines[1 : lines.index(next(line for line in lines if line.startswith(NOW))) + 1]
    assert max(map(len, table)) <= 80
    figures = [line.split() for line in table if line and not line.startswith((" ", "─"))][1:]
    amounts = [Fraction(row[-2].replace(",", "")) for row in figures[1:]]
    assert Fraction(figures[0][-1].replace(",", "")) + sum(amounts[:-1]) == amounts[-1]
    percents = [Fraction(row[-1].rstrip("%")) for row in figures[1:]]
    assert sum(percents[:-1]) == percents[-1]
    assert "at the exchange rates of 2025-11" in said.out


def test_csv_has_a_row_for_each_cause_and_source(folder: Path, call: Call) -> None:
    rows = list(
        csv.DictReader(io.StringIO(call("why", "2025-Q4", "--compare", "period", "--csv").out))
    )
    whole = {row["cause"]: Fraction(row["change"]) for row in rows if not row["source"]}
    why = json.loads(call("why", "2025-Q4", "--compare", "period", "--json").out)
    assert sum(whole.values()) == Fraction(why["change"])
    assert {row["compared_with"] for row in rows} == {"2025-Q3"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["why", "2025-13"], "no sales in one of that name, got '2025-13'"),
        (["why", "2023-11"], "2023-11: has nothing to be compared with"),
        (["why", NOW, "--from", "2025-01"], "PERIOD: not together with --from or --to"),
        (["why", NOW, "--compare", "none"], "a change needs two periods"),
        (["why", "--since", "x", "--category", "Home"], "--category: not together with --since"),
        (["why", "--since", "x"], "run: no such finished run, got 'x'"),
        (["explain", NOW, "--store", "pariss"], "Did you mean 'paris'?"),
        (["explain", NOW, "--product", "Kit"], "Did you mean 'Kite'?"),
        (["explain", "--from", "2025-02", "--to", "2025-01"], "--to: before --from"),
        (["explain", NOW, "--json", "--csv"], "--csv, --json: give one of them"),
    ],
)
def test_what_cannot_be_asked_is_said(
    folder: Path, call: Call, arguments: list[str], message: str
) -> None:
    said = call(*arguments)
    assert (said.code, said.out) == (2, "")
    assert message in said.err


def test_nothing_moved_since_the_last_run(folder: Path, call: Call) -> None:
    last, *_ = json.loads(call("history", "--json").out)["runs"]
    assert call("why", "--since", last["run_id"]).out.startswith("No revenue moved between")


def test_neither_starts_spark_nor_imports_pandas(folder: Path) -> None:
    commands: list[Any] = [["why", NOW], ["explain", NOW], ["explain", NOW, "--csv"]]
    assert loaded_by(folder, *commands, heavy=("pyspark", "pysail", "pandas")) == "{}"
