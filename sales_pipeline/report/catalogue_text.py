"""What the catalogue knows and lacks, as tables for a terminal; every name is untrusted."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from sales_pipeline.errors import counted
from sales_pipeline.printable import printable
from sales_pipeline.report.catalogue import KnownName, KnownPrice, Missing
from sales_pipeline.report.figures import grouped, money, without_end_zeros
from sales_pipeline.report.tables import cell, new_table, titled
from sales_pipeline.silver.reference.list_prices import ALWAYS
from sales_pipeline.silver.reference.missing_names import MissingName


def known_text(names: Sequence[KnownName]) -> RenderableType:
    """Returns what the catalogue knows as a table."""
    if not names:
        return Text("The catalogue knows no such name.")
    are_priced = any(each.prices for each in names)
    headers = ["Language", "Name or code", "Product", "Category", "List price"]
    table = new_table()
    for header in [*(headers if are_priced else headers[:-1]), "Taught by"]:
        table.add_column(header, overflow="fold")
    for each in names:
        known = each.known
        texts = [cell(text) for text in (each.language, known.source, known.product)]
        prices = [cell_of_prices(each.prices)] if are_priced else []
        table.add_row(*texts, cell(known.category), *prices, cell(each.path))
    return titled(f"The catalogue: {counted(len(names), 'name')}", table)


def cell_of_prices(prices: Sequence[KnownPrice]) -> Text:
    """Returns the list prices of a name, one a line, each with its first day and its file."""
    return Text("\n".join(printable(_price(each)) for each in prices))


def _price(stated: KnownPrice) -> str:
    price = stated.price
    since = "" if price.valid_from == ALWAYS else f" from {price.valid_from}"
    return f"{grouped(without_end_zeros(price.price))} {price.currency}{since} ({stated.path})"


def missing_text(missing: Missing, *, limit: int) -> RenderableType:
    """Returns the names that sales wait for, and how to teach them."""
    if not missing.names:
        return Text("Nothing is missing: no sale waits for the catalogue to know its product.")
    table = new_table()
    for header in ("Feed", "Name"):
        table.add_column(header, overflow="fold")
    for header in ("Records", "Amount"):
        table.add_column(header, justify="right")
    table.add_column("Like", overflow="fold")
    for each in missing.names[:limit]:
        near = cell(", ".join(each.near))
        table.add_row(cell(each.feed), cell(each.name), f"{each.records:,}", _money(each), near)
    rest = len(missing.names) - limit
    remark = f"and {counted(rest, 'more name')}: --limit" if rest > 0 else ""
    title = f"Missing from the catalogue: {counted(len(missing.names), 'name')}"
    return Group(titled(title, table, remark=remark), Text(printable(missing.lesson)))


def _money(missing: MissingName) -> Text:
    amounts = sorted(missing.amounts.items())
    return Text("\n".join(printable(money(amount, currency)) for currency, amount in amounts))
