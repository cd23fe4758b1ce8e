"""Texts that hardly repeat are parsed by themselves, or record by record, and mean the same."""

from __future__ import annotations

import pytest

from sales_pipeline.silver.parsing import parsed_texts
from tests.retailer import Retailer, sale

_COLUMNS = (
    "sale_id",
    "sold_on",
    "product",
    "unit_price",
    "quantity",
    "amount",
    "status",
    "reasons",
)


@pytest.mark.parametrize("texts_joined", [0, 2, 100])
def test_p7_texts_that_hardly_repeat_are_parsed_as_others_are(
    retailer: Retailer,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    texts_joined: int,
) -> None:
    retailer.deliver_catalogue()
    retailer.deliver(
        "lyon/a.csv",
        *(sale(str(at), price=f"{at}.5", units=str(at), total=f"{at}.25") for at in range(1, 5)),
        sale("5", item="Unknown"),
        sale("6", units="x"),
        sale("7", day="2025-02-30"),
    )
    other = retailer.copied_to(tmp_path_factory.mktemp("other"))
    retailer.run()
    expected = retailer.rows("silver.records", *_COLUMNS)
    monkeypatch.setattr(parsed_texts, "MANY_COUNTS", 0)
    monkeypatch.setattr(parsed_texts, "MANY_TEXTS", texts_joined)
    other.run()
    assert other.rows("silver.records", *_COLUMNS) == expected
