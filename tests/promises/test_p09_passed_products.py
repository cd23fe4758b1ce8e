"""Products that pass without a catalogue and differ only in case are one product in the answers."""

from __future__ import annotations

from datetime import date
from itertools import permutations

import pytest

from sales_pipeline.report.answers_of_run import Asked, answers
from sales_pipeline.report.compared_runs import compared_runs
from tests.retailer import Retailer, sale


@pytest.fixture
def passing(retailer: Retailer) -> Retailer:
    """A retailer whose `lyon` lets every product pass and ignores case; `boston` minds it."""
    lyon = retailer.declared["feeds"]["lyon"]
    lyon.update({"unknown_products": "pass", "ignore_case": True, "key": []})
    retailer.declared["feeds"]["boston"].update({"unknown_products": "pass", "key": []})
    return retailer


def units(retailer: Retailer, asked: Asked | None = None) -> dict[str, int]:
    """Product -> units in the answers."""
    found = answers(retailer.declaration, asked)
    return {row.product: int(row.units) for row in found.best_by_volume}


@pytest.mark.long
def test_the_most_frequent_spelling_is_shown_and_the_first_of_equals(passing: Retailer) -> None:
    passing.deliver("lyon/a.csv", *(sale("", item=name) for name in ("Cortado", "CORTADO")))
    passing.run()
    assert units(passing) == {"CORTADO": 2}
    # Spaces and what nobody sees make no other spelling.
    passing.deliver("lyon/b.csv", sale("", "2025-02-01", item=" Cor\u200btado ", units="5"))
    passing.run()
    assert units(passing) == {"Cortado": 7}
    assert units(passing, Asked.of_month(date(2025, 1, 1))) == {"Cortado": 2}
    assert units(passing, Asked(store="lyon")) == {"Cortado": 7}
    [moved] = [row for row in compared_runs(passing.declaration).moved if row.month.month == 2]
    assert (moved.product, int(moved.units_after)) == ("Cortado", 5)


def test_units_do_not_make_a_spelling_frequent_and_a_withdrawn_file_does_not_count(
    passing: Retailer,
) -> None:
    passing.deliver("lyon/a.csv", sale("", item="straße", units="9"))
    passing.deliver("lyon/b.csv", *[sale("", item="STRASSE")] * 2)
    passing.run()
    assert units(passing) == {"STRASSE": 11}
    passing.withdraw("lyon/b.csv")
    assert units(passing) == {"straße": 9}


def test_a_feed_that_minds_case_keeps_its_spellings(passing: Retailer) -> None:
    passing.deliver("boston/a.csv", *[sale("", item=name) for name in ("Tea", "TEA", "TEA", "TEA")])
    passing.deliver("lyon/a.csv", *[sale("", item=name) for name in ("Tea", "Tea", "TEA")])
    passing.run()
    assert units(passing, Asked(store="boston")) == {"Tea": 1, "TEA": 3}
    assert units(passing, Asked(store="lyon")) == {"Tea": 3}


@pytest.mark.long
def test_batches_order_and_a_rebuild_change_nothing(passing: Retailer) -> None:
    files = {
        "a": [sale("", item="tea"), sale("", item="TEA")],
        "b": [sale("", "2025-02-01", item="Tea")],
        "c": [sale("", "2025-03-01", item="Tea"), sale("", "2025-03-02", item="tea")],
    }
    found = []
    for place, order in enumerate(permutations(files)):
        folder = passing.folder / str(place)
        folder.mkdir()
        retailer = Retailer(folder, passing.declared)
        for name in order:
            retailer.deliver(f"lyon/{name}.csv", *files[name])
            retailer.run()
        found.append(retailer.table("gold.top_selling_products"))
        retailer.rebuild()
        found.append(retailer.table("gold.top_selling_products"))
        if place == 1:
            break
    together = Retailer(passing.folder, {**passing.declared, "batch_bytes": 1})
    for name, sales in files.items():
        together.deliver(f"lyon/{name}.csv", *sales)
    together.run()
    found.append(together.table("gold.top_selling_products"))
    assert [row["product"] for row in found[0]] == ["Tea"]
    assert all(rows == found[0] for rows in found)
