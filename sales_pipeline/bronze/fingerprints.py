"""Checks that a declaration still means the same as when records were validated by it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from functools import cache, partial

from sales_pipeline.bronze.feed_files import landing_patterns
from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import LakehouseMismatch, UsageError, counted, did_you_mean, examples
from sales_pipeline.lakehouse.declared_tables import SALES_CUBE
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Delivery, Ledger
from sales_pipeline.lakehouse.tables import CATALOGUE, EXCHANGE_RATES, NOT_SALES


def fingerprint(declaration: Declaration, feed: str) -> str:
    """The fingerprint of the meaning of a feed's records; of the catalogue, only its language.

    Raises:
        LakehouseMismatch: The feed is not declared any more.
    """
    if feed not in (*NOT_SALES, *declaration.feeds):
        raise _not_declared(feed, "its records are to be validated")
    return declaration.meaning_of(feed)


def check_declared(declaration: Declaration, ledger: Ledger) -> None:
    """Checks that every feed with deliveries in force is declared.

    Raises:
        LakehouseMismatch: One is not.
    """
    patterns = landing_patterns(declaration)
    for delivery in _deliveries_in_use(declaration, ledger):
        if delivery.feed not in patterns:
            raise _not_declared(delivery.feed, "sales of it are in force")


def check_meaning(lakehouse: Lakehouse, ledger: Ledger, *, rejudged: Collection[str] = ()) -> None:
    """Checks that the declaration still means the same as when records were validated by it.

    Args:
        lakehouse: The tables, and the present declaration.
        ledger: The deliveries and the fingerprints that they were judged by.
        rejudged: Feeds that are to be judged again, so that they may mean something else.

    Raises:
        UsageError: There is no such feed to judge again.
        LakehouseMismatch: The meaning of another one changed; the message names what was
            judged by the earlier one.
    """
    declaration = lakehouse.declaration
    _check_feeds(declaration, rejudged)
    check_declared(declaration, ledger)
    # Years of daily files are thousands of deliveries of a few feeds.
    meaning_of = cache(partial(fingerprint, declaration))
    changed: dict[str, list[Delivery]] = {}
    for delivery in _deliveries_in_use(declaration, ledger):
        is_other = delivery.fingerprint != meaning_of(delivery.feed)
        if delivery.rows is not None and is_other and delivery.feed not in rejudged:
            changed.setdefault(delivery.feed, []).append(delivery)
    # The catalogue is learnt again with any feed; earlier versions kept no language of it.
    of_catalogue = changed.pop(CATALOGUE, [])
    if not changed and not rejudged and any(delivery.fingerprint for delivery in of_catalogue):
        changed[CATALOGUE] = of_catalogue
    if changed:
        feeds = examples([_judged(lakehouse, feed, files) for feed, files in changed.items()])
        options = " ".join(f"--rejudge {feed}" for feed in changed)
        raise LakehouseMismatch(
            f"feeds: declared otherwise when their records were judged: {feeds}. "
            f"Do: sales-pipeline run {options}, which judges them again, or undo the change. "
            "Files are not read again: if that is for another csv.encoding, delimiter, quote, "
            "escape, header or lines around the data, then withdraw those files, and deliver them "
            "again."
        )


def _deliveries_in_use(declaration: Declaration, ledger: Ledger) -> list[Delivery]:
    """Deliveries in force; under fixed rates without files of rates, which nothing uses."""
    is_fixed = declaration.rates.chosen_policy == "fixed"
    return [
        delivery
        for delivery in ledger.in_force()
        if not (is_fixed and delivery.feed == EXCHANGE_RATES)
    ]


def _not_declared(feed: str, why: str) -> LakehouseMismatch:
    return LakehouseMismatch(
        f"feeds.{feed}: not declared any more, but {why}. "
        "Do: declare it again, with the pattern of a folder that stays empty."
    )


def _check_feeds(declaration: Declaration, rejudged: Iterable[str]) -> None:
    known = list(landing_patterns(declaration))
    for feed in rejudged:
        if feed not in known:
            do = did_you_mean(feed, known) or f" The feeds are {', '.join(known)}."
            raise UsageError(f"--rejudge: no such feed, got {feed!r}.{do}")


def _judged(lakehouse: Lakehouse, feed: str, files: Sequence[Delivery]) -> str:
    """Names the files, records and months of a feed validated under an earlier declaration."""
    rows = sum(delivery.rows or 0 for delivery in files)
    months = _months_sold(lakehouse, feed)
    when = f", sales from {months[0]:%Y-%m} to {months[-1]:%Y-%m}" if months else ""
    of_them = f"{counted(len(files), 'file')}, {counted(rows, 'record')}"
    return f"{feed} ({of_them}{when})"


def _months_sold(lakehouse: Lakehouse, feed: str) -> list[date]:
    """The months in which the stores of a feed have sales, in order."""
    declared = lakehouse.declaration.feeds.get(feed)
    if declared is None or not lakehouse.engine.exists(SALES_CUBE.name):
        return []
    cube = lakehouse.engine.totals(SALES_CUBE.name, by=["month", "store"], of="sales")
    stores = {store.id for store in declared.all_stores}
    return sorted({row["month"] for row in cube.to_pylist() if row["store"] in stores})
