"""Checks that a store, a category or a product that is asked for is known."""

from __future__ import annotations

from collections.abc import Iterable

from sales_pipeline.analysis.sales_of_run import Choice, SalesOfRun
from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import UsageError, did_you_mean, examples


def check_choice(declaration: Declaration, sales: SalesOfRun, choice: Choice) -> None:
    """Checks that the chosen store and category are known; declared stores are.

    Raises:
        UsageError: One is not; the message says what there is.
    """
    if choice.store is not None:
        stores = {*sales.first_sales, *declaration.stores}
        _check(choice.store, stores, f"--store: no such store, got {choice.store!r}", "stores")
    if choice.category is not None:
        problem = f"--category: none of that name, got {choice.category!r}"
        _check(choice.category, sales.categories, problem, "categories")


def check_product(sales: SalesOfRun, product: str) -> None:
    """Checks that a product was sold at some time.

    Raises:
        UsageError: It was not; the message says what there is.
    """
    products = sales.cube["product"].unique().to_pylist()
    _check(product, products, f"--product: none of that name, got {product!r}", "products")


def _check(given: str, known: Iterable[str], problem: str, what: str) -> None:
    names = sorted({*known})
    if given not in names:
        meant = did_you_mean(given, names)
        raise UsageError(f"{problem}.{meant} The {what} are {examples(names)}.")
