"""Sales that later deliveries displaced by another day or amount, as lines and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from rich.text import Text

from sales_pipeline.errors import counted
from sales_pipeline.printable import printable
from sales_pipeline.report.figures import money
from sales_pipeline.report.json_text import amounts_document
from sales_pipeline.report.sentences import few_lines

if TYPE_CHECKING:
    from decimal import Decimal

    from sales_pipeline.silver.displaced import DisplacedSales

_HEADING = (
    "displaced by a later file, with another day or amount under the same key; "
    "are ticket numbers used again?"
)


def displaced_lines(displaced: Iterable[DisplacedSales]) -> list[Text]:
    """Returns how many sales were displaced, and a line for each feed and store with their money.

    Nothing where none was.
    """
    found = list(displaced)
    if not found:
        return []
    sales = counted(sum(each.sales for each in found), "sale")
    lines = [_line(each) for each in found]
    return [Text(f"{sales} {_HEADING}", style="yellow"), *few_lines(lines, indent="  ")]


def displaced_document(displaced: Iterable[DisplacedSales]) -> list[dict[str, Any]]:
    """Returns displaced sales as plain values, amounts as text by currency."""
    return [
        {
            "feed": each.feed,
            "store": each.store,
            "sales": each.sales,
            "before": amounts_document(each.before),
            "after": amounts_document(each.after),
            "order": each.order,
        }
        for each in displaced
    ]


def _line(displaced: DisplacedSales) -> str:
    store = "" if displaced.store is None else f", store {displaced.store}"
    rule = "" if displaced.order is None else f"; later by {displaced.order}"
    return printable(
        f"{displaced.feed}{store}: {counted(displaced.sales, 'sale')} of "
        f"{_money(displaced.before)}; in force instead: {_money(displaced.after)}{rule}"
    )


def _money(amounts: Mapping[str, Decimal]) -> str:
    return " and ".join(money(amount, currency) for currency, amount in sorted(amounts.items()))
