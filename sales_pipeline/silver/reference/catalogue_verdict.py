"""Validates whole catalogue files: refuses some, holds files that rename many products (P9).

A catalogue in which names moved to other lines, or which uses the codes of another one for products
of its own, can be read like any other. Only the known names show it: the sales of one product
would become the sales of another. Such a file teaches nothing until somebody accepts it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from sales_pipeline.errors import counted, examples
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import IN_FORCE, Delivery, Ledger, State
from sales_pipeline.lakehouse.tables import CATALOGUE
from sales_pipeline.silver.reference.catalogue_entries import Entry
from sales_pipeline.silver.reference.catalogue_records import CatalogueRecords
from sales_pipeline.silver.reference.learning import Renaming, learn, renamed_keys, renamings_of
from sales_pipeline.silver.reference.products import CODE, Key, Names, Product
from sales_pipeline.silver.reference.reference_balance import ReferenceVerdict

_HANDFUL = 5
"""So many products may get another name or category in one file, if they stay the same product."""
_SALES = "silver.sales"


def teaching(ledger: Ledger) -> list[Delivery]:
    """Returns the deliveries that teach, in ledger order; lessons of a corrected one stay.

    A withdrawn delivery does not teach, nor does one that it had corrected, nor a corrected one
    that was held, because it never counted.
    """
    of_catalogue = [delivery for delivery in ledger if delivery.feed == CATALOGUE]
    in_force = [delivery for delivery in of_catalogue if delivery.state in IN_FORCE]
    withdrawn = [
        delivery
        for delivery in of_catalogue
        if delivery.state in (State.WITHDRAWING, State.WITHDRAWN)
    ]
    forgotten = ledger.superseded_by(withdrawn) - ledger.superseded_by(in_force)
    replaced = {delivery.supersedes for delivery in of_catalogue} - forgotten
    return [
        delivery
        for delivery in of_catalogue
        if (delivery.state in IN_FORCE and delivery.state is not State.CLAIMED)
        or (delivery.state is State.SUPERSEDED and delivery.file_id in replaced)
    ]


def judge_catalogue(
    lakehouse: Lakehouse, ledger: Ledger, records: CatalogueRecords, deliveries: Sequence[Delivery]
) -> ReferenceVerdict:
    """Judges deliveries of the catalogue as wholes; writes no table.

    Args:
        lakehouse: The tables; the sales in force are counted if a delivery is held.
        ledger: The deliveries that were judged before.
        records: The records of these deliveries, from `teaching`, and of the new ones.
        deliveries: The deliveries to judge, in ledger order.
    """
    refused = {
        delivery: reason
        for delivery in deliveries
        if (reason := records.refusal_of(delivery.file_id))
    }
    # A delivery that was validated before has `rows`: it passed then, or was accepted since.
    new = [file for file in deliveries if file not in refused and file.rows is None]
    if not new:
        return ReferenceVerdict(refused, {})
    ids = {delivery.file_id for delivery in deliveries}
    judged = [delivery for delivery in teaching(ledger) if delivery.file_id not in ids]
    judged += [file for file in deliveries if file not in refused and file.rows is not None]
    paths = {delivery.file_id: delivery.path for delivery in (*judged, *new)}
    known = _Known(lakehouse, paths, records.entries(delivery.file_id for delivery in judged))
    for delivery in new:
        known.meet(delivery.file_id, records.entries([delivery.file_id]))
    return ReferenceVerdict(
        refused,
        {
            delivery: known.reason(known.doubtful[delivery.file_id], delivery.path)
            for delivery in new
            if delivery.file_id in known.doubtful
        },
    )


@dataclass(frozen=True)
class _Doubt:
    """A file that would rename many products.

    Attributes:
        products: The number of known products in it.
        renamings: One renaming of each product that would be another.
        keys: All names and codes of it.
        changed: The names and codes that would mean something else.
    """

    products: int
    renamings: Sequence[Renaming]
    keys: set[Key]
    changed: set[Key]


@dataclass
class _Known:
    """The names and codes known so far, to compare new files with, one after the other.

    Attributes:
        lakehouse: The tables.
        paths: File id -> path of the file.
        entries: The entries that are known.
        doubtful: File id -> the doubt about a new file.
    """

    lakehouse: Lakehouse
    paths: Mapping[int, str]
    entries: list[Entry]
    doubtful: dict[int, _Doubt] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._products = dict(learn(self.entries).knowledge.products)
        self._named = {product.product for product in self._products.values()}

    def meet(self, file_id: int, entries: Sequence[Entry]) -> None:
        """Compares a new file with the known names; learns from it unless it is doubtful."""
        keys = {key for entry in entries for key in entry.keys}
        before = {key: self._products[key] for key in keys if key in self._products}
        after = learn(entries, before=before).knowledge.products
        products = len({product.meaning for product in before.values()})
        renamings = many = renamings_of(before, after)
        if len(renamings) <= _HANDFUL:
            many = [renaming for renaming in renamings if not self._stays(renaming)]
        allowed = self.lakehouse.declaration.catalogue.max_renamed
        if many and Decimal(len(many)) / products > allowed:
            changed = renamed_keys(before, after)
            self.doubtful[file_id] = _Doubt(products, renamings, keys, changed)
            return
        self.entries += entries
        # A name to which the file gives two meanings is no longer known.
        for key in before.keys() - after.keys():
            del self._products[key]
        self._products.update(after)
        self._named |= {product.product for product in after.values()}

    def _stays(self, renaming: Renaming) -> bool:
        """Returns whether a product is still the same one under its new name or category."""
        is_taken = renaming.after.product in self._named
        is_renamed = renaming.after.product != renaming.before.product
        return renaming.is_alike and not (is_renamed and is_taken)

    def reason(self, doubt: _Doubt, path: str) -> str:
        """Returns the reason to hold a file: the sales that would move, and how to accept it."""
        named = examples([self._named_in_both(renaming) for renaming in doubt.renamings])
        return (
            f"{len(doubt.renamings):,} of its {counted(doubt.products, 'known product')} would "
            f"mean something else: {named}; {self._moving(doubt)} would move. Nothing in the file "
            f"counts. Do: sales-pipeline accept {path}, if that is right; if not, deliver it with "
            "codes and names that no other product has"
        )

    def _named_in_both(self, renaming: Renaming) -> str:
        before, after = renaming.before, renaming.after
        return (
            f"{renaming.named} is {before.described} in {self.paths[before.file_id]}, and "
            f"{after.described} in record {after.row}"
        )

    def _moving(self, doubt: _Doubt) -> str:
        """Returns the number and units of the sales of a file's renamed products, in words."""
        codes = {code for language, code in doubt.changed if language == CODE}
        of_codes = {key for code in codes for key in self._names_of_codes.get(code, ())}
        moved = doubt.changed | (of_codes - doubt.keys)
        moving = [self._sales[key] for key in moved if key in self._sales]
        sales, units = sum(count for count, _ in moving), sum(units for _, units in moving)
        return f"{counted(sales, 'sale')} of {units:,f} units" if sales else "no sale"

    @cached_property
    def _names_of_codes(self) -> dict[str, set[Key]]:
        """Code -> the names whose latest entry has it, so that they mean what the code means."""
        latest = {key: entry.code for entry in self.entries for key in entry.names}
        names: dict[str, set[Key]] = {}
        for key, code in latest.items():
            if code is not None:
                names.setdefault(code, set()).add(key)
        return names

    @cached_property
    def _sales(self) -> dict[Key, tuple[int, Decimal]]:
        """The name or code by which sales in force find their product -> their number and units."""
        if not self.lakehouse.has(_SALES):
            return {}
        names, feeds = Names(self._products), self.lakehouse.declaration.feeds
        by = ["feed", "source_product"]
        totals: dict[Key, tuple[int, Decimal]] = {}
        for row in self.lakehouse.totals(_SALES, by=by, of="quantity").to_pylist():
            product: Product | None = None
            if row["feed"] in feeds:
                product = names.of(feeds[row["feed"]], row["source_product"])
            if product is not None:
                sales, units = totals.get(product.key, (0, Decimal(0)))
                units += row["quantity"].normalize()
                totals[product.key] = (sales + row["records"], units)
        return totals
