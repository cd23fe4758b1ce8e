"""Sales that later deliveries displaced by another day or amount, as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from sales_pipeline.errors import counted
from sales_pipeline.report.document import Amounts, View
from sales_pipeline.report.layout import WORTH_A_LOOK, listed, money_lines
from sales_pipeline.silver.displaced import DisplacedSales


class Displaced(View):
    """Sales that later deliveries displaced by another day or amount, as JSON."""

    feed: str
    store: str | None
    sales: int
    before: Amounts
    after: Amounts


def displaced_lines(displaced: Sequence[DisplacedSales]) -> list[Text]:
    """Returns how many sales were displaced, and a line for each feed and store with their money.

    Nothing if none was.
    """
    sales = counted(sum(group.sales for group in displaced), "sale")
    heading = (
        f"{sales} displaced by a later file, with another day or amount under the same key; "
        "are ticket numbers used again?"
    )
    return listed(heading, [_displaced_line(group) for group in displaced], style=WORTH_A_LOOK)


def _displaced_line(group: DisplacedSales) -> str:
    store = "" if group.store is None else f", store {group.store}"
    before, after = (
        money_lines(amounts).replace("\n", " and ") for amounts in (group.before, group.after)
    )
    return (
        f"{group.feed}{store}: {counted(group.sales, 'sale')} of {before}; "
        f"in force instead: {after}"
    )
