"""What a declaration offers to the rest of the pipeline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

import sales_pipeline.config
from sales_pipeline.config import Dialect, Feed, declaration_from
from sales_pipeline.config.model import Declaration


@pytest.fixture
def feed(data: dict[str, Any]) -> Callable[..., Feed]:
    """Returns the feed of Tokyo, with some keys declared otherwise."""

    def declared(**changes: object) -> Feed:
        return Feed.model_validate(data["feeds"]["tokyo"] | changes)

    return declared


@pytest.mark.parametrize(
    "change",
    [
        {
            "columns": {
                "sale_id": "a",
                "sold_on": "b",
                "product": "c",
                "quantity": "d",
                "amount": "e",
            }
        },
        {"csv": {"delimiter": ";"}},
        {"csv": {"decimal": ","}},
        {"date_formats": ["yyyy/MM/dd", "yyyyMMdd"]},
        {"key": []},
        {"key": ["sale_id", "product"]},
        {"exclude_when": "amount = '0'"},
        {"currency": "USD"},
        {"language": "fr"},
        {"store": {"id": "osaka", "name": "Tokyo Ginza", "city": "Tokyo", "country": "JP"}},
    ],
)
def test_the_fingerprint_changes_with_the_meaning_of_records(
    feed: Callable[..., Feed], change: dict[str, object]
) -> None:
    assert feed(**change).fingerprint() != feed().fingerprint()


@pytest.mark.parametrize(
    "change",
    [
        {"landing": "elsewhere/*.csv"},
        {"max_quarantined": "50%"},
        {"store": {"id": "tokyo", "name": "Ginza 2", "city": "Tōkyō", "country": "JP"}},
        {"key": ["sale_id"]},
        {"csv": {"delimiter": ","}},
        {"date_formats": ["yyyy/MM/dd"]},
    ],
)
def test_the_fingerprint_stays_when_records_mean_the_same(
    feed: Callable[..., Feed], change: dict[str, object]
) -> None:
    assert feed(**change).fingerprint() == feed().fingerprint()


def test_the_fingerprint_does_not_depend_on_the_order_of_the_keys_columns(
    feed: Callable[..., Feed],
) -> None:
    one, other = feed(key=["sale_id", "product"]), feed(key=["product", "sale_id"])
    assert one.fingerprint() == other.fingerprint()


def test_the_fingerprint_never_changes_from_release_to_release(feed: Callable[..., Feed]) -> None:
    assert feed().fingerprint() == "f892437424dfb574"


@pytest.mark.parametrize(
    ("landing", "root"),
    [
        ("paris/*.csv", "paris"),
        ("paris/2025-*.csv", "paris"),
        ("*.csv", ""),
        ("fr/paris/2025/sales.csv", "fr/paris/2025"),
        ("fr/*/sales.csv", "fr"),
        ("fr/20[0-9][0-9]/x.csv", "fr"),
        ("f?/paris/x.csv", ""),
    ],
)
def test_the_landing_root_is_the_folders_before_a_wildcard(
    feed: Callable[..., Feed], landing: str, root: str
) -> None:
    assert feed(landing=landing).landing_root == root


@pytest.mark.parametrize(("currency", "decimals"), [("EUR", 2), ("KWD", 3)])
def test_the_minor_units_are_those_of_the_base_currency(
    data: dict[str, Any], currency: str, decimals: int
) -> None:
    data["base_currency"] = currency
    assert declaration_from(data).minor_units == decimals


def test_a_part_made_in_code_is_checked_like_a_declared_one(data: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="the same as the delimiter, got ';'"):
        Dialect(delimiter=";", quote=";")
    declaration = declaration_from(data)
    with pytest.raises(ValidationError, match="a currency without a rate, got 'JPY'"):
        Declaration(catalogue=declaration.catalogue, feeds=declaration.feeds)


def test_a_declaration_cannot_be_changed(data: dict[str, Any]) -> None:
    declaration, key = declaration_from(data), "language"
    with pytest.raises(ValidationError, match="frozen"):
        setattr(declaration, key, "fr")


def test_everything_public_is_exported_in_order() -> None:
    names = sales_pipeline.config.__all__
    assert len(set(names)) == len(names)
    assert all(hasattr(sales_pipeline.config, name) for name in names)
