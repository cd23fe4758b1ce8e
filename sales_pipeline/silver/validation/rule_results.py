"""Results of the rules of the feeds, and the refusals and warnings that follow from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from sales_pipeline.config.feed import Feed, Rule
from sales_pipeline.exact import percent_of
from sales_pipeline.printable import as_written
from sales_pipeline.profile import fetched
from sales_pipeline.silver.feed_warnings import FeedWarning, and_more_files

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Summary = dict[str, dict[str, dict[str, int]]]
"""Feed -> rule -> `checked` and `broken`."""


@dataclass(frozen=True)
class RuleResult:
    """Counts of the sales of one delivery that a rule checked, and that broke it.

    Attributes:
        file_id: The delivery.
        feed: Its feed.
        rule: The rule.
        checked: How many sales it checked.
        broken: How many of them break it.
        first: The number of the first record that breaks it, if one does.
        example: That record in words, where it is to be shown.
    """

    file_id: int
    feed: str
    rule: str
    checked: int
    broken: int
    first: int | None = None
    example: str | None = None

    def is_beyond(self, rule: Rule) -> bool:
        """Says whether more sales broke the rule than its tolerance allows."""
        return self.broken > 0 and Decimal(self.broken) / self.checked > rule.tolerance


def results(
    counts: DataFrame, feed_of: Mapping[int, str], feeds: Mapping[str, Feed]
) -> list[RuleResult]:
    """The results of each delivery and rule, in their order.

    Args:
        counts: `_file_id, checked, broken, first`, as `faults.rule_counts` gives them.
        feed_of: Delivery -> its feed.
        feeds: The declared feeds.
    """
    counted = fetched("count what breaks rules", counts)
    rows = sorted(counted.to_pylist(), key=lambda row: int(row["_file_id"]))
    return [
        RuleResult(row["_file_id"], feed, rule, row["checked"], broken, first)
        for row in rows
        for feed in (feed_of[row["_file_id"]],)
        for rule, broken, first in zip(feeds[feed].rules, row["broken"], row["first"], strict=True)
    ]


def added_up(parts: Iterable[RuleResult]) -> list[RuleResult]:
    """The results of the parts of each delivery, in their order, added up.

    >>> added_up([RuleResult(1, "lyon", "cheap", 9, 0), RuleResult(1, "lyon", "cheap", 5, 2, 11)])
    [RuleResult(file_id=1, feed='lyon', rule='cheap', checked=14, broken=2, first=11, example=None)]
    """
    sums: dict[tuple[int, str, str], RuleResult] = {}
    for part in parts:
        place = (part.file_id, part.feed, part.rule)
        before = sums.get(place, RuleResult(*place, 0, 0))
        shown = before if before.broken else part
        checked, broken = before.checked + part.checked, before.broken + part.broken
        sums[place] = replace(shown, checked=checked, broken=broken)
    return list(sums.values())


def refusals(found: Iterable[RuleResult], feeds: Mapping[str, Feed]) -> dict[int, str]:
    """File id -> reason of refusal, for deliveries that break a rule of severity `fail`."""
    refused: dict[int, str] = {}
    for result in found:
        rule = feeds[result.feed].rules[result.rule]
        if rule.severity == "fail" and result.is_beyond(rule):
            refused.setdefault(
                result.file_id,
                f"{result.broken:,} of {result.checked:,} sales break the rule {result.rule} "
                f"({as_written(rule.holds)}), more than the {percent_of(rule.tolerance)} that its "
                f"tolerance allows, so none was taken{_such_as(result)}",
            )
    return refused


def complaints(
    found: Iterable[RuleResult], feeds: Mapping[str, Feed], paths: Mapping[int, str]
) -> Iterator[FeedWarning]:
    """Yields a warning for each rule that only warns and is broken too often.

    Args:
        found: The results of the rules.
        feeds: The declared feeds.
        paths: File id -> path of the file, to name the one that breaks a rule most.
    """
    beyond: dict[tuple[str, str], list[RuleResult]] = {}
    for result in found:
        rule = feeds[result.feed].rules[result.rule]
        if rule.severity == "warn" and result.is_beyond(rule):
            beyond.setdefault((result.feed, result.rule), []).append(result)
    for (feed, name), files in beyond.items():
        worst = max(files, key=lambda result: (result.broken, -result.file_id))
        broken = sum(result.broken for result in files)
        checked = sum(result.checked for result in files)
        yield FeedWarning(
            feed,
            f"{broken:,} of {checked:,} sales in {paths[worst.file_id]}"
            f"{and_more_files(len(files) - 1)} break the rule "
            f"{name} ({as_written(feeds[feed].rules[name].holds)}){_such_as(worst)}",
        )


def summary(found: Iterable[RuleResult]) -> Summary:
    """Feed -> rule -> `checked` and `broken`, over all deliveries.

    >>> summary([RuleResult(1, "lyon", "cheap", 10, 2), RuleResult(2, "lyon", "cheap", 5, 0)])
    {'lyon': {'cheap': {'checked': 15, 'broken': 2}}}
    """
    sums: Summary = {}
    for result in found:
        counts = sums.setdefault(result.feed, {}).setdefault(
            result.rule, {"checked": 0, "broken": 0}
        )
        counts["checked"] += result.checked
        counts["broken"] += result.broken
    return sums


def _such_as(result: RuleResult) -> str:
    return f", such as {result.example}" if result.example else ""
