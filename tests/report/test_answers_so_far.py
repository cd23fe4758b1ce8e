"""A retailer in the middle of a month: what is not over, what left, what came back, and totals."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from rich.console import Console, RenderableType

from sales_pipeline.analysis.periods import By, Compare
from sales_pipeline.report.answers import Answers
from sales_pipeline.report.answers_document import (
    answer_csv,
    answers_document,
    like_for_like_csv,
)
from sales_pipeline.report.answers_of_run import Asked, answers
from sales_pipeline.report.answers_text import Shown, answers_text
from sales_pipeline.report.questions import Question
from sales_pipeline.report.workbook import workbook_bytes
from tests.retailer import DECLARATION, Retailer, _feed, sale

MARCH = date(2099, 3, 1)
"""A month that is not over on any day on which the tests run."""
SO_FAR = "2099-03-01 to 2099-03-17, compared with the same days."
ZERO = Decimal(0)


@pytest.fixture(scope="module")
def retailer(tmp_path_factory: pytest.TempPathFactory) -> Retailer:
    """Sold in February and March of two years; Oslo and the vase only in the first one."""
    feeds = {**DECLARATION["feeds"], "oslo": _feed("oslo", "EUR", "fr")}
    declared = {**DECLARATION, "feeds": feeds}
    retailer = Retailer(tmp_path_factory.mktemp("so_far"), declared)
    retailer.deliver_catalogue()
    retailer.deliver(
        "lyon/a.csv",
        sale("1", "2098-02-10", "Thé vert", units="2", total="20.00"),
        sale("2", "2098-03-10", "Thé vert", units="4", total="40.00"),
        sale("3", "2098-03-11", "Vase", total="30.00"),
        sale("4", "2098-03-25", "Vase", total="500.00"),
        sale("5", "2099-02-10", "Thé vert", units="2", total="25.00"),
        sale("6", "2099-03-10", "Thé vert", units="5", total="60.00"),
        sale("7", "2099-03-11", "Thé vert", units="-1", total="-12.00"),
        sale("8", "2099-03-17", "Café moulu", units="3", total="33.33"),
    )
    retailer.deliver("boston/a.csv", sale("1", "2099-03-02", "Ground coffee", total="11.70"))
    retailer.deliver("oslo/a.csv", sale("1", "2098-03-02", "Vase", total="70.00"))
    retailer.run()
    return retailer


@pytest.fixture(scope="module")
def march(retailer: Retailer) -> Answers:
    return answers(retailer.declaration, Asked.of_month(MARCH))


def lines_of(renderable: RenderableType, width: int = 80) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width, color_system=None, force_terminal=True).print(renderable)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def add(rows: Iterable[Any], name: str) -> Decimal:
    """The sum of a figure over rows, of which some have none."""
    figures = (getattr(row, name) if not isinstance(row, dict) else row[name] for row in rows)
    return sum((Decimal(figure) for figure in figures if figure), ZERO)


def texts(*values: object) -> str:
    return " ".join(map(str, values))


# Not over


@pytest.mark.parametrize("question", [*Question])
def test_every_answer_says_that_its_month_is_not_over(march: Answers, question: Question) -> None:
    text = "\n".join(lines_of(answers_text(march, [question])))
    assert SO_FAR in text
    document = answers_document(march, [question])
    assert document["is_over"] is False
    assert {row["is_over"] for row in rows_of(answer_csv(march, question))} == {"false"}
    if question in (Question.GLOBAL, Question.STORES):
        assert "2099-03* " in text
        assert {row["is_over"] for row in document[question]} == {False}


def test_groups_of_stores_say_that_their_month_is_not_over(march: Answers) -> None:
    text = lines_of(answers_text(march, [Question.STORES], Shown(like_for_like=True)))
    below = text[next(at for at, line in enumerate(text) if line.startswith("Like for like")) :]
    assert below[3].startswith("2099-03* ")
    assert f"* not over: {SO_FAR}" in below
    groups = answers_document(march, [Question.STORES])["like_for_like"]
    assert {row["is_over"] for row in groups} == {False}


def test_a_month_that_is_over_has_no_mark(traded: Retailer) -> None:
    found = answers(traded.declaration)
    assert answers_document(found, list(Question))["is_over"] is True
    text = lines_of(answers_text(found, list(Question), Shown(like_for_like=True)))
    assert not [line for line in text if "*" in line or "ot over" in line]


# Changes of best sellers, and what left


def test_the_change_of_best_sellers_is_that_of_the_figure_that_is_ranked(march: Answers) -> None:
    by_value = {row.product: row for row in march.best_by_value}
    by_volume = {row.product: row for row in march.best_by_volume}
    tea, coffee = by_value["Green tea"], by_value["Ground coffee"]
    assert texts(tea.revenue, tea.revenue_before, tea.change) == "48.00 40.00 8.00"
    assert tea.growth == Fraction(1, 5)
    assert texts(coffee.rank_before, coffee.revenue_before) == "None 0.00"
    assert (coffee.change, coffee.growth) == (coffee.revenue, None)
    assert by_volume["Green tea"].change == 0
    assert by_volume["Green tea"].growth == 0


def test_the_change_of_best_sellers_stands_in_json_csv_and_text(march: Answers) -> None:
    tea = answers_document(march, [Question.VALUE])["value"][0]
    assert (tea["product"], tea["change"], tea["growth"]) == ("Green tea", "8.00", "0.200000")
    [row] = [
        row for row in rows_of(answer_csv(march, Question.VALUE)) if row["product"] == "Green tea"
    ]
    assert (row["change"], row["growth"]) == ("8.00", "0.200000")
    lines = lines_of(answers_text(march, [Question.VALUE]), 120)
    assert lines[1].split()[-5:] == ["Share", "Cum.", "Class", "Was", "Change"]
    assert lines[3].split()[-5:] == ["52.6%", "52.6%", "A", "2", "+20.0%"]


def test_without_a_compared_month_best_sellers_have_no_change(retailer: Retailer) -> None:
    found = answers(retailer.declaration, replace(Asked.of_month(MARCH), compare=Compare.NONE))
    assert {(row.change, row.growth) for row in found.best_by_value} == {(None, None)}
    assert found.value_total
    assert (found.value_total.change, found.value_total.revenue_before) == (None, None)


@pytest.mark.parametrize(
    ("question", "before", "change"),
    [(Question.VALUE, "100.00", "-100.00"), (Question.VOLUME, "100.00", "-2")],
)
def test_products_that_sell_no_more_are_rows_without_a_rank_in_csv(
    march: Answers, question: Question, before: str, change: str
) -> None:
    *_, last = rows_of(answer_csv(march, question))
    assert (last["rank"], last["product"]) == ("", "Vase")
    assert (last["revenue"], last["revenue_before"], last["change"]) == ("0.00", before, change)


def test_a_ranking_that_is_cut_has_only_what_was_asked_for_in_csv(retailer: Retailer) -> None:
    found = answers(retailer.declaration, replace(Asked.of_month(MARCH), top=1))
    [row] = rows_of(answer_csv(found, Question.VALUE))
    assert row["product"] == "Green tea"


def test_a_store_that_sells_no_more_is_a_row_without_a_rank(march: Answers) -> None:
    *_, oslo = march.store_performance
    assert texts(oslo.store, oslo.rank, oslo.revenue, oslo.share) == "oslo None 0.00 None"
    assert oslo.before
    assert texts(oslo.before.revenue, oslo.before.change, oslo.before.growth) == "70.00 -70.00 -1"


# Totals, gross and returns


@pytest.mark.parametrize("asked", [Asked(), Asked.of_month(MARCH), Asked(by=By.DAY, first=MARCH)])
@pytest.mark.parametrize("question", [*Question])
def test_the_rows_of_csv_add_up_to_the_total_of_json(
    retailer: Retailer, asked: Asked, question: Question
) -> None:
    found = answers(retailer.declaration, asked)
    document = answers_document(found, [question])
    total = document["total" if question is Question.GLOBAL else f"{question}_total"]
    rows = rows_of(answer_csv(found, question))
    for name in ("revenue", "gross", "returns"):
        assert add(rows, name) == Decimal(total[name])
    before = total.get("before", total) or {}
    assert add(rows, "change") == Decimal(before.get("change") or add(rows, "change"))


def test_totals_have_the_change_of_all_their_rows(march: Answers) -> None:
    stores, groups = march.stores_total, march.like_for_like_total
    assert stores and stores.before and groups and groups.before  # noqa: PT018 -- for types
    assert stores.before.change == add([row.before for row in march.store_performance], "change")
    assert groups.before.change == add([row.before for row in march.like_for_like], "change")
    assert (groups.revenue, groups.gross) == (
        add(march.like_for_like, "revenue"),
        add(march.like_for_like, "gross"),
    )
    exact = Fraction(Decimal("91.275") - 140) / 140
    assert stores.before.growth == groups.before.growth == exact
    assert march.value_total
    assert march.value_total.growth == exact
    assert march.volume_total
    assert (march.volume_total.units, march.volume_total.units_before) == (Decimal(8), Decimal(6))
    assert (march.volume_total.change, march.volume_total.growth) == (Decimal(2), Fraction(1, 3))


@pytest.mark.parametrize("question", [*Question])
def test_gross_and_returns_stand_under_every_answer(march: Answers, question: Question) -> None:
    lines = lines_of(answers_text(march, [question]))
    assert "Gross 103.28, returns -12.00 (11.6% of it), net 91.28 EUR." in lines


def test_gross_and_returns_stand_beside_every_figure(march: Answers) -> None:
    lyon = march.store_performance[0]
    assert texts(lyon.store, lyon.revenue, lyon.gross, lyon.returns) == "lyon 81.33 93.33 -12.00"
    tea = march.best_by_volume[0]
    assert texts(tea.product, tea.revenue, tea.gross, tea.returns) == "Green tea 48.00 60.00 -12.00"
    for rows in (march.store_performance, march.like_for_like, march.best_by_value):
        assert all(row.gross + row.returns == row.revenue for row in rows)
        assert add(rows, "returns") == -12


def test_a_total_says_when_it_is_of_more_than_the_rows_above_it(retailer: Retailer) -> None:
    whole = answers(retailer.declaration, Asked.of_month(MARCH))
    cut = answers(retailer.declaration, replace(Asked.of_month(MARCH), top=1))
    assert cut.value_total == whole.value_total
    assert [
        line.split()[:3] for line in lines_of(answers_text(cut, [Question.VALUE])) if "All" in line
    ] == [["All", "2", "91.28"]]
    assert [
        line.split()[:2]
        for line in lines_of(answers_text(whole, [Question.VALUE]))
        if "Total" in line
    ] == [["Total", "91.28"]]


@pytest.mark.parametrize("question", [Question.GLOBAL, Question.STORES])
def test_a_total_says_when_it_is_not_compared_with_the_sum_of_those_above(
    retailer: Retailer, question: Question
) -> None:
    asked = Asked(date(2099, 2, 1), date(2099, 3, 31), compare=Compare.PERIOD)
    lines = lines_of(answers_text(answers(retailer.declaration, asked), [question]))
    assert [line for line in lines if line.startswith("The total is compared with 2098-12")]
    by_year = answers(retailer.declaration, replace(asked, compare=Compare.YEAR))
    text = "\n".join(lines_of(answers_text(by_year, [question])))
    assert "The total is compared" not in text


# Groups of stores


def test_groups_of_stores_stand_in_the_document_that_asks_for_them(march: Answers) -> None:
    assert "like_for_like" not in answers_document(march, [Question.GLOBAL])
    document = answers_document(march, [Question.GLOBAL], like_for_like=True)
    assert [row["trading"] for row in document["like_for_like"]] == ["comparable", "new"]
    assert document["like_for_like_total"]["revenue"] == "91.28"


def test_groups_of_stores_are_a_csv_of_their_own(march: Answers) -> None:
    rows = rows_of(like_for_like_csv(march))
    assert [(row["trading"], row["stores"], row["revenue"], row["change"]) for row in rows] == [
        ("comparable", "2", "81.33", "-58.67"),
        ("new", "1", "9.95", "9.95"),
    ]


# The workbook


def test_the_workbook_has_what_left_and_a_total_below_each_answer(
    march: Answers, tmp_path: Path
) -> None:
    (tmp_path / "sales.xlsx").write_bytes(workbook_bytes(march))
    book = openpyxl.load_workbook(tmp_path / "sales.xlsx")
    names = ["Global performance", "Stores", "Best by volume", "Best by value", "Like for like"]
    for name in names:
        header, *rows, total = [[cell.value for cell in row] for row in book[name].rows]
        assert "Total" in total
        for column in (f"Revenue {march.currency}", "Before returns", "Returns"):
            at = header.index(column)
            assert sum(row[at] for row in rows) == pytest.approx(total[at])
    by_value = [[cell.value for cell in row] for row in book["Best by value"].rows]
    assert by_value[-2][:4] == [None, "Vase", "Home", 0]


# Long amounts


def with_amounts(found: Any, amount: Decimal) -> Any:
    """The same answers with every amount of money as large as it may get."""
    if isinstance(found, tuple):
        return tuple(with_amounts(each, amount) for each in found)
    if isinstance(found, Decimal):
        return amount if found >= 0 else -amount
    if hasattr(found, "__dataclass_fields__"):
        own = {field.name: getattr(found, field.name) for field in fields(found) if field.init}
        return replace(found, **{name: with_amounts(each, amount) for name, each in own.items()})
    return found


@pytest.mark.parametrize(
    "amount", [Decimal("1e12").quantize(Decimal("0.01")), Decimal(10**12), Decimal(10**15)]
)
@pytest.mark.parametrize("constant", [False, True])
def test_long_amounts_are_never_cut(march: Answers, amount: Decimal, *, constant: bool) -> None:
    found = with_amounts(march, amount)
    shown = Shown(constant_currency=constant, like_for_like=True)
    lines = lines_of(answers_text(found, list(Question), shown))
    assert max(map(len, lines)) <= 80
    assert not [line for line in lines if "…" in line]
    wide = lines_of(answers_text(found, list(Question), shown), 400)
    for figure in (f"{amount:,f}", f"{-amount:,f}", f"{amount:+,f}"):
        assert sum(line.count(figure) for line in lines) == sum(line.count(figure) for line in wide)
