"""What the catalogue knows and lacks, as one JSON document or as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sales_pipeline.report.catalogue import KnownName, KnownPrice, Missing
from sales_pipeline.report.csv_text import Cell, csv_text
from sales_pipeline.silver.reference.list_prices import ALWAYS
from sales_pipeline.silver.reference.missing_names import MissingName


def known_document(names: Sequence[KnownName]) -> dict[str, Any]:
    """Returns what the catalogue knows as plain values."""
    return {"names": [_known(each) | {"prices": _prices(each)} for each in names]}


def known_csv(names: Sequence[KnownName]) -> str:
    """Returns what the catalogue knows as CSV: a row for each name and list price."""
    header = ("language", "source", "product", "category", "file", "price", "currency",
              "valid_from", "price_file")  # fmt: skip
    rows = [
        [*_known(each).values(), *price.values()]
        for each in names
        for price in _prices(each) or [dict.fromkeys(header[5:])]
    ]
    return csv_text(header, rows)


def missing_document(missing: Missing, *, limit: int) -> dict[str, Any]:
    """Returns the names that sales wait for as plain values, and how many more there are."""
    return {
        "names": [_missing(each) for each in missing.names[:limit]],
        "more": max(0, len(missing.names) - limit),
        "lesson": missing.lesson,
    }


def missing_csv(missing: Missing, *, limit: int) -> str:
    """Returns the names that sales wait for as CSV: a row for each name and currency."""
    rows: list[list[Cell]] = [
        [each.feed, each.name, each.records, each.amounts.get(currency), currency, *_near(each)]
        for each in missing.names[:limit]
        for currency in sorted(each.amounts) or [""]
    ]
    return csv_text(["feed", "name", "records", "amount", "currency", "near"], rows)


def _near(each: MissingName) -> list[str]:
    return ["; ".join(each.near)]


def _known(each: KnownName) -> dict[str, Any]:
    return {
        "language": each.language,
        "source": each.known.source,
        "product": each.known.product,
        "category": each.known.category,
        "file": each.path,
    }


def _prices(each: KnownName) -> list[dict[str, Any]]:
    return [_price(stated) for stated in each.prices]


def _price(stated: KnownPrice) -> dict[str, Any]:
    price = stated.price
    return {
        "price": f"{price.price:f}",
        "currency": price.currency,
        "valid_from": None if price.valid_from == ALWAYS else price.valid_from.isoformat(),
        "file": stated.path,
    }


def _missing(each: MissingName) -> dict[str, Any]:
    return {
        "feed": each.feed,
        "name": each.name,
        "records": each.records,
        "amounts": {currency: f"{amount:f}" for currency, amount in sorted(each.amounts.items())},
        "near": list(each.near),
    }
