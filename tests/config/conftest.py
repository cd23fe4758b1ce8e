"""A small declaration, as the text of a file and as plain data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sales_pipeline.config.loader import load_config
from sales_pipeline.errors import DeclarationError

TEXT = """\
base_currency: EUR
rates:
  fixed:
    JPY: 0.0055
catalogue:
  languages:
    en: {product: product_en, category: category_en}
    fr: {product: product_fr, category: category_fr}
feeds:
  tokyo:
    landing: tokyo/*.csv
    store: {id: tokyo, name: Tokyo Ginza, city: Tokyo, country: JP}
    currency: JPY
    language: en
    date_formats: yyyy/MM/dd
    columns:
      sale_id: receipt
      sold_on: date
      product: item
      quantity: qty
      amount: total
"""


@pytest.fixture
def text() -> str:
    """The declaration as YAML; tests replace parts of it."""
    return TEXT


@pytest.fixture
def data() -> dict[str, Any]:
    """The same declaration as plain data, new for each test."""
    columns = ("sale_id", "sold_on", "product", "quantity", "amount")
    return {
        "rates": {"fixed": {"JPY": "0.0055"}},
        "catalogue": {"languages": {"en": {"product": "product_en", "category": "category_en"}}},
        "feeds": {
            "tokyo": {
                "landing": "tokyo/*.csv",
                "store": {"id": "tokyo", "name": "Tokyo Ginza", "city": "Tokyo", "country": "JP"},
                "currency": "JPY",
                "language": "en",
                "date_formats": "yyyy/MM/dd",
                "columns": {column: column.upper() for column in columns},
            }
        },
    }


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Returns the whole error report of a declaration's text in a file config.yaml."""
    monkeypatch.chdir(tmp_path)

    def error_report(text: str) -> str:
        Path("config.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(DeclarationError) as caught:
            load_config("config.yaml")
        return str(caught.value)

    return error_report
