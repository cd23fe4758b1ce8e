"""Environment variables in a declaration, and that their values stay secret."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sales_pipeline.config.loader import declaration_from
from sales_pipeline.errors import DeclarationError


def test_a_variable_is_put_into_any_text(
    data: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP", "Ginza")
    data["feeds"]["tokyo"]["store"]["name"] = "Tokyo ${SHOP}"
    data["feeds"]["tokyo"]["date_formats"] = ["yyyy/MM/dd", "yyyyMMdd"]
    assert declaration_from(data).stores["tokyo"].name == "Tokyo Ginza"


def test_a_variable_cannot_change_the_shape_of_the_declaration(
    data: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP", "x\nfeeds: {}")
    data["feeds"]["tokyo"]["store"]["name"] = "${SHOP}"
    assert declaration_from(data).stores["tokyo"].name == "x\nfeeds: {}"


def test_a_variable_that_is_not_set_is_named_with_its_key_once(
    report: Callable[[str], str], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BASE", raising=False)
    assert report(text.replace("base_currency: EUR", "base_currency: ${BASE}")) == (
        "config.yaml:1 base_currency: the environment variable BASE is not set; "
        "set it, or write the value here"
    )


def test_what_is_no_name_of_a_variable_is_refused(report: Callable[[str], str], text: str) -> None:
    assert report(text.replace("name: Tokyo Ginza", 'name: "${SHOP:-Ginza}"')) == (
        "config.yaml:12 feeds.tokyo.store.name: ${SHOP:-Ginza} names no environment variable; "
        "write ${NAME}"
    )


@pytest.mark.parametrize(
    ("place", "secret", "what"),
    [
        ("base_currency", "eur", "not an ISO 4217 currency code"),
        ("batch_bytes", "s3cret", "not a whole number"),
        ("language", "fr", "a language that the catalogue does not have"),
        ("feeds.tokyo.currency", "USD", "a currency without a rate"),
        ("feeds.tokyo.date_formats", "%d.%m.%Y", "not a date pattern"),
        ("feeds.tokyo.max_quarantined", "7", "greater than 1"),
        ("feeds.tokyo.columns.amount", "PRODUCT", "the same header as columns.product"),
    ],
)
def test_the_value_of_a_variable_is_never_shown(
    data: dict[str, Any], monkeypatch: pytest.MonkeyPatch, place: str, secret: str, what: str
) -> None:
    monkeypatch.setenv("SECRET", secret)
    *parents, key = place.split(".")
    part = data
    for parent in parents:
        part = part[parent]
    part[key] = "${SECRET}"
    with pytest.raises(DeclarationError) as caught:
        declaration_from(data)
    assert secret not in str(caught.value)
    assert what in str(caught.value)
