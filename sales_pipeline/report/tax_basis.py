"""The basis of revenue: without tax, or as the files have it, with tax in some and not in others.

Where figures with and without tax are added, it is said, beside the figures, and what to do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from rich.text import Text

from sales_pipeline.analysis.periods import Period
from sales_pipeline.analysis.sales_of_run import closed_in
from sales_pipeline.config.model import Declaration
from sales_pipeline.config.taxes import NET_OF_TAX, RevenueBasis, StoreTax
from sales_pipeline.errors import examples
from sales_pipeline.gold.gold_set import GoldSet
from sales_pipeline.lakehouse.closings import Closing
from sales_pipeline.lakehouse.runs import RunRecord
from sales_pipeline.printable import printable
from sales_pipeline.report.figures import month_text
from sales_pipeline.report.layout import WORTH_A_LOOK

WITHOUT_TAX = "Revenue is without tax."


@dataclass(frozen=True)
class TaxBasis:
    """The basis of the figures that are shown.

    Attributes:
        revenue: `as_delivered` or `net_of_tax`.
        included: Feeds, or stores with a tax of their own, whose amounts include tax.
        not_included: Those whose amounts do not.
        undeclared: Those of which nothing is declared.
        note: What to know about the figures, in a sentence; empty if there is nothing.
    """

    revenue: RevenueBasis = "as_delivered"
    included: tuple[str, ...] = ()
    not_included: tuple[str, ...] = ()
    undeclared: tuple[str, ...] = ()
    note: str = ""

    @property
    def in_a_word(self) -> str:
        """`without` or `with` tax, `mixed` if the figures add both, or `not declared`."""
        if self.note not in ("", WITHOUT_TAX):
            return "mixed"
        if self.revenue == NET_OF_TAX or self.not_included:
            return "without"
        return "with" if self.included else "not declared"


def tax_basis(
    declaration: Declaration,
    run: RunRecord,
    *,
    store: str | None = None,
    closed: Iterable[Closing] = (),
) -> TaxBasis:
    """Returns the basis of the figures that a run left.

    `closed` are the closed months whose kept figures are among them.
    """
    basis = _basis(declaration, is_net_of_tax=run.is_net_of_tax, store=store)
    differing = [closing.month for closing in closed if closing.is_net_of_tax != run.is_net_of_tax]
    if not differing:
        return basis
    months = examples([month_text(month) for month in differing])
    kept, now = "as delivered", "without tax"
    if not run.is_net_of_tax:
        kept, now = now, kept
    note = f"Revenue of {months}, as closed, is {kept}; revenue that is not closed is {now}."
    return replace(basis, note=note)


def basis_of_figures(
    gold: GoldSet,
    periods: Collection[Period | None],
    *,
    store: str | None = None,
    as_closed: bool = False,
) -> TaxBasis:
    """Returns the basis of the figures of some periods; None stands for one without sales."""
    closed = [gold.closings[month] for month in closed_in(gold, periods)] if as_closed else []
    return tax_basis(gold.declaration, gold.run, store=store, closed=closed)


def declared_basis(declaration: Declaration) -> TaxBasis:
    """Returns the basis of the figures that a run of the declaration would leave."""
    return _basis(declaration, is_net_of_tax=declaration.is_net_of_tax)


def _basis(declaration: Declaration, *, is_net_of_tax: bool, store: str | None = None) -> TaxBasis:
    known: dict[bool | None, list[str]] = {True: [], False: [], None: []}
    for name, tax in _taxes(declaration, store):
        known[None if tax is None else tax.included].append(_named(name, tax))
    groups = tuple(known[True]), tuple(known[False]), tuple(known[None])
    if is_net_of_tax:
        return TaxBasis(NET_OF_TAX, *groups, note=WITHOUT_TAX)
    note = _mixed(*groups, declared=declaration.revenue) if sum(map(bool, groups)) > 1 else ""
    return TaxBasis("as_delivered", *groups, note=note)


def _mixed(
    included: tuple[str, ...],
    not_included: tuple[str, ...],
    undeclared: tuple[str, ...],
    *,
    declared: RevenueBasis,
) -> str:
    parts = []
    if included:
        parts.append(f"include tax in {examples(included)}")
    if not_included:
        lead = "not in" if included else "do not include tax in"
        parts.append(f"{lead} {examples(not_included)}")
    if undeclared:
        parts.append(f"nothing is declared of {examples(undeclared)}")
    do = f"revenue: {NET_OF_TAX}"
    if undeclared:
        do = f"declare the tax of {examples(undeclared)}"
    elif declared == NET_OF_TAX:
        do = "sales-pipeline run, which takes the tax off"
    return f"Amounts {', '.join(parts)}; figures add both. Do: {do}."


def basis_lines(basis: TaxBasis) -> list[Text]:
    """Returns what to know about figures as a line for a terminal; none if there is nothing."""
    style = "dim" if basis.revenue == NET_OF_TAX else WORTH_A_LOOK
    return [Text(printable(basis.note), style=style)] if basis.note else []


def basis_of_two(
    declaration: Declaration, earlier: RunRecord, later: RunRecord, *, store: str | None = None
) -> TaxBasis:
    """Returns the basis of figures of two runs that are compared: the later one's.

    If tax was taken off in one of them only, the note says in which.
    """
    basis = tax_basis(declaration, later, store=store)
    if earlier.is_net_of_tax == later.is_net_of_tax:
        return basis
    net, other = (later, earlier) if later.is_net_of_tax else (earlier, later)
    note = f"Revenue of run {net.run_id} is without tax, that of run {other.run_id} as delivered."
    return replace(basis, note=note)


def _taxes(declaration: Declaration, store: str | None) -> Iterator[tuple[str, StoreTax | None]]:
    """The name of each feed, or of a store with a tax of its own, and its declared tax."""
    for name, feed in declaration.feeds.items():
        own = {listed.id: listed.tax for listed in feed.stores.values() if listed.tax is not None}
        yield from ((id_, tax) for id_, tax in own.items() if store in (None, id_))
        ids = [listed.id for listed in feed.all_stores]
        if any(id_ not in own and store in (None, id_) for id_ in ids):
            yield name, feed.tax


def _named(name: str, tax: StoreTax | None) -> str:
    rates = sorted({rate for _, rate in tax.rates}) if tax is not None else []
    return f"{name} ({' or '.join(map(_percent, rates))})" if rates else name


def _percent(rate: Decimal) -> str:
    """Returns a rate as it is declared.

    >>> _percent(Decimal("0.200000")), _percent(Decimal("0.08875")), _percent(Decimal("1"))
    ('20 %', '8.875 %', '100 %')
    """
    percent = rate.normalize().scaleb(2)
    return f"{percent:f} %"
