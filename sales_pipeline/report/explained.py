"""A figure unfolded into its files and rates, and what was left out, as data and as JSON.

The revenues of the files add up to the figure as it is shown. `explained_text` shows them,
`explained_records` has the records.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sales_pipeline.analysis.declared import calendar_of
from sales_pipeline.analysis.figure_records import Counted, FigureRecords, LeftOut
from sales_pipeline.analysis.measures import total
from sales_pipeline.analysis.named_periods import AskedPeriod
from sales_pipeline.analysis.parts import adding_up, half_up
from sales_pipeline.analysis.periods import Period
from sales_pipeline.analysis.records_of_run import (
    REVENUE_DECIMALS,
    RecordsOfRun,
)
from sales_pipeline.analysis.sales_of_run import Choice, SalesOfRun, sales_of_run
from sales_pipeline.config.model import Declaration
from sales_pipeline.gold.gold_set import GoldSet, gold_set
from sales_pipeline.lakehouse.tables import DISPLACED, DUPLICATE, EXCLUDED
from sales_pipeline.report.chosen_sales import check_choice, check_product
from sales_pipeline.report.document import (
    Exact,
    Moment,
    Units,
    View,
    json_object,
    read_from,
)
from sales_pipeline.report.figures import without_end_zeros
from sales_pipeline.report.tax_basis import TaxBasis, tax_basis
from sales_pipeline.silver.validation.reasons import sentence_of

_MEANINGS = {
    DUPLICATE: "The same sale counts already, from this file or another one.",
    DISPLACED: "A later record has the same key and counts instead.",
    EXCLUDED: "The feed declares a condition that leaves it out.",
}


@dataclass(frozen=True)
class AskedFigure:
    """Options of `explain`: the period, store and product of the figure.

    Attributes:
        period: Its period.
        store: Its store, or None for all.
        product: Its product, as it is shown, or None for all.
    """

    period: AskedPeriod = field(default_factory=AskedPeriod)
    store: str | None = None
    product: str | None = None


@dataclass(frozen=True)
class FilePart:
    """The records of one file and currency that a figure counts.

    Attributes:
        file: The file, by its path below the landing folder.
        file_id: Its delivery.
        feed: Its feed.
        currency: The currency of the amount.
        records: The number of records.
        units: Their units, net of returns.
        amount: Their amount, net of returns.
        lowest_rate: The lowest exchange rate that one of them took; None if a rate is missing.
        highest_rate: The highest one.
        revenue: Their revenue, rounded so that all parts add up to the figure; None if a rate is
            missing.
    """

    file: str
    file_id: int
    feed: str
    currency: str
    records: int
    units: Units
    amount: Exact
    lowest_rate: Exact | None
    highest_rate: Exact | None
    revenue: Exact | None


@dataclass(frozen=True)
class FileLeftOut:
    """Records of one file that a figure does not count, for one reason.

    Attributes:
        file: The file, by its path below the landing folder.
        file_id: Its delivery.
        feed: Its feed.
        status: `duplicate`, `displaced`, `excluded` or `quarantined`.
        reasons: The codes of the reasons of quarantined records.
        meaning: What they mean.
        day_is_known: Whether they are of the period for sure.
        product_is_known: Whether they are of the product for sure.
        records: Their number.
        amount: Their amount, where it is readable.
        currency: The currency of the amount.
    """

    file: str
    file_id: int
    feed: str
    status: str
    reasons: tuple[str, ...]
    meaning: str
    day_is_known: bool
    product_is_known: bool
    records: int
    amount: Exact | None
    currency: str | None


@dataclass(frozen=True)
class Explained:
    """A figure, the files that it is made of, and what was left out of them.

    Attributes:
        run_id: The run that left the figure.
        finished_at: When it finished, UTC.
        currency: The base currency; every revenue is in it.
        period: The period.
        store: The only store counted, or None for all.
        product: The only product counted, or None for all.
        revenue: The revenue in gold, rounded half up once.
        units: The units in gold.
        files: What it is made of, in the order of delivery.
        not_in_gold: What gold shows beyond the files, because a month of the period is on hold;
            None if there is no such difference.
        left_out: What the files have besides, in the order of delivery.
        tax: What the revenue is with regard to tax.
    """

    run_id: str
    finished_at: datetime
    currency: str
    period: Period
    store: str | None
    product: str | None
    revenue: Exact
    units: Units
    files: tuple[FilePart, ...]
    not_in_gold: Exact | None
    left_out: tuple[FileLeftOut, ...]
    tax: TaxBasis


def explained(
    declaration: Declaration, asked: AskedFigure | None = None, *, run: str | None = None
) -> Explained:
    """Returns the files, records and rates that a figure of gold is made of.

    Args:
        declaration: What the retailer declares.
        asked: The figure.
        run: The finished run that left it; the last one without it.

    Raises:
        UsageError: There is no such run, period, store or product, or what the run left is not
            kept any more.
    """
    asked = asked or AskedFigure()
    with gold_set(declaration, run=run) as gold:
        sales = sales_of_run(gold)
        figure = figure_records(gold, sales, asked)
        counted = figure.counted()
        left_out = figure.left_out(counted)
        parts = _Unfolded(figure.records, counted, declaration.minor_units)
        cells = sales.sums(
            [figure.period],
            *(["product"] if asked.product is not None else []),
            choice=Choice(asked.store),
        )
        gold_figure = total(cell for cell in cells if asked.product in (None, *cell.values))
        files, not_in_gold = parts.files(Fraction(gold_figure.revenue))
        return Explained(
            run_id=gold.run.run_id,
            finished_at=gold.run.finished_at,
            currency=declaration.base_currency,
            period=figure.period,
            store=asked.store,
            product=asked.product,
            revenue=half_up(Fraction(gold_figure.revenue), declaration.minor_units),
            units=gold_figure.units,
            files=tuple(files),
            not_in_gold=not_in_gold,
            left_out=tuple(_left_out(figure.records, omitted) for omitted in left_out),
            tax=tax_basis(declaration, gold.run, store=asked.store),
        )


def figure_records(gold: GoldSet, sales: SalesOfRun, asked: AskedFigure) -> FigureRecords:
    """Returns the records behind a figure.

    Raises:
        UsageError: There is no such period, store or product.
    """
    _, period = asked.period.of(sales, calendar_of(gold.declaration.calendar))
    check_choice(gold.declaration, sales, Choice(asked.store))
    if asked.product is not None:
        check_product(sales, asked.product)
    return FigureRecords(RecordsOfRun(gold), period, asked.store, asked.product)


@dataclass(frozen=True)
class _Unfolded:
    """Splits a figure into parts that add up as they are shown."""

    records: RecordsOfRun
    counted: Sequence[Counted]
    minor_units: int

    def files(self, revenue: Fraction) -> tuple[list[FilePart], Decimal | None]:
        """The parts of the files, and what gold shows beyond them."""
        groups: dict[tuple[int, str], list[Counted]] = {}
        for counted in self.counted:
            groups.setdefault((counted.file_id, counted.currency), []).append(counted)
        exact = {key: self._revenue(own) for key, own in groups.items()}
        parts = {key: part for key, part in exact.items() if part is not None}
        difference = revenue - sum(parts.values(), Fraction(0))
        to_add_up = [*parts.values(), *([difference] if difference else [])]
        if not to_add_up:
            return [self._part(key, own, None) for key, own in groups.items()], None
        shown = adding_up(to_add_up, half_up(revenue, self.minor_units), self.minor_units)
        of_file = dict(zip(parts, shown, strict=False))
        files = [self._part(key, own, of_file.get(key)) for key, own in groups.items()]
        return files, shown[-1] if difference else None

    def _revenue(self, own: Sequence[Counted]) -> Fraction | None:
        units = 0
        for counted in own:
            if counted.revenue is None:
                return None
            units += counted.revenue
        return Fraction(units, 10**REVENUE_DECIMALS)

    def _part(
        self, key: tuple[int, str], own: Sequence[Counted], revenue: Decimal | None
    ) -> FilePart:
        delivery = self.records.deliveries[key[0]]
        rates = [counted.rate for counted in own if counted.rate is not None]
        has_all = len(rates) == len(own)
        return FilePart(
            file=delivery.path,
            file_id=delivery.file_id,
            feed=delivery.feed,
            currency=key[1],
            records=sum(counted.records for counted in own),
            units=sum((counted.units for counted in own), Decimal(0)),
            amount=sum((counted.amount for counted in own), Decimal(0)),
            lowest_rate=without_end_zeros(min(rates)) if has_all else None,
            highest_rate=without_end_zeros(max(rates)) if has_all else None,
            revenue=revenue,
        )


def _left_out(records: RecordsOfRun, omitted: LeftOut) -> FileLeftOut:
    feed = records.gold.declaration.feeds.get(omitted.feed)
    sentences = (sentence_of(reason, feed) for reason in omitted.reasons)
    return FileLeftOut(
        file=records.path(omitted.file_id),
        file_id=omitted.file_id,
        feed=omitted.feed,
        status=omitted.status,
        reasons=omitted.reasons,
        meaning=_MEANINGS.get(omitted.status) or " ".join(filter(None, sentences)),
        day_is_known=omitted.has_day,
        product_is_known=omitted.has_product,
        records=omitted.records,
        amount=omitted.amount if omitted.currency else None,
        currency=omitted.currency,
    )


class _Explained(View):
    run_id: str
    finished_at: Moment
    currency: str
    period: str = read_from("period.name")
    first_day: date = read_from("period.first")
    last_day: date = read_from("period.last")
    store: str | None
    product: str | None
    revenue: Exact
    units: Units
    files: list[FilePart]
    not_in_gold: Exact | None
    left_out: list[FileLeftOut]
    tax: TaxBasis


def explained_document(figure: Explained) -> dict[str, Any]:
    """Returns a figure and its files, ready for JSON."""
    return json_object(_Explained, figure)
