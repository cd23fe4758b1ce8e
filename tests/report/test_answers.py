from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from rich.console import RenderableType

from sales_pipeline.analysis.periods import ToDate
from sales_pipeline.engines.embedded import EmbeddedEngine
from sales_pipeline.errors import LakehouseMismatch, UsageError
from sales_pipeline.exact import exact_sum
from sales_pipeline.gold.gold_set import gold_set, read_gold
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.report.answers import Answers
from sales_pipeline.report.answers_document import answer_csv, answers_document
from sales_pipeline.report.answers_of_run import Asked, answers
from sales_pipeline.report.answers_text import answers_text
from sales_pipeline.report.document import json_text
from sales_pipeline.report.questions import Question
from tests.retailer import Retailer, sale

Rendered = Callable[[RenderableType], list[str]]
JANUARY, FEBRUARY = date(2025, 1, 1), date(2025, 2, 1)


@pytest.fixture(scope="module")
def found(traded: Retailer) -> Answers:
    return answers(traded.declaration)


def test_the_answers_are_those_of_the_gold_tables(found: Answers) -> None:
    months = [(each.month, str(each.revenue)) for each in found.global_performance]
    assert months == [(JANUARY, "49.95"), (FEBRUARY, "21.50")]


def test_everything_agrees_with_the_gold_tables(traded: Retailer, found: Answers) -> None:
    months = read_gold(traded.declaration, "revenue_per_month").to_pylist()
    stores = read_gold(traded.declaration, "revenue_per_month_and_shop").to_pylist()
    products = read_gold(traded.declaration, "top_selling_products_by_revenue").to_pylist()
    assert [(row.month, row.revenue, row.returns) for row in found.global_performance] == [
        (date(row["year"], row["month"], 1), row["revenue"], row["returns"]) for row in months
    ]
    assert {(row.month, row.store, row.revenue, row.rank) for row in found.store_performance} == {
        (date(row["year"], row["month"], 1), row["store"], row["revenue"], row["rank"])
        for row in stores
    }
    assert [(row.rank, row.product, row.revenue, row.units) for row in found.best_by_value] == [
        (row["rank"], row["product"], row["revenue"], row["units"]) for row in products
    ]


def test_stores_are_compared_within_each_month(found: Answers) -> None:
    places = [(each.month, each.rank, each.store) for each in found.store_performance]
    assert places == [
        (JANUARY, 1, "lyon"),
        (JANUARY, 2, "boston"),
        (FEBRUARY, 1, "lyon"),
        (FEBRUARY, 2, "boston"),
    ]


def test_best_sellers_of_equal_figures_are_placed_by_name(found: Answers) -> None:
    names = [each.product for each in found.best_by_volume]
    assert names[:3] == ["Ground coffee", "Green tea", "Vase"]


@pytest.mark.parametrize(("month", "store"), [(JANUARY, None), (FEBRUARY, None), (None, "lyon")])
def test_a_chosen_part_agrees_with_the_whole(
    traded: Retailer, found: Answers, month: date | None, store: str | None
) -> None:
    asked = Asked.of_month(month, store=store) if month else Asked(store=store)
    part = answers(traded.declaration, asked)
    assert part.store_performance == tuple(
        each
        for each in found.store_performance
        if month in (None, each.month) and store in (None, each.store)
    )
    if store is None:
        assert part.global_performance == tuple(
            each for each in found.global_performance if each.month == month
        )


def test_a_store_keeps_its_place_among_all_stores(traded: Retailer) -> None:
    part = answers(traded.declaration, Asked.of_month(JANUARY, store="boston"))
    assert [each.rank for each in part.store_performance] == [2]
    assert [str(each.revenue) for each in part.global_performance] == ["9.95"]


def test_a_half_is_rounded_up_once(traded: Retailer) -> None:
    part = answers(traded.declaration, Asked.of_month(JANUARY, store="boston"))
    assert str(part.best_by_value[0].revenue) == "9.95"


def test_returns_count_against_a_product(traded: Retailer) -> None:
    part = answers(traded.declaration, Asked.of_month(FEBRUARY, store="boston"))
    row = part.best_by_value[0]
    assert (row.product, str(row.revenue), row.units) == ("Green tea", "-8.50", Decimal(-1))


def test_the_rankings_are_cut_and_the_others_are_not(traded: Retailer) -> None:
    part = answers(traded.declaration, Asked(top=1))
    assert len(part.best_by_volume) == len(part.best_by_value) == 1
    assert (part.products, len(part.store_performance)) == (4, 4)


def test_an_unknown_store_is_refused_with_those_there_are(traded: Retailer) -> None:
    with pytest.raises(UsageError, match=r"got 'lion'\. Did you mean 'lyon'\? .*boston, lyon"):
        answers(traded.declaration, Asked(store="lion"))


def test_a_month_without_sales_is_refused_with_those_there_are(traded: Retailer) -> None:
    with pytest.raises(
        UsageError, match=r"no sales in 2024-12; .* 2 months from 2025-01 to 2025-02"
    ):
        answers(traded.declaration, Asked.of_month(date(2024, 12, 1)))


def test_a_store_without_sales_in_a_month_is_refused(traded: Retailer) -> None:
    with pytest.raises(UsageError, match="no sales of boston in 2025-03"):
        answers(traded.declaration, Asked.of_month(date(2025, 3, 1), store="boston"))


def test_a_declared_store_that_never_sold_is_said_to_have_no_sales_yet(traded: Retailer) -> None:
    traded_with_oslo = traded.declaration.model_dump(mode="json", by_alias=True)
    oslo = {**traded_with_oslo["feeds"]["lyon"], "landing": "oslo/*.csv"}
    oslo["store"] = {**oslo["store"], "id": "oslo"}
    traded_with_oslo["feeds"]["oslo"] = oslo
    declaration = type(traded.declaration).model_validate(traded_with_oslo)
    with pytest.raises(UsageError, match="no sales of oslo yet"):
        answers(declaration, Asked(store="oslo"))


def test_sums_keep_every_digit() -> None:
    tiny, huge = Decimal("1e-18"), Decimal("99999999999999999999")
    assert exact_sum([huge, tiny, -huge]) == tiny


def test_amounts_are_grouped_right_aligned_and_named(found: Answers, rendered: Rendered) -> None:
    assert rendered(answers_text(found, [Question.GLOBAL]))[:5] == [
        "Global performance: revenue per month",
        "Month     Revenue EUR",
        "─────────────────────",
        "2025-01         49.95",
        "2025-02         21.50",
    ]


def test_stores_show_their_share_of_a_month_unless_returns_outweigh(
    found: Answers, rendered: Rendered
) -> None:
    assert rendered(answers_text(found, [Question.STORES]))[3:7] == [
        "2025-01   1   lyon store     Lyon, FR           40.00   80.1%   ████████████████",
        "          2   boston store   Boston, FR          9.95   19.9%   ████",
        "2025-02   1   lyon store     Lyon, FR           30.00",
        "          2   boston store   Boston, FR         -8.50",
    ]


def test_best_sellers_say_how_many_there_are(traded: Retailer, rendered: Rendered) -> None:
    lines = rendered(answers_text(answers(traded.declaration, Asked(top=2)), [Question.VOLUME]))
    assert lines == [
        "Best sellers by volume",
        "Rank   Product         Category    Units   Revenue EUR   Share    Cum.   Class",
        "──────────────────────────────────────────────────────────────────────────────",
        "   1   Ground coffee   Groceries     2.5         25.00   33.3%   33.3%   A",
        "   2   Green tea       Groceries       2         21.50   26.7%   60.0%   A",
        "",
        "       All 4                         7.5         71.45",
        "Gross 79.95, returns -8.50 (10.6% of it), net 71.45 EUR.",
        "2 of 4 products; --top shows more.",
        "",
    ]


def test_a_hostile_product_name_is_shown_as_it_is_and_harmless(
    found: Answers, rendered: Rendered
) -> None:
    text = "\n".join(rendered(answers_text(found, list(Question))))
    assert '=HYPERLINK("http://x")[bold]\\x1b[2J' in text
    assert "\x1b" not in text


def test_a_hostile_product_name_is_no_formula_in_csv(found: Answers) -> None:
    rows = list(csv.DictReader(io.StringIO(answer_csv(found, Question.VALUE))))
    assert [row["product"][:3] for row in rows if "HYPER" in row["product"]] == ["'=H"]


def test_csv_holds_plain_figures_with_their_currency(traded: Retailer) -> None:
    part = answers(traded.declaration, Asked(store="boston"))
    assert answer_csv(part, Question.STORES) == (
        "month,period,store,name,city,country,is_over,revenue,gross,returns,rank,share,trading,"
        "compared_with,"
        "revenue_before,change,growth,local_growth,currency_effect,constant_growth,currency,tax\n"
        "2025-01,2025-01,boston,boston store,Boston,FR,true,9.95,9.95,0.00,2,0.199119"
        ",,,,,,,,,EUR,not declared\n"
        "2025-02,2025-02,boston,boston store,Boston,FR,true,-8.50,0.00,-8.50,2,"
        ",,,,,,,,,EUR,not declared\n"
    )


@pytest.mark.parametrize("days", [*ToDate])
def test_days_to_date_are_one_period_of_every_answer(traded: Retailer, days: ToDate) -> None:
    asked = Asked(last=date(2025, 2, 28), to_date=days)
    found = answers(traded.declaration, asked)
    first = {ToDate.YEAR: JANUARY, ToDate.TWELVE_MONTHS: date(2024, 3, 1)}[days]
    same = answers(traded.declaration, Asked(first=first, last=asked.last))
    [row] = found.global_performance
    assert (row.revenue, row.sales) == (
        same.total and same.total.revenue,
        same.total and same.total.sales,
    )
    assert (found.by, found.first_day, found.period, found.to_date) == (None, first, row.period, ())
    by_store = {
        store: sum(each.revenue for each in same.store_performance if each.store == store)
        for store in ("lyon", "boston")
    }
    assert {each.store: each.revenue for each in found.store_performance} == by_store
    assert found.best_by_value == same.best_by_value
    assert found.best_by_volume == same.best_by_volume


def test_days_to_date_are_named_in_the_titles(traded: Retailer, rendered: Rendered) -> None:
    found = answers(traded.declaration, Asked(to_date=ToDate.YEAR))
    lines = rendered(answers_text(found, list(Question)))
    titles = [line for line in lines if line.endswith("year to date")]
    assert titles == [
        "Global performance: revenue per period, year to date",
        "Store performance: revenue per period and store, year to date",
        "Best sellers by volume, year to date",
        "Best sellers by value, year to date",
    ]


def test_the_document_holds_money_and_months_as_text(found: Answers) -> None:
    document = json.loads(json_text(answers_document(found, list(Question))))
    first = document["global"][0]
    assert (first["month"], first["period"], first["revenue"]) == ("2025-01", "2025-01", "49.95")
    assert document["volume"][0] == {
        "rank": 1,
        "product": "Ground coffee",
        "category": "Groceries",
        "units": "2.5",
        "revenue": "25.00",
        "gross": "25.00",
        "returns": "0.00",
        "share": "0.333333",
        "cumulative_share": "0.333333",
        "abc": "A",
        "rank_before": None,
        "units_before": None,
        "revenue_before": None,
        "change": None,
        "growth": None,
    }
    assert (document["currency"], document["period"], document["store"]) == ("EUR", None, None)


def test_the_document_holds_only_the_answer_that_is_asked_for(found: Answers) -> None:
    assert "stores" not in answers_document(found, [Question.GLOBAL])


def test_a_gold_table_is_read_with_or_without_its_schema(traded: Retailer) -> None:
    with_schema = read_gold(traded.declaration, "gold.sales_cube")
    assert with_schema == read_gold(traded.declaration, "sales_cube")
    assert with_schema["month"].to_pylist() == sorted(with_schema["month"].to_pylist())


def test_a_ranking_is_read_in_the_order_of_its_ranks(traded: Retailer) -> None:
    table = read_gold(traded.declaration, "top_selling_products")
    assert table["rank"].to_pylist() == [1, 2, 3, 4]


def test_a_mistyped_gold_table_is_guessed(traded: Retailer) -> None:
    with pytest.raises(UsageError, match=r"Did you mean 'gold.revenue_per_month'?"):
        read_gold(traded.declaration, "revenue_by_month")


def test_a_table_that_is_like_none_is_answered_with_all(traded: Retailer) -> None:
    with pytest.raises(UsageError, match=r"the tables are gold.sales_cube, "):
        read_gold(traded.declaration, "x")


def test_without_a_finished_run_the_command_to_give_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(UsageError, match=r"no finished run at .* yet. Do: sales-pipeline run"),
        gold_set(Retailer(tmp_path).declaration),
    ):
        raise AssertionError("it was opened")


def test_all_answers_are_read_through_one_engine(
    traded: Retailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    monkeypatch.setattr(
        EmbeddedEngine,
        "close",
        lambda engine, close=EmbeddedEngine.close: opened.append(close(engine)),
    )
    answers(traded.declaration)
    answers(traded.declaration, Asked(store="lyon"))
    assert len(opened) == 2


def test_another_base_currency_is_refused(traded: Retailer) -> None:
    other = traded.declaration.model_copy(update={"base_currency": "USD"})
    with pytest.raises(LakehouseMismatch, match="base currency EUR"):
        read_gold(other, "sales_cube")


@pytest.mark.long
def test_a_reader_keeps_its_set_while_another_run_works(tmp_path: Path) -> None:
    retailer = Retailer(tmp_path)
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.run()
    with gold_set(retailer.declaration) as before:
        retailer.deliver("lyon/b.csv", sale("2"))
        retailer.run()
        with gold_set(retailer.declaration) as after:
            revenue = [
                gold.read("gold.revenue_per_month")["revenue"].to_pylist()
                for gold in (before, after)
            ]
    assert revenue == [[Decimal("10.00")], [Decimal("20.00")]]


def test_a_run_that_did_not_finish_shows_nothing_yet(tmp_path: Path) -> None:
    retailer = Retailer(tmp_path)
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.run()
    with closing(EmbeddedEngine(retailer.lakehouse)) as engine:
        lakehouse = Lakehouse(retailer.declaration, engine)
        lakehouse.prepare()
        lakehouse.replace(
            "gold.revenue_per_month", "true", lakehouse.local([], "gold.revenue_per_month")
        )
    assert len(answers(retailer.declaration).global_performance) == 1


def test_a_lakehouse_without_sales_says_so(tmp_path: Path, rendered: Rendered) -> None:
    retailer = Retailer(tmp_path)
    retailer.deliver_catalogue()
    retailer.run()
    assert rendered(answers_text(answers(retailer.declaration), list(Question))) == [
        "No sales yet."
    ]
    nothing = answers(retailer.declaration, Asked.of_month(JANUARY))
    assert rendered(answers_text(nothing, list(Question))) == ["No sales yet."]
