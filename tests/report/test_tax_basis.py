"""Figures say whether they are without tax, and where some with and some without are added."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from rich.console import RenderableType

from sales_pipeline.config.loader import declaration_from
from sales_pipeline.config.model import Declaration
from sales_pipeline.lakehouse.runs import RunRecord, finished_runs, utc_now
from sales_pipeline.report.answers_document import answers_document
from sales_pipeline.report.answers_of_run import Asked, answers
from sales_pipeline.report.answers_text import answers_text
from sales_pipeline.report.check import check_document, check_text
from sales_pipeline.report.compared_runs import (
    compared_runs,
    compared_runs_document,
    compared_runs_text,
)
from sales_pipeline.report.explained import explained, explained_document
from sales_pipeline.report.first_records import understand
from sales_pipeline.report.page.contents import page_of, page_text
from sales_pipeline.report.questions import Question
from sales_pipeline.report.tax_basis import WITHOUT_TAX, TaxBasis, basis_of_two, tax_basis
from sales_pipeline.report.why_restated import (
    why_restated,
    why_restated_document,
    why_restated_text,
    why_since_closing,
)
from sales_pipeline.report.workbook import workbook_bytes
from tests.retailer import DECLARATION, Retailer, sale

FRANCE, US = {"included": True, "rate": "20 %"}, {"included": False}
RUN = RunRecord("a", "run", utc_now(), utc_now(), "done", "", "", 0, 0, 0.0, "{}")
NET_RUN = replace(RUN, run_id="b", revenue="net_of_tax")


def declared(lyon: object, boston: object, **others: object) -> Declaration:
    """The declaration of the retailer with some taxes."""
    data = deepcopy(DECLARATION) | others
    for name, tax in (("lyon", lyon), ("boston", boston)):
        if tax is not None:
            data["feeds"][name]["tax"] = tax
    return declaration_from(data)


@pytest.mark.parametrize(
    ("lyon", "boston", "note"),
    [
        (None, None, ""),
        (FRANCE, FRANCE, ""),
        (FRANCE, {"included": True}, ""),
        (US, US, ""),
        (
            FRANCE,
            US,
            (
                "Amounts include tax in lyon (20 %), not in boston; figures add both. "
                "Do: revenue: net_of_tax."
            ),
        ),
        (
            FRANCE,
            None,
            (
                "Amounts include tax in lyon (20 %), nothing is declared of boston; figures "
                "add both. Do: declare the tax of boston."
            ),
        ),
        (
            None,
            US,
            (
                "Amounts do not include tax in boston, nothing is declared of lyon; figures "
                "add both. Do: declare the tax of lyon."
            ),
        ),
    ],
)
def test_it_is_said_where_bases_differ(lyon: object, boston: object, note: str) -> None:
    declaration = declared(lyon, boston)
    assert tax_basis(declaration, RUN).note == note
    assert tax_basis(declaration, RUN, store="lyon").note == ""
    assert (tax_basis(declaration, RUN).in_a_word == "mixed") is bool(note)


def test_csv_says_in_a_word_whether_figures_are_with_tax() -> None:
    declaration = declared(FRANCE, US)
    words = [tax_basis(declaration, RUN, store=store).in_a_word for store in ("lyon", "boston")]
    assert words == ["with", "without"]
    assert tax_basis(declaration, NET_RUN).in_a_word == "without"
    assert tax_basis(declared(None, None), RUN).in_a_word == "not declared"


def test_a_run_that_took_tax_off_says_so_whatever_is_declared_now() -> None:
    net = declared(FRANCE, US, revenue="net_of_tax")
    assert tax_basis(net, NET_RUN) == TaxBasis(
        "net_of_tax", ("lyon (20 %)",), ("boston",), note=WITHOUT_TAX
    )
    assert tax_basis(declared(FRANCE, US), NET_RUN).note == WITHOUT_TAX
    assert tax_basis(net, RUN).note.endswith("Do: sales-pipeline run, which takes the tax off.")


def test_of_two_runs_it_is_said_which_is_without_tax() -> None:
    net = declared(FRANCE, US, revenue="net_of_tax")
    sentence = "Revenue of run b is without tax, that of run a as delivered."
    assert basis_of_two(net, RUN, NET_RUN).note == sentence
    assert basis_of_two(net, NET_RUN, RUN).note == sentence
    assert basis_of_two(net, NET_RUN, NET_RUN).note == WITHOUT_TAX


def test_a_store_with_a_tax_of_its_own_is_named_by_its_id() -> None:
    data = deepcopy(DECLARATION)
    lyon = data["feeds"]["lyon"]
    place = {"name": "x", "city": "x", "country": "FR"}
    lyon["stores"] = {
        "1": place | {"id": "vaise"},
        "2": place | {"id": "geneva", "tax": {"included": True, "rate": "8.1 %"}},
        "3": place | {"id": "basel", "tax": {"included": False}},
    }
    lyon["columns"]["store"] = "shop"
    lyon["tax"] = {
        "included": True,
        "rate": [{"rate": "19.6 %"}, {"rate": 0.2, "since": "2014-01-01"}],
    }
    del lyon["store"]
    data["feeds"]["boston"]["tax"] = US
    basis = tax_basis(declaration_from(data), RUN)
    assert basis.included == ("geneva (8.1 %)", "lyon (19.6 % or 20 %)")
    assert basis.not_included == ("basel", "boston")
    alone = tax_basis(declaration_from(data), RUN, store="basel")
    assert (alone.included, alone.not_included) == ((), ("basel",))


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Retailer, str, str]:
    """A retailer that took the tax off in its second run, and the ids of both."""
    retailer = Retailer(tmp_path_factory.mktemp("taxed"))
    feeds = retailer.declared["feeds"]
    feeds["lyon"]["tax"], feeds["boston"]["tax"] = FRANCE, US
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1", total="120.00"))
    retailer.deliver("boston/a.csv", sale("1", total="100.00"))
    retailer.run()
    retailer.declared["revenue"] = "net_of_tax"
    retailer.run(rejudge=["lyon"])
    first, second = retailer.run_ids()
    return retailer, first, second


MIXED = (
    "Amounts include tax in lyon (20 %), not in boston; figures add both. "
    "Do: sales-pipeline run, which takes the tax off."
)


def test_answers_of_each_run_have_its_basis(
    changed: tuple[Retailer, str, str], rendered: Callable[[RenderableType], list[str]]
) -> None:
    retailer, first, _ = changed
    now, before = answers(retailer.declaration), answers(retailer.declaration, run=first)
    assert (now.total and now.total.revenue) == Decimal("185.00")
    assert (before.total and before.total.revenue) == Decimal("205.00")
    assert rendered(answers_text(now, [Question.GLOBAL]))[-1] == WITHOUT_TAX
    assert " ".join(rendered(answers_text(before, [Question.GLOBAL]))[-2:]) == MIXED
    document: dict[str, Any] = answers_document(now, [Question.STORES])
    assert document["tax"] == {
        "revenue": "net_of_tax",
        "included": ["lyon (20 %)"],
        "not_included": ["boston"],
        "undeclared": [],
        "note": WITHOUT_TAX,
    }


def test_what_the_declaration_took_off_is_a_cause_between_runs(
    changed: tuple[Retailer, str, str], rendered: Callable[[RenderableType], list[str]]
) -> None:
    retailer, first, second = changed
    why = why_restated(retailer.declaration, first)
    assert why.reasons == {"declaration": Decimal("-20.00")}
    sentence = f"Revenue of run {second} is without tax, that of run {first} as delivered."
    assert why_restated_document(why)["tax"]["note"] == sentence
    assert " ".join(rendered(why_restated_text(why))[-2:]).strip() == sentence
    compared = compared_runs(retailer.declaration)
    assert compared.revenue_more == Decimal(-20)
    assert compared_runs_document(compared)["tax"]["note"] == sentence
    assert " ".join(rendered(compared_runs_text(compared))[-2:]).strip() == sentence


def test_a_figure_the_page_and_the_workbook_have_it(
    changed: tuple[Retailer, str, str], tmp_path: Path
) -> None:
    retailer, first, _ = changed
    figure = explained_document(explained(retailer.declaration))
    assert (figure["tax"]["note"], figure["revenue"]) == (WITHOUT_TAX, "185.00")
    page = json.loads(page_text(page_of(retailer.declaration, run=first)))
    assert (page["tax"]["revenue"], page["tax"]["note"]) == ("as_delivered", MIXED)
    (tmp_path / "sales.xlsx").write_bytes(workbook_bytes(answers(retailer.declaration)))
    about = openpyxl.load_workbook(tmp_path / "sales.xlsx")["About"]
    assert ("Tax", WITHOUT_TAX) in [tuple(cell.value for cell in row) for row in about.rows]


@pytest.mark.long
def test_what_was_closed_with_tax_is_said_beside_figures_without_it(retailer: Retailer) -> None:
    feeds = retailer.declared["feeds"]
    feeds["lyon"]["tax"], feeds["boston"]["tax"] = FRANCE, US
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1", total="120.00"), sale("2", "2025-02-01"))
    retailer.run()
    retailer.close("2025-01")
    retailer.declared["revenue"] = "net_of_tax"
    retailer.run(rejudge=["lyon"])
    note = (
        "Revenue of 2025-01, as closed, is as delivered; revenue that is not closed is without tax."
    )
    kept = answers(retailer.declaration, Asked(as_closed=True))
    assert [period.revenue for period in kept.global_performance] == [
        Decimal("120.00"),
        Decimal("8.33"),
    ]
    assert kept.tax.note == note
    days = date(2025, 2, 1), date(2025, 2, 28)
    february = Asked(*days, questions=(Question.STORES,), as_closed=True)
    assert answers(retailer.declaration, february).tax.note == WITHOUT_TAX
    assert answers(retailer.declaration).tax.note == WITHOUT_TAX
    restated = why_since_closing(retailer.declaration)
    assert (restated.tax.note, restated.reasons) == (note, {"declaration": Decimal("-20.00")})
    page = json.loads(page_text(page_of(retailer.declaration, as_closed=True)))
    assert page["tax"]["note"] == note


def test_close_and_reopen_leave_the_basis(
    changed: tuple[Retailer, str, str], tmp_path: Path
) -> None:
    retailer = changed[0].copied_to(tmp_path / "copy")
    retailer.close("2025-01")
    assert answers(retailer.declaration).tax.note == WITHOUT_TAX
    assert answers(retailer.declaration, Asked(as_closed=True)).tax.note == WITHOUT_TAX
    retailer.reopen("2025-01")
    assert answers(retailer.declaration).tax.note == WITHOUT_TAX
    verbs = {record.verb: record.revenue for record in retailer.read(finished_runs)[2:]}
    assert verbs == dict.fromkeys(("close", "reopen"), "net_of_tax")


def test_check_says_what_answers_will_be(
    changed: tuple[Retailer, str, str], rendered: Callable[[RenderableType], list[str]]
) -> None:
    check = understand(changed[0].declaration, source="config.yaml")
    assert check_document(check)["tax"]["note"] == WITHOUT_TAX
    assert rendered(check_text(check))[1] == WITHOUT_TAX


def test_a_rollback_brings_the_basis_back(
    changed: tuple[Retailer, str, str], tmp_path: Path
) -> None:
    retailer = changed[0].copied_to(tmp_path / "copy")
    retailer.rollback(changed[1])
    last = retailer.read(finished_runs)[-1]
    assert (last.verb, last.revenue) == ("rollback", "as_delivered")
    retailer.maintain()
    assert retailer.read(finished_runs)[-1].revenue == "as_delivered"
