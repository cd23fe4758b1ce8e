"""Checks that what is asked for is known: a store, a category, a product, days with sales."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from sales_pipeline.analysis.periods import span_of
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


def no_such_sales(months: Sequence[date], first: date, last: date, store: str | None) -> str:
    """Returns the message that there are no sales in some days, and when there are some."""
    whose = f" of {store}" if store else ""
    if not months:
        return f"--{'store' if store else 'from'}: there are no sales{whose} yet"
    is_month = first.day == 1 and last == span_of(first).last
    when = f"in {first:%Y-%m}" if is_month else f"from {first} to {last}"
    return (
        f"--{'month' if is_month else 'from'}: no sales{whose} {when}; there are sales in "
        f"{len(months):,} months from {months[0]:%Y-%m} to {months[-1]:%Y-%m}"
    )


def _check(given: str, known: Iterable[str], problem: str, what: str) -> None:
    names = sorted({*known})
    if given not in names:
        meant = did_you_mean(given, names)
        raise UsageError(f"{problem}.{meant} The {what} are {examples(names)}.")
