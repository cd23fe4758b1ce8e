"""The rows of the four answers: sums of the cube, rounded once, ranked and divided.

The engine adds up, in one statement by store and one by product; this process does the rest with
the few sums. Integers divide exactly, so a share is the same on every engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import accumulate, groupby
from operator import itemgetter
from typing import Any

from sales_pipeline.config.model import Declaration
from sales_pipeline.exact import (
    EXACT,
    RATIO_DECIMALS,
    digits_of,
    exact_sum,
    rounded_quotient,
    shown_amounts,
    whole_of,
)
from sales_pipeline.gold.spellings import passes_spellings, spellings_of, with_shown_products
from sales_pipeline.lakehouse.arrow_types import python_rows
from sales_pipeline.lakehouse.declared_tables import SALES_CUBE
from sales_pipeline.lakehouse.lakehouse import Lakehouse

Row = dict[str, Any]
BY_MONTH = "gold.revenue_per_month"
BY_STORE = "gold.revenue_per_month_and_shop"
RANKED_BY = {
    "gold.top_selling_products": "units",
    "gold.top_selling_products_by_revenue": "revenue",
}
"""The tables of best sellers, and the column that each is ranked by."""
_UNIT_DECIMALS, _REVENUE_DECIMALS = 3, 18
_SUMMED = ("units", "units_returned", "revenue", "revenue_returned")
_FIGURES = {name: name for name in ("sales", *_SUMMED)}
"""What is added up of the cube; `sales` decides which spelling is shown."""
_MONTH = itemgetter("month")


def sums_by_store(lakehouse: Lakehouse, condition: str) -> list[Row]:
    """Adds up some months of `gold.sales_cube` by month and store.

    Args:
        lakehouse: The tables.
        condition: The SQL condition of the months, made of literals only.

    Returns:
        `month`, `store` and the figures, unrounded.
    """
    sums = lakehouse.totals(SALES_CUBE.name, by=["month", "store"], of=_FIGURES, where=condition)
    return python_rows(sums)


def sums_by_product(lakehouse: Lakehouse) -> list[Row]:
    """Adds up all months of `gold.sales_cube` by product, under the spelling that is shown.

    Returns:
        `product`, `category` and the figures, unrounded; of several categories the last one.
    """
    by = ["product", "category"]
    if passes_spellings(lakehouse.declaration):
        by.append("store")
    sums = lakehouse.totals(SALES_CUBE.name, by=by, of=_FIGURES)
    if "store" in by:
        sums = with_shown_products(spellings_of(lakehouse.declaration, sums), sums)
    products: dict[str, Row] = {}
    for row in python_rows(sums):
        known = products.setdefault(row["product"], row)
        if known is not row:
            known |= {name: EXACT.add(known[name], row[name]) for name in _SUMMED}
            known["category"] = max(known["category"] or "", row["category"] or "") or None
    return list(products.values())


def answers(
    declaration: Declaration, by_store: Sequence[Row], by_product: Sequence[Row]
) -> dict[str, list[Row]]:
    """Returns the rows of the four answers, by table.

    Args:
        declaration: What the retailer declares: base currency, stores, classes.
        by_store: The months to show, see `sums_by_store`.
        by_product: See `sums_by_product`.
    """
    declared = _declared_stores(declaration)
    months = [list(rows) for _, rows in groupby(sorted(by_store, key=_MONTH), key=_MONTH)]
    return {
        BY_MONTH: [
            {**_year_and_month(rows[0]), **_money(declaration, _added(rows))} for rows in months
        ],
        BY_STORE: [row for rows in months for row in _stores(declaration, declared, rows)],
        **{name: _best_sellers(declaration, by_product, name) for name in RANKED_BY},
    }


def _added(rows: Sequence[Row]) -> Row:
    return {name: exact_sum(row[name] for row in rows) for name in _SUMMED}


def _year_and_month(row: Row) -> Row:
    month: date = row["month"]
    return {"year": month.year, "month": month.month}


def _money(declaration: Declaration, row: Row) -> Row:
    """The amounts of some sales as they are shown."""
    amounts = shown_amounts(row["revenue"], row["revenue_returned"], declaration.minor_units)
    other = {"currency": declaration.base_currency, "units_returned": row["units_returned"]}
    return amounts | other


def _stores(
    declaration: Declaration, declared: Mapping[str, Row], of_month: Sequence[Row]
) -> Iterator[Row]:
    """The stores of a month, the best first; shares are of the revenue before it is rounded."""
    whole = digits_of(whole_of([row["revenue"] for row in of_month]), _REVENUE_DECIMALS)
    rows = [
        {
            **_year_and_month(row),
            "store": row["store"],
            **declared.get(row["store"], {}),
            **_money(declaration, row),
            "share": _share(digits_of(row["revenue"], _REVENUE_DECIMALS), whole),
        }
        for row in of_month
    ]
    rows.sort(key=lambda row: (-row["revenue"], row["store"]))
    yield from ({**row, "rank": rank} for rank, row in enumerate(rows, start=1))


def _declared_stores(declaration: Declaration) -> dict[str, Row]:
    """Store -> `store, shop, city, country`, as gold shows them."""
    return {
        store.id: {
            "store": store.id, "shop": store.name, "city": store.city, "country": store.country,
        }
        for store in declaration.stores.values()
    }  # fmt: skip


def _best_sellers(declaration: Declaration, sums: Iterable[Row], name: str) -> list[Row]:
    """Products by the figure that is shown, then by name; shares are of the sum of these."""
    by = RANKED_BY[name]
    products = [
        {
            "product": row["product"],
            "category": row["category"],
            "units": row["units"],
            **_money(declaration, row),
        }
        for row in sums
    ]
    products.sort(key=lambda row: (-row[by], row["product"]))
    figures = _figures(declaration, products, by)
    whole = sum(figures)
    classes = declaration.classes.of_ranked(figures)
    parts = zip(products, figures, accumulate(figures), classes, strict=True)
    return [
        {
            **product,
            "rank": rank,
            "share": _share(figure, whole),
            "cumulative_share": _share(so_far, whole),
            "abc": abc,
        }
        for rank, (product, figure, so_far, abc) in enumerate(parts, start=1)
    ]


def _figures(declaration: Declaration, rows: Iterable[Row], by: str) -> list[int]:
    """The ranked figures as integers of their smallest unit."""
    decimals = _UNIT_DECIMALS if by == "units" else declaration.minor_units
    return [digits_of(row[by], decimals) for row in rows]


def _share(part: int, whole: int) -> Decimal | None:
    """A part of a whole; None if the whole is not positive."""
    return rounded_quotient(part, whole, RATIO_DECIMALS) if whole > 0 else None


def is_declared_otherwise(lakehouse: Lakehouse) -> bool:
    """Returns whether gold shows a store, or a product's class, otherwise than declared now."""
    return _stores_changed(lakehouse) or any(
        _classes_changed(lakehouse, name) for name in RANKED_BY
    )


def _stores_changed(lakehouse: Lakehouse) -> bool:
    declared = _declared_stores(lakehouse.declaration)
    shown = lakehouse.rows(BY_STORE, columns=["store", "shop", "city", "country"])
    return any(declared.get(row["store"], row) != row for row in shown)


def _classes_changed(lakehouse: Lakehouse, name: str) -> bool:
    by, declaration = RANKED_BY[name], lakehouse.declaration
    shown = lakehouse.rows(name, columns=["rank", by, "abc"])
    shown.sort(key=itemgetter("rank"))
    classes = declaration.classes.of_ranked(_figures(declaration, shown, by))
    return classes != [row["abc"] for row in shown]
