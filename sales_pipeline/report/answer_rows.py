"""The rows of the four answers; every revenue is in the base currency, rounded half up once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True)
class MonthRevenue:
    """The revenue of one month, in the base currency."""

    month: date
    revenue: Decimal


@dataclass(frozen=True)
class StoreRevenue:
    """The revenue of one store in one month; `rank` is its place among all stores of the month."""

    month: date
    store: str
    name: str | None
    city: str | None
    country: str | None
    revenue: Decimal
    rank: int


@dataclass(frozen=True)
class ProductByVolume:
    """One product, placed by units sold."""

    rank: int
    product: str
    category: str | None
    units: Decimal
    revenue: Decimal


@dataclass(frozen=True)
class ProductByValue:
    """One product, placed by revenue."""

    rank: int
    product: str
    category: str | None
    revenue: Decimal
    units: Decimal


Row = MonthRevenue | StoreRevenue | ProductByVolume | ProductByValue
