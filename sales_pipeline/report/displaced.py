"""Sales that other records displaced, and that are not the same, as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from sales_pipeline.errors import counted
from sales_pipeline.report.document import Amounts, View
from sales_pipeline.report.layout import WORTH_A_LOOK, listed, money_lines
from sales_pipeline.silver.displaced import DisplacedSales


class Displaced(View):
    """Sales that other records displaced, and that are not the same, as JSON."""

    feed: str
    store: str | None
    sales: int
    before: Amounts
    after: Amounts
    in_one_file: bool
    example: str | None
    order: str | None


_CAUSES = {
    False: "by a later file, with another day or amount under the same key; are ticket numbers "
    "used again?",
    True: "within their own file, by another sale under the same key; does the key tell sales "
    "apart?",
}
"""True if a record of their own file displaced sales -> how that is said."""


def displaced_lines(displaced: Sequence[DisplacedSales]) -> list[Text]:
    """Returns how many sales were displaced, and a line for each feed and store with their money.

    Nothing if none was.
    """
    lines: list[Text] = []
    for in_one_file, cause in _CAUSES.items():
        groups = [group for group in displaced if group.in_one_file == in_one_file]
        sales = counted(sum(group.sales for group in groups), "sale")
        own = [_displaced_line(group) for group in groups]
        lines += listed(f"{sales} displaced {cause}", own, style=WORTH_A_LOOK)
    return lines


def _displaced_line(group: DisplacedSales) -> str:
    store = "" if group.store is None else f", store {group.store}"
    example = "" if not group.in_one_file or group.example is None else f"; such as {group.example}"
    rule = "" if group.order is None else f"; later by {group.order}"
    before, after = (
        money_lines(amounts).replace("\n", " and ") for amounts in (group.before, group.after)
    )
    return (
        f"{group.feed}{store}: {counted(group.sales, 'sale')} of {before}; "
        f"in force instead: {after}{rule}{example}"
    )
