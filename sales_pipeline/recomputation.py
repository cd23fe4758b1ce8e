"""Finds work that a run repeats: deliveries to validate again, and months of gold to compute again.

The reasons are `--rejudge`, a changed declaration, other rates, and a lost table.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date

from sales_pipeline.bronze.feed_files import landing_patterns
from sales_pipeline.bronze.fingerprints import fingerprint
from sales_pipeline.config.model import Declaration
from sales_pipeline.gold.answer_rows import BY_MONTH, is_declared_otherwise
from sales_pipeline.gold.pricing import mispriced_months, months_in_gold
from sales_pipeline.lakehouse.closings import are_closings_recorded
from sales_pipeline.lakehouse.in_force import back_in_force
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Delivery, Ledger, State
from sales_pipeline.lakehouse.opening import missing_derived
from sales_pipeline.lakehouse.runs import is_recorded
from sales_pipeline.lakehouse.tables import CATALOGUE
from sales_pipeline.silver.reference.exchange_rates import keep_rates, rates_changed


def rejudged_deliveries(
    declaration: Declaration, ledger: Ledger, rejudge: Collection[str], *, run_id: str
) -> list[Delivery]:
    """The deliveries in force of some feeds, in the state to be validated again.

    The catalogue is learnt again with them, because its names may now be in another language.
    Deliveries that had been refused are among them; see `reconsidered`.
    """
    feeds = {*rejudge, CATALOGUE} if rejudge else set()
    judged = [
        delivery.moved_to(State.IN_BRONZE, fingerprint=fingerprint(declaration, delivery.feed))
        for delivery in ledger.in_force()
        if delivery.feed in feeds and delivery.state is not State.CLAIMED
    ]
    return [*judged, *reconsidered(declaration, ledger, feeds, run_id=run_id)]


def reconsidered(
    declaration: Declaration,
    ledger: Ledger,
    feeds: Collection[str] | None = None,
    *,
    run_id: str,
) -> list[Delivery]:
    """Deliveries that another declaration had refused, in the state to be validated again.

    Those whose bytes are in force, or are validated before them, are repeats of the run `run_id`.
    `feeds` limits them to deliveries of these feeds.
    """
    refused = [
        delivery
        for delivery in _refused(ledger)
        if (feeds is None or delivery.feed in feeds)
        and delivery.feed in landing_patterns(declaration)
        and delivery.fingerprint != declaration.verdict_of(delivery.feed)
    ]
    back = [
        replace(delivery, fingerprint=fingerprint(declaration, delivery.feed))
        for delivery in back_in_force(ledger, refused, run_id=run_id)
    ]
    return [
        delivery if delivery.state is State.REPEATED else replace(delivery, reason=None, rows=None)
        for delivery in back
    ]


def _refused(ledger: Ledger) -> list[Delivery]:
    """Deliveries that were validated and did not pass, in the order of their latest arrival.

    Their records are in bronze, so they can be validated under another declaration. Left out are
    those that a later file of their name replaced, or whose earlier form was delivered again.
    """
    repeats = {
        (*delivery.known_as, delivery.sha256): delivery.file_id
        for delivery in ledger.in_state(State.REPEATED)
    }

    def arrival(delivery: Delivery) -> int:
        repeat = repeats.get((*delivery.known_as, delivery.sha256), 0)
        return max(delivery.file_id, repeat)

    newest = {
        delivery.known_as: arrival(delivery)
        for delivery in ledger.in_force()
        if ledger.corrects(delivery.feed)
    }
    refused = [
        delivery
        for delivery in ledger.in_state(State.REJECTED, State.HELD)
        if delivery.rows is not None
        and delivery.rolled_back_by is None
        and newest.get(delivery.known_as, 0) < arrival(delivery)
    ]
    return sorted(refused, key=arrival)


def all_rejudged(
    lakehouse: Lakehouse, ledger: Ledger, *, without: Collection[int] = ()
) -> list[Delivery]:
    """All deliveries in force but those `without`, in the state to be validated again.

    The first one has all months of gold, so that they are computed again.
    """
    judged = [
        delivery
        for delivery in ledger.in_force()
        if delivery.state is not State.CLAIMED and delivery.file_id not in without
    ]
    is_known = lakehouse.has(BY_MONTH) and lakehouse.engine.problem(BY_MONTH) is None
    months = months_in_gold(lakehouse) if is_known else set()
    return [
        delivery.moved_to(
            State.IN_BRONZE,
            fingerprint=fingerprint(lakehouse.declaration, delivery.feed),
            months=tuple(sorted({*delivery.months, *(months if place == 0 else ())})),
        )
        for place, delivery in enumerate(judged)
    ]


def changes_for_lost_tables(lakehouse: Lakehouse, ledger: Ledger) -> list[Delivery]:
    """Deliveries, in the state in which a run makes lost tables of silver and gold again."""
    lost = missing_derived(lakehouse)
    if any(not name.startswith("gold.") for name in lost):
        return all_rejudged(lakehouse, ledger)
    if lost and len(ledger):
        sales = lakehouse.totals("silver.sales", by=["month"], of="quantity")
        return [_with_months(ledger, sales["month"].to_pylist())]
    return []


def is_gold_stale(lakehouse: Lakehouse, ledger: Ledger) -> bool:
    """Returns whether gold shows wrong rates, stores or classes, or a run has no record."""
    if any(delivery.months for delivery in ledger):
        return True
    if not lakehouse.exists() or not months_in_gold(lakehouse):
        return False
    stale = rates_changed(lakehouse, ledger) or is_declared_otherwise(lakehouse)
    if stale or mispriced_months(lakehouse):
        return True
    return not (is_recorded(lakehouse) and are_closings_recorded(lakehouse))


def touch_stale_months(lakehouse: Lakehouse, ledger: Ledger) -> None:
    """Marks all months of gold to be computed again, if stores or classes are others now.

    Gold itself finds the months that changed rates touch, from the rates it was made with.
    """
    months = months_in_gold(lakehouse)
    if months and is_declared_otherwise(lakehouse):
        ledger.record([_with_months(ledger, months)])
    if rates_changed(lakehouse, ledger):
        keep_rates(lakehouse, ledger)


def _with_months(ledger: Ledger, months: Collection[date]) -> Delivery:
    """The first delivery, with further months to compute again."""
    first: Delivery = next(iter(ledger))
    return replace(first, months=tuple(sorted({*first.months, *months})))
