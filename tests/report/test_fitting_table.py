"""Tables of figures fit a terminal without cutting a figure."""

from __future__ import annotations

import io

import pytest
from rich.console import Console, RenderableType

from sales_pipeline.report.fitting_table import FittingTable
from sales_pipeline.report.layout import new_table

BIG = "1,000,000,000,000.00"


def shown(amount: str, width: int) -> list[str]:
    """A table of a store and two amounts, line by line."""
    table = FittingTable(
        ("Store", "Revenue EUR", "Before", "Change %"),
        right=("Revenue EUR", "Before", "Change %"),
        fold=("Store",),
        below=(("Before", "Revenue EUR"), ("Change %", "Revenue EUR")),
    )
    table.add_row("New York SoHo", amount, amount, "+12.5%")
    return printed(table, width)


def printed(table: RenderableType, width: int, *, is_terminal: bool = True) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width, color_system=None, force_terminal=is_terminal).print(table)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_a_table_that_fits_has_a_line_for_each_row() -> None:
    assert shown("12.00", 80)[0::2] == [
        "Store           Revenue EUR   Before   Change %",
        "New York SoHo         12.00    12.00     +12.5%",
    ]


def test_names_and_headers_go_on_in_the_next_line_first() -> None:
    assert shown("12.00", 36) == [
        "             Revenue          Change",
        "Store            EUR  Before       %",
        "────────────────────────────────────",
        "New York       12.00   12.00  +12.5%",
        "SoHo",
    ]


def test_then_a_figure_moves_below_another_one() -> None:
    assert shown(BIG, 46)[3:] == [
        "New York SoHo  1,000,000,000,000.00  +12.5%",
        "               1,000,000,000,000.00",
    ]


@pytest.mark.parametrize("width", range(32, 100))
def test_no_figure_is_cut(width: int) -> None:
    lines = shown(BIG, width)
    assert sum(line.count(BIG) for line in lines) == 2
    assert "+12.5%" in " ".join(lines)
    assert max(map(len, lines)) <= width


def test_a_figure_that_has_no_room_at_all_goes_on_in_the_next_line() -> None:
    lines = shown("1" * 40, 30)
    assert sum(line.count("1") for line in lines) == 2 * 40 + "+12.5%".count("1")
    assert max(map(len, lines)) <= 30


def test_columns_move_with_those_below_them() -> None:
    headers = ("A", "B", "C")
    table = FittingTable(headers, right=headers, below=(("C", "B"), ("B", "A")))
    table.add_row("1" * 12, "2" * 12, "3" * 12)
    lines = printed(table, 14)
    assert [line.strip() for line in lines[:3]] == ["A", "B", "C"]
    assert lines[-3:] == ["1" * 12, "2" * 12, "3" * 12]


def test_no_table_cuts_a_figure() -> None:
    table = new_table("Cause", "Revenue", right=["Revenue"])
    table.add_row("new stores", "1" * 40)
    assert sum(line.count("1") for line in printed(table, 30)) == 40


def test_in_a_file_no_name_is_folded() -> None:
    table = FittingTable(("Store", "Revenue EUR"), right=("Revenue EUR",), fold=("Store",))
    table.add_row("s" * 90, "12.00")
    lines = printed(table, 500, is_terminal=False)
    assert lines[-1] == "s" * 90 + "    12.00"
    assert len(lines) == 4, "two of the header, a rule and the row"
