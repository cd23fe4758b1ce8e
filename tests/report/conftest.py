"""What the tests of reports share: a renderer, and a retailer that has traded a little."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from rich.console import Console, RenderableType

from tests.retailer import HEADER, Retailer, sale

HOSTILE = '=HYPERLINK("http://x")[bold]\x1b[2J'
CATALOGUE = (
    "produit,categorie,product,category\n"
    "Thé vert,Épicerie,Green tea,Groceries\n"
    "Café moulu,Épicerie,Ground coffee,Groceries\n"
    "Vase,Maison,Vase,Home\n"
    f'Piège,Maison,"{HOSTILE.replace(chr(34), chr(34) * 2)}",Home\n'
)


@pytest.fixture(scope="session")
def rendered() -> Callable[[RenderableType], list[str]]:
    """Gives what a renderable shows on a terminal of 100 columns, line by line."""

    def render(renderable: RenderableType) -> list[str]:
        out = io.StringIO()
        console = Console(file=out, width=100, color_system=None, force_terminal=True)
        console.print(renderable, crop=False)
        return [line.rstrip() for line in out.getvalue().splitlines()]

    return render


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Retailer:
    """A retailer with sales in two stores, two months and two currencies, once run."""
    retailer = Retailer(tmp_path_factory.mktemp("traded"))
    retailer.deliver_catalogue(CATALOGUE)
    retailer.deliver(
        "lyon/january.csv",
        sale("L1", "2025-01-10", "Vase", total="10.00"),
        sale("L2", "2025-01-11", "Thé vert", units="3", total="30.00"),
        sale("L3", "2025-02-01", "Café moulu", units="2.5", total="25.00"),
        sale("L4", "2025-02-01", "Piège", total="5.00"),
        sale("L5", "2025-02-30", "Vase", total="7.00"),
        sale("L6", "2025-02-02", "Inconnu", units="x", total="8.00"),
    )
    retailer.deliver(
        "boston/january.csv",
        # 11.70 USD x 0.85 = 9.945 EUR: a half that has to go up.
        sale("B1", "2025-01-15", "Vase", total="11.70"),
        sale("B2", "2025-02-15", "Green tea", units="-1", total="-10.00"),
        header=HEADER,
    )
    retailer.run()
    return retailer
