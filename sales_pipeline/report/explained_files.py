"""The files that a figure is made of, rounded to add up to it, and what was left out of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from sales_pipeline.analysis.figure_records import Counted, LeftOut
from sales_pipeline.analysis.parts import adding_up
from sales_pipeline.analysis.records_of_run import RecordsOfRun
from sales_pipeline.exact import exact_sum, half_up
from sales_pipeline.lakehouse.tables import DISPLACED, DUPLICATE, EXCLUDED
from sales_pipeline.report.document import Exact, Units
from sales_pipeline.report.figures import without_end_zeros
from sales_pipeline.silver.validation.reasons import sentence_of

_MEANINGS = {
    DUPLICATE: "The same sale counts already, from this file or another one.",
    DISPLACED: "A later record has the same key and counts instead.",
    EXCLUDED: "The feed declares a condition that leaves it out.",
}


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
class Unfolded:
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
        known = [counted.revenue for counted in own if counted.revenue is not None]
        return Fraction(exact_sum(known)) if len(known) == len(own) else None

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


def file_left_out(records: RecordsOfRun, omitted: LeftOut) -> FileLeftOut:
    """Returns records that a figure does not count, with what their reason means."""
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
