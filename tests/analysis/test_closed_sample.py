"""December of the sample is closed, then its last file comes: computed from single records, too."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from sales_pipeline.config.loader import load_config
from sales_pipeline.config.model import Declaration
from sales_pipeline.operations.closing import close
from sales_pipeline.pipeline import run
from sales_pipeline.report.answers_of_run import Asked, answers
from sales_pipeline.report.why_restated import why_since_closing
from sales_pipeline.sample import CLOSED, LATE, place_sample
from tests.analysis.test_figures_of_the_sample import around, by_day, cents, revenue_of
from tests.sample.records import Record

MONTH = Asked.of_month(CLOSED)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Declaration:
    """The sample, whose December was closed before its last file came."""
    folder = tmp_path_factory.mktemp("closed_sample")
    places = {"landing": str(folder / "landing"), "lakehouse": str(folder / "lakehouse")}
    declaration = load_config().model_copy(update=places)
    place_sample(folder / "landing", late=False)
    run(declaration)
    close(declaration, [CLOSED])
    assert place_sample(folder / "landing", late=True) == [*LATE]
    assert [change.month for change in run(declaration).closings] == [CLOSED]
    return declaration


def _december() -> tuple[list[Record], list[Record]]:
    """The records of December without its late file, and those of the late file."""
    assert LATE == ("tokyo/sales_2025-12-31.csv",)
    sold = [record for day in DECEMBER for record in by_day().get(day, [])]
    is_late = [(each.store, each.sold_on) == ("tokyo", date(2025, 12, 31)) for each in sold]
    late = [each for each, after in zip(sold, is_late, strict=True) if after]
    return [each for each, after in zip(sold, is_late, strict=True) if not after], late


DECEMBER = around(MONTH.by, CLOSED)


def test_december_is_as_closed_without_its_late_file(sample: Declaration) -> None:
    on_time, late = _december()
    asked = Asked(MONTH.first, MONTH.last, as_closed=True)
    kept = answers(sample, asked)
    assert kept.total
    assert (kept.total.revenue, kept.total.sales) == (cents(revenue_of(on_time)), len(on_time))
    for row in kept.best_by_value:
        own = [record for record in on_time if record.product == row.product]
        assert row.revenue == cents(revenue_of(own))
        assert row.units == sum(record.units for record in own)
    now = answers(sample, MONTH)
    assert now.total
    assert now.total.revenue == cents(revenue_of([*on_time, *late]))
    assert now.total.sales == len(on_time) + len(late)


def test_the_late_file_is_the_whole_of_the_adjustment(sample: Declaration) -> None:
    on_time, late = _december()
    [month] = why_since_closing(sample).months
    assert month.revenue_before == cents(revenue_of(on_time))
    assert month.change == cents(revenue_of([*on_time, *late])) - month.revenue_before
    [part] = month.reasons
    assert (part.reason, part.change) == ("late files", month.change)
    assert [(source.name, source.change) for source in part.largest] == [(LATE[0], month.change)]
    assert abs(part.change - revenue_of(late)) <= Decimal("0.01")
