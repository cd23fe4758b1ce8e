"""The checks on the catalogue: one of two layouts, and prices in some currency."""

from __future__ import annotations

from collections.abc import Iterator

from sales_pipeline.config.dialect_checks import dialect_findings
from sales_pipeline.config.findings import Finding, Plain, mapping


def catalogue_findings(catalogue: Plain) -> Iterator[Finding]:
    """Finds parts of a catalogue that are missing, or do not go together."""
    yield from (each.below("csv") for each in dialect_findings(mapping(catalogue.get("csv"))))
    yield from _layout_findings(catalogue)
    price = catalogue.get("price")
    if price is not None:
        yield from (each.below("price") for each in _price_findings(mapping(price)))


def _layout_findings(catalogue: Plain) -> Iterator[Finding]:
    wide, rows = catalogue.get("languages"), catalogue.get("rows")
    if rows is not None and wide:
        do = "; keep languages where a row is a product, rows where it is one in one language"
        yield Finding(("rows",), "not together with languages", do, shows=False)
    elif rows is None and not wide:
        do = "; write each language and the headers of its two columns, or write rows"
        yield Finding(("languages",), "missing, and so is rows", do, shows=False)
    if rows is not None and catalogue.get("code") is None:
        do = "; write its header: the code tells which rows are one product"
        yield Finding(("code",), "missing, and rows needs it", do, shows=False)


def _price_findings(price: Plain) -> Iterator[Finding]:
    given = [key for key in ("currency", "currency_column") if price.get(key) is not None]
    if not given:
        do = "; write the currency of all prices, or the header of the column with that of each"
        yield Finding(("currency",), "missing, and so is currency_column", do, shows=False)
    elif len(given) == 2:
        do = "; keep one of them"
        yield Finding(("currency_column",), "not together with currency", do, shows=False)
