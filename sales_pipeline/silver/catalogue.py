"""Brings deliveries of the catalogue into `silver.products` (P9)."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import functions as F

from sales_pipeline.errors import FileRejected
from sales_pipeline.lakehouse.lakehouse import Lakehouse, among
from sales_pipeline.lakehouse.ledger import Delivery, Ledger, State
from sales_pipeline.silver.products import Known, Product, changed, check_delivery, learn, normalised
from sales_pipeline.silver.reasons import PRODUCT_UNKNOWN


def known_products(lakehouse: Lakehouse) -> dict[tuple[str, str], Product]:
    """(language, normalised name) -> what `silver.products` says of it."""
    rows = lakehouse.rows("silver.products")
    products = [
        Product(
            row["language"], row["source"], row["product"], row["category"], row["_file_id"], row["_row"]
        )
        for row in rows
    ]
    return {(each.language, each.source): each for each in products}


def learn_products(
    lakehouse: Lakehouse, ledger: Ledger, deliveries: Sequence[Delivery]
) -> dict[Delivery, str]:
    """Makes `silver.products` say what all deliveries of the catalogue in force teach.

    Deliveries of sales that it makes mean something else go back to `in_bronze` in the
    ledger, before the products change, so that no kill can leave them behind.

    Args:
        lakehouse: The tables.
        ledger: The deliveries.
        deliveries: Deliveries of the catalogue that wait in bronze.

    Returns:
        The deliveries that are refused, and why.
    """
    declaration = lakehouse.declaration
    languages, into = list(declaration.catalogue.languages), declaration.language
    refused = {}
    for each in deliveries:
        try:
            check_delivery(_bronze_rows(lakehouse, [each.file_id]), languages, into=into)
        except FileRejected as error:
            refused[each] = error.reason
    in_force = [each.file_id for each in ledger.in_force("catalogue") if each not in refused]
    before = known_products(lakehouse)
    after = learn(_bronze_rows(lakehouse, in_force), languages, into=into)
    if after != before:
        _send_back(lakehouse, ledger, before, after)
        rows = [after[key].as_row() for key in sorted(after)]
        lakehouse.replace("silver.products", "true", lakehouse.local(rows, "silver.products"))
    return refused


def _bronze_rows(lakehouse: Lakehouse, file_ids: Sequence[int]) -> list[dict[str, str]]:
    rows = lakehouse.table("bronze.catalogue").where(
        f"{among('_file_id', file_ids)} AND _problem IS NULL"
    )
    found: list[dict[str, str]] = rows.toArrow().to_pylist()
    return sorted(found, key=lambda row: (row["_file_id"], row["_row"]))


def _send_back(lakehouse: Lakehouse, ledger: Ledger, before: Known, after: Known) -> None:
    """Sends the sales deliveries that a change of the catalogue touches back to be judged."""
    learnt, other = changed(before, after)
    forgotten = {key for key in before if key not in after}
    touched = _files_with(lakehouse, "silver.quarantine", learnt, waiting=True)
    for table in ("silver.sales", "silver.set_aside"):
        touched |= _files_with(lakehouse, table, other | forgotten, waiting=False)
    judged = [each for each in ledger.in_force() if each.file_id in touched and each.rows is not None]
    ledger.record(each.moved_to(State.IN_BRONZE) for each in judged)


def _files_with(
    lakehouse: Lakehouse, table: str, names: set[tuple[str, str]], *, waiting: bool
) -> set[int]:
    """File ids in a silver table of which a product as delivered is among some names."""
    if not names:
        return set()
    feeds = lakehouse.declaration.feeds
    rows = lakehouse.table(table)
    if waiting:
        rows = rows.where(F.array_contains("reasons", PRODUCT_UNKNOWN))
    found = rows.select("feed", "source_product", "_file_id").distinct().toArrow().to_pylist()
    return {
        row["_file_id"]
        for row in found
        if row["feed"] in feeds
        and (feeds[row["feed"]].language, normalised(row["source_product"] or "")) in names
    }
