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

from sales_pipeline.config.dates import short_patterns, swapped_patterns
from sales_pipeline.errors import counted, examples
from sales_pipeline.silver.feed_warnings import FeedWarning, and_more_files
from sales_pipeline.silver.parsing.days import day_of, days_of

if TYPE_CHECKING:
    from sales_pipeline.silver.batch import Batch

_LAST_SWAPPABLE = 12
_MANY_DAYS, _SOME_DAYS = 12, 3
"""Days that one pattern needs before their months say anything: alone, and beside others."""


def swapped_day(day: date) -> date | None:
    """Returns the day with day and month the other way round, if that is one.

    >>> swapped_day(date(2025, 4, 3)), swapped_day(date(2025, 4, 13))
    (datetime.date(2025, 3, 4), None)
    """
    return day.replace(month=day.day, day=day.month) if day.day <= _LAST_SWAPPABLE else None


@dataclass(frozen=True)
class DayText:
    """A text of a day in one file.

    Attributes:
        path: The file.
        delivered: The text as delivered.
        records: How many records have it.
        day: The day that it is read as, or None.
        pattern: The date pattern that reads it, or nothing.
    """

    path: str
    delivered: str
    records: int
    day: date | None
    pattern: str

    @property
    def swapped(self) -> date | None:
        """The day with day and month the other way round, if that is a day."""
        return self.day and swapped_day(self.day)

    @property
    def has_other_meaning(self) -> bool:
        """True if it would be another day with day and month the other way round."""
        return self.swapped not in (None, self.day)


def doubtful_days(batch: Batch) -> Iterator[FeedWarning]:
    """Warns of dates that may mean other days, from the texts that were counted anyway."""
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
    """Returns the texts of the feeds in which some may be doubtful."""
    counts = batch.texts.day_counts
    if counts is None:
        return {}
    feeds, feed_of, path_of = batch.lakehouse.declaration.feeds, batch.feed_of, batch.paths
    doubtful = {feed for feed in feed_of.values() if len(feeds[feed].date_formats) > 1}
    doubtful |= {feed_of[file_id] for file_id in _files_to_look_at(counts)}
    ids = [file_id for file_id, feed in feed_of.items() if feed in doubtful]
    texts: dict[str, list[DayText]] = defaultdict(list)
    for row in counts.filter(pc.is_in(counts["_file_id"], pa.array(ids, pa.int64()))).to_pylist():
        feed, text = feed_of[row["_file_id"]], row["_text_sold_on"]
        patterns = feeds[feed].date_formats
        pattern = next((pattern for pattern in patterns if day_of(text, [pattern])), "")
        path = path_of[row["_file_id"]]
        texts[feed].append(DayText(path, text, row["records"], row["sold_on"], pattern))
    return texts


def _files_to_look_at(counts: pa.Table) -> list[int]:
    """Returns deliveries with a text that is no day, or many days that all could be swapped."""
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
    """Warns of dates that two date formats read as different days."""
    dates = {text.delivered for text in texts if len(set(days_of(text.delivered, patterns))) > 1}
    if dates:
        yield (
            f"{counted(len(dates), 'date')} {'is' if len(dates) == 1 else 'are'} another day in a "
            f"later one of the date_formats, such as {min(dates)!r}; the first that fits was taken"
        )


def _unreadable(texts: Sequence[DayText], patterns: Sequence[str]) -> Iterator[str]:
    """Warns of dates that only a swapped format reads, and of doubtful ones in the same files."""
    swapped = [
        swapped_pattern for pattern in patterns for swapped_pattern in swapped_patterns(pattern)
    ]
    short = [short_pattern for pattern in patterns for short_pattern in short_patterns(pattern)]
    unread = [text for text in texts if text.day is None and day_of(text.delivered, swapped)]
    # A date that only lacks a zero is no sign of that, but may be swapped beside one that is.
    signs = [text for text in unread if not day_of(text.delivered, short)]
    if not signs:
        return
    first = min(signs, key=_place)
    pattern = next(pattern for pattern in swapped if day_of(first.delivered, [pattern]))
    files = {text.path for text in signs}
    unread = [text for text in unread if text.path in files]
    sentence = (
        f"{_records(unread)} with a date that cannot be read, but could be with day and month the "
        f"other way round ({pattern}), such as {first.delivered!r} in {first.path}"
        f"{and_more_files(len(files) - 1)}"
    )
    # A day above the twelfth says that the date format is right for the others.
    files -= {text.path for text in texts if text.day and text.swapped is None}
    doubtful = [text for text in texts if text.path in files and text.has_other_meaning]
    if doubtful:
        example = min(doubtful, key=_place)
        sentence += (
            f"; {_records(doubtful)} beside them may be mixed up too, "
            f"such as {example.delivered!r}, read as {example.day}: {_months(doubtful)}"
        )
    yield sentence


def _mixed_up(texts: Sequence[DayText]) -> Iterator[str]:
    """Warns of dates that all could be swapped and lie in too many months, in all or by file."""
    by_file: dict[str, list[DayText]] = defaultdict(list)
    for text in texts:
        if text.day is not None:
            by_file[text.path].append(text)
    readable = [text for of_file in by_file.values() for text in of_file]
    mixed = _too_many_months(readable)
    if not mixed:
        mixed = [text for of_file in by_file.values() for text in _too_many_months(of_file)]
    if not mixed:
        return
    first = min((text for text in mixed if text.has_other_meaning), key=_place)
    more_files = and_more_files(len({text.path for text in mixed}) - 1)
    yield (
        f"{_records(mixed)} in {first.path}{more_files} with a date in the format "
        f"{first.pattern}, none of a day above {_LAST_SWAPPABLE}, such as {first.delivered!r}, "
        f"read as {first.day}; they lie in {len(_months_of(mixed))} months, and with day and month "
        f"the other way round in {len(_months_of(mixed, swapped=True))}, so these may be mixed up: "
        f"{_months(mixed)}"
    )


def _too_many_months(texts: Sequence[DayText]) -> list[DayText]:
    """Returns the texts of a date format that look swapped; none if there are none.

    None of their days is above the twelfth, and together with the days of other formats they lie
    in at least twice as many months as if they were swapped.
    """
    for pattern in sorted({text.pattern for text in texts}):
        own = [text for text in texts if text.pattern == pattern]
        others = [text for text in texts if text.pattern != pattern]
        if any(text.swapped is None for text in own):
            continue
        months = _months_of([*own, *others])
        swapped = _months_of(own, swapped=True) | _months_of(others)
        if len(months) >= 2 * len(swapped) and _is_sure(own, others):
            return own
    return []


def _is_sure(own: Sequence[DayText], others: Sequence[DayText]) -> bool:
    """Returns whether days that end at the twelfth are no accident of few or monthly sales."""
    days = {text.day for text in own if text.day}
    if any(text.swapped is None for text in others):
        return len(days) >= _SOME_DAYS
    of_month = sorted({day.day for day in days})
    is_run = of_month[-1] - of_month[0] == len(of_month) - 1
    return len(days) >= _MANY_DAYS and len(of_month) > 1 and is_run


def _place(text: DayText) -> tuple[str, str]:
    return text.path, text.delivered


def _records(texts: Iterable[DayText]) -> str:
    return counted(sum(text.records for text in texts), "record")


def _months_of(texts: Iterable[DayText], *, swapped: bool = False) -> set[str]:
    days = (text.swapped if swapped else text.day for text in texts)
    return {f"{day:%Y-%m}" for day in days if day}


def _months(texts: Sequence[DayText]) -> str:
    """Names the months that depend on how some texts are read."""
    months = sorted(_months_of(texts) | _months_of(texts, swapped=True))
    depend = "depends" if len(months) == 1 else "depend"
    return f"{counted(len(months), 'month')} {depend} on it, {examples(months)}"
