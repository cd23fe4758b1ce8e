"""Warnings about dates in which day and month may be mixed up.

A spreadsheet that takes `1/2/2025` for the first of February does the same to every day up to
the twelfth, and leaves `1/13/2025` as it is. So the days of such texts end at the twelfth, and lie
in more months than the sales were made in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from sales_pipeline.config.dates import swapped_patterns
from sales_pipeline.errors import counted, examples
from sales_pipeline.silver.feed_warnings import FeedWarning, and_more_files
from sales_pipeline.silver.parsing.days import day_of, days_of

if TYPE_CHECKING:
    from sales_pipeline.silver.batch import Batch

_LAST_SWAPPABLE = 12
_MANY_DAYS, _SOME_DAYS = 12, 3
"""Days that one pattern needs before their months say anything: alone, and beside others."""


def swapped_day(day: date) -> date | None:
    """The day with day and month the other way round, where that is one.

    >>> swapped_day(date(2025, 4, 3)), swapped_day(date(2025, 4, 13))
    (datetime.date(2025, 3, 4), None)
    """
    return day.replace(month=day.day, day=day.month) if day.day <= _LAST_SWAPPABLE else None


@dataclass(frozen=True)
class DayText:
    """A text of a day in one file.

    Attributes:
        path: The file.
        text: The text as delivered.
        records: How many records have it.
        day: The day that it is read as, or None.
        pattern: The date pattern that reads it, or nothing.
    """

    path: str
    text: str
    records: int
    day: date | None
    pattern: str

    @property
    def swapped(self) -> date | None:
        """The day with day and month the other way round, where that is one."""
        return self.day and swapped_day(self.day)


def doubtful_days(batch: Batch) -> Iterator[FeedWarning]:
    """Warns of dates that may mean other days, by the texts that were counted anyway."""
    feeds = batch.lakehouse.declaration.feeds
    for feed, texts in sorted(_texts_by_feed(batch).items()):
        patterns = feeds[feed].date_formats
        sentences = [
            *_ambiguous(texts, patterns),
            *_unreadable(texts, patterns),
            *_mixed_up(texts),
        ]
        yield from (FeedWarning(feed, sentence) for sentence in sentences)


def _texts_by_feed(batch: Batch) -> dict[str, list[DayText]]:
    """Feed -> its texts, of the feeds in which some may be doubtful at all."""
    counts = batch.texts.day_counts
    if counts is None:
        return {}
    feeds, feed_of, path_of = batch.lakehouse.declaration.feeds, batch.feed_of, batch.paths
    doubtful = {feed for feed in feed_of.values() if len(feeds[feed].date_formats) > 1}
    doubtful |= {feed_of[file_id] for file_id in _files_to_look_at(counts)}
    ids = [file_id for file_id, feed in feed_of.items() if feed in doubtful]
    texts: dict[str, list[DayText]] = defaultdict(list)
    own = counts.filter(pc.is_in(counts["_file_id"], pa.array(ids, pa.int64())))
    for row in own.to_pylist():
        feed, text, day = feed_of[row["_file_id"]], row["_text_sold_on"], row["sold_on"]
        patterns = feeds[feed].date_formats
        pattern = next((each for each in patterns if day_of(text, [each])), "")
        path = path_of[row["_file_id"]]
        texts[feed].append(DayText(path, text, row["records"], day, pattern))
    return texts


def _files_to_look_at(counts: pa.Table) -> list[int]:
    """Deliveries with a text that is no day, or with many days that all could be swapped."""
    day = pc.day(counts["sold_on"])
    is_unreadable = pc.is_null(day).cast(pa.int64())
    days = pa.table({"file": counts["_file_id"], "day": day, "is_unreadable": is_unreadable})
    sums = [("is_unreadable", "sum"), ("day", "count"), ("day", "max")]
    return [
        row["file"]
        for row in days.group_by("file").aggregate(sums).to_pylist()
        if row["is_unreadable_sum"]
        or (row["day_count"] >= _MANY_DAYS and row["day_max"] <= _LAST_SWAPPABLE)
    ]


def _ambiguous(texts: Iterable[DayText], patterns: Sequence[str]) -> Iterator[str]:
    """Tells of dates that two date formats read as different days."""
    found = {each.text for each in texts if len(set(days_of(each.text, patterns))) > 1}
    if found:
        yield (
            f"{counted(len(found), 'date')} {'is' if len(found) == 1 else 'are'} another day in a "
            f"later one of the date_formats, such as {min(found)!r}; the first that fits was taken"
        )


def _unreadable(texts: Sequence[DayText], patterns: Sequence[str]) -> Iterator[str]:
    """Tells of dates that only a swapped date format reads, and what else that casts doubt on."""
    swapped = [pattern for each in patterns for pattern in swapped_patterns(each)]
    found = [each for each in texts if each.day is None and day_of(each.text, swapped)]
    if not found:
        return
    first = min(found, key=lambda each: (each.path, each.text))
    pattern = next(pattern for pattern in swapped if day_of(first.text, [pattern]))
    files = {each.path for each in found}
    records = counted(sum(each.records for each in found), "record")
    sentence = (
        f"{records} with a date that cannot be read, but could be with day and month the other "
        f"way round ({pattern}), such as {first.text!r} in {first.path}"
        f"{and_more_files(len(files) - 1)}"
    )
    others = [each for each in texts if each.path in files and each.swapped != each.day]
    others = [each for each in others if each.swapped is not None]
    if others:
        other = min(others, key=lambda each: (each.path, each.text))
        records = counted(sum(each.records for each in others), "record")
        sentence += (
            f"; {records} beside them may be mixed up too, such as {other.text!r}, read as "
            f"{other.day}: {_months(others)}"
        )
    yield sentence


def _mixed_up(texts: Sequence[DayText]) -> Iterator[str]:
    """Tells of dates that all could be swapped and lie in too many months, by file or in all."""
    by_file: dict[str, list[DayText]] = defaultdict(list)
    for each in texts:
        if each.day is not None:
            by_file[each.path].append(each)
    whole = [each for file in by_file.values() for each in file]
    found = _too_many_months(whole)
    if not found:
        found = [each for file in by_file.values() for each in _too_many_months(file)]
    if not found:
        return
    first = min(
        (each for each in found if each.swapped != each.day),
        key=lambda each: (each.path, each.text),
    )
    records = counted(sum(each.records for each in found), "record")
    paths = {each.path for each in found}
    yield (
        f"{records} in {first.path}{and_more_files(len(paths) - 1)} with a date in the format "
        f"{first.pattern}, none of a day above {_LAST_SWAPPABLE}, such as {first.text!r}, read as "
        f"{first.day}; they lie in {len(_months_of(found))} months, and with day and month the "
        f"other way round in {len(_months_of(found, swapped=True))}, so these may be mixed up: "
        f"{_months(found)}"
    )


def _too_many_months(texts: Sequence[DayText]) -> list[DayText]:
    """The texts of a date format that look swapped; none if there are none.

    None of their days is above the twelfth, and together with the days of other formats they lie
    in at least twice as many months as if they were swapped.
    """
    for pattern in sorted({each.pattern for each in texts}):
        own = [each for each in texts if each.pattern == pattern]
        others = [each for each in texts if each.pattern != pattern]
        if any(each.swapped is None for each in own):
            continue
        months = _months_of([*own, *others])
        swapped = _months_of(own, swapped=True) | _months_of(others)
        if len(months) >= 2 * len(swapped) and _is_sure(own, others):
            return own
    return []


def _is_sure(own: Sequence[DayText], others: Sequence[DayText]) -> bool:
    """Says whether days that end at the twelfth are no accident of a few or of monthly sales."""
    days = {each.day for each in own if each.day}
    if any(each.swapped is None for each in others):
        return len(days) >= _SOME_DAYS
    of_month = sorted({day.day for day in days})
    is_run = of_month[-1] - of_month[0] == len(of_month) - 1
    return len(days) >= _MANY_DAYS and len(of_month) > 1 and is_run


def _months_of(texts: Iterable[DayText], *, swapped: bool = False) -> set[str]:
    days = (each.swapped if swapped else each.day for each in texts)
    return {f"{day:%Y-%m}" for day in days if day}


def _months(texts: Sequence[DayText]) -> str:
    """The months that depend on how some texts are read."""
    months = sorted(_months_of(texts) | _months_of(texts, swapped=True))
    depend = "depends" if len(months) == 1 else "depend"
    return f"{counted(len(months), 'month')} {depend} on it, {examples(months)}"
