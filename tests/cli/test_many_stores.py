"""A hundred stores of one format: only those with files cost anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sales_pipeline.engines.embedded import EmbeddedEngine
from tests.cli.conftest import Call
from tests.replacements import Replacements

SHARED = """\
rates:
  fixed: {USD: 0.85}
catalogue:
  languages:
    en: {product: product, category: category}
formats:
  till:
    currency: EUR
    language: en
    date_formats: yyyy-MM-dd
    columns: {sale_id: id, sold_on: day, product: item, quantity: units, amount: total}
feeds:
"""
STORE = """\
  store_{0}:
    format: till
    landing: store_{0}/*.csv
    store: {{id: store_{0}, name: Store {0}, city: Lyon, country: FR}}
"""


@pytest.fixture
def hundred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The landing folder of a hundred stores, with nothing in it yet."""
    stores = "".join(STORE.format(number) for number in range(100))
    (tmp_path / "config.yaml").write_text(SHARED + stores, encoding="utf-8")
    (tmp_path / "landing").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path / "landing"


def test_a_hundred_stores_are_checked_without_a_session(
    hundred: Path, call: Call, replaced: Replacements
) -> None:
    sessions = replaced(EmbeddedEngine, "spark")
    said = call("check")
    assert said.code == 0
    assert "valid; 100 feeds of sales, answers in EUR" in said.out
    assert sessions == []
    # Those with files are judged, by the engine.
    for number in (7, 70):
        (hundred / f"store_{number}").mkdir()
        sales = f"id,day,item,units,total\n1,2025-01-15,Vase,1,{number}.00\n"
        (hundred / f"store_{number}/a.csv").write_text(sales, encoding="utf-8")
    files = json.loads(call("check", "--json").out)["files"]
    amounts = {each["path"]: each["records"][0]["amount"] for each in files}
    assert amounts == {"store_7/a.csv": "7.0000", "store_70/a.csv": "70.0000"}
