"""Suggests options under which a feed would read its unreadable texts, tried on these texts.

A column's distinct texts are parsed as a run parses them, under the feed as it is declared and
under the feed with other options. An option is named only if it reads some of the texts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import product
from typing import Any

from sales_pipeline.config.feed import Feed
from sales_pipeline.config.files import WHITE_SPACE
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.silver.parsing.days import date_patterns, day_of
from sales_pipeline.silver.parsing.numbers import SCALES, NumberStyle, decimal_parser
from sales_pipeline.silver.tried_sql import values_by_sql

Texts = Mapping[str, int]
"""Distinct texts of a column as delivered, each with the number of its records."""
Parse = Callable[[str], Any]

MANY_TEXTS = 5_000
"""The number of distinct texts of a column that options are tried on."""
_LOOKED_AT = 50
_SYMBOL = "[^0-9\\s.,'\u2019%()/+-]{1,4}"
_BESIDE = re.compile(f"^[+-]?({_SYMBOL})\\s*[+-]?[0-9]|[0-9]\\s*({_SYMBOL})$")


@dataclass(frozen=True)
class TriedOption:
    """An option that reads texts which the feed cannot read as it is declared.

    Attributes:
        option: What to declare, such as `csv.decimal: ','`.
        read: The records whose text it reads.
        unreadable: The records whose text the feed cannot read.
        changed: The records whose text the feed reads, and would then read otherwise or not.
        example: A text that it reads, as a text of Python.
        meaning: The value that it reads in the example.
    """

    option: str
    read: int
    unreadable: int
    changed: int
    example: str
    meaning: str

    def __str__(self) -> str:
        how_many = f"{self.read:,} of {self.unreadable:,}"
        if self.read == self.unreadable:
            how_many = f"all {self.read:,}" if self.read > 1 else "it"
        changed = ""
        if self.changed:
            changed = f"; {self.changed:,} that are read now would be read otherwise, or not at all"
        return f"{self.option} reads {how_many} ({self.example} as {self.meaning}){changed}"


@dataclass(frozen=True)
class ColumnTexts:
    """The texts of a column in one file.

    Attributes:
        feed: The feed of the file.
        column: `sold_on`, or a column of numbers.
        texts: The texts, including texts that the feed can read.
    """

    feed: Feed
    column: str
    texts: Texts

    @cached_property
    def unreadable(self) -> dict[str, int]:
        """The texts, the commonest first, that the feed cannot read; empty ones are left out."""
        parse = self.parser
        return {
            text: count
            for text, count in sorted(self.texts.items(), key=lambda pair: (-pair[1], pair[0]))
            if text.strip(WHITE_SPACE) and parse(text) is None
        }

    def changed_by(self, parse: Parse) -> int:
        """Returns the records whose readable text a parser reads otherwise, or not at all."""
        readable = (text for text in self.texts if text not in self.unreadable)
        declared = self.parser
        return sum(self.texts[text] for text in readable if parse(text) != declared(text))

    @property
    def is_day(self) -> bool:
        """True for the day of a sale, False for a number."""
        return self.column == "sold_on"

    @property
    def parser(self) -> Parse:
        """The function by which the feed reads a text of the column."""
        if self.is_day:
            return partial(day_of, patterns=self.feed.date_formats)
        return decimal_parser(NumberStyle.of(self.feed), scale=SCALES[self.column])


def tried_options(lakehouse: Lakehouse, columns: Sequence[ColumnTexts]) -> list[list[TriedOption]]:
    """Returns, for each column of a file, the options that read the most of its unreadable texts.

    They are several if they read as many texts, but some differently; only a person knows which
    is right. SQL is tried only if no other option reads all: two statements, for all files.
    """
    best_of_each = [
        _best(_date_options(column) if column.is_day else list(_number_options(column)))
        for column in columns
    ]
    unsolved = [
        column
        for column, best in zip(columns, best_of_each, strict=True)
        if column.unreadable
        and column.column in column.feed.columns
        and (not best or best[0].read < best[0].unreadable)
    ]
    values = {
        is_day: values_by_sql(
            lakehouse,
            {text for column in unsolved if column.is_day == is_day for text in column.texts},
            is_day=is_day,
        )
        for is_day in {column.is_day for column in unsolved}
    }
    return [
        _best([*best, *_by_sql(column, values[column.is_day])]) if column in unsolved else best
        for column, best in zip(columns, best_of_each, strict=True)
    ]


def _best(options: Sequence[TriedOption]) -> list[TriedOption]:
    """The options that read the most, one for each meaning of the example."""
    best = max((option.read for option in options), default=0)
    by_meaning: dict[str, TriedOption] = {}
    for option in options:
        if option.read == best:
            by_meaning.setdefault(option.meaning, option)
    fewest = min((option.changed for option in by_meaning.values()), default=0)
    return [option for option in by_meaning.values() if option.changed == fewest]


def _number_options(column: ColumnTexts) -> Iterator[TriedOption]:
    """Tries other marks, symbols and rounding; styles with the fewest changes come first."""
    declared, unreadable = NumberStyle.of(column.feed), column.unreadable
    symbols = tuple(dict.fromkeys([*declared.symbols, *_symbols(unreadable)]))
    styles = (
        NumberStyle(mark, thousands, beside, is_rounded)
        for mark, thousands, beside, is_rounded in product(
            dict.fromkeys([declared.mark, ".", ","]),
            dict.fromkeys([declared.thousands, "", ",", ".", " ", "'"]),
            dict.fromkeys([declared.symbols, symbols]),
            dict.fromkeys([declared.is_rounded, True]),
        )
        if thousands != mark
    )
    scale = SCALES[column.column]
    fewest: dict[tuple[str, int], int] = {}
    for style in sorted(styles, key=lambda style: len(_changes(declared, style))):
        parse, changes = decimal_parser(style, scale=scale), _changes(declared, style)
        tried = _tried(" and ".join(changes), parse, unreadable)
        if tried is None:
            continue
        # An option with a further change that reads nothing more is left out.
        place = tried.meaning, tried.read
        if fewest.setdefault(place, len(changes)) == len(changes):
            yield replace(tried, changed=column.changed_by(parse))


def _changes(declared: NumberStyle, style: NumberStyle) -> list[str]:
    """The options to declare to get from one style to another."""
    pairs = (
        ("csv.decimal", declared.mark, style.mark),
        ("csv.thousands", declared.thousands, style.thousands),
        ("csv.symbols", list(declared.symbols), list(style.symbols)),
        ("rounding", declared.is_rounded, style.is_rounded),
    )
    return [
        f"{name}: {'half_up' if name == 'rounding' else repr(after)}"
        for name, before, after in pairs
        if before != after
    ]


def _symbols(texts: Texts) -> list[str]:
    """Symbols and codes of currencies: short texts beside the digits of some of the texts."""
    beside = (_BESIDE.search(text.strip(WHITE_SPACE)) for text in list(texts)[:_LOOKED_AT])
    candidates = dict.fromkeys(match[1] or match[2] for match in beside if match)
    return [
        symbol
        for symbol in candidates
        if all(sign.isalpha() or unicodedata.category(sign) == "Sc" for sign in symbol)
    ]


def _tried(option: str, parse: Parse, unreadable: Texts) -> TriedOption | None:
    """The result of trying an option; None if it reads nothing."""
    values = {text: value for text in unreadable if (value := parse(text)) is not None}
    if not values:
        return None
    text, value = next(iter(values.items()))
    counts = sum(unreadable[readable] for readable in values), sum(unreadable.values())
    meaning = f"{value.normalize():f}" if hasattr(value, "normalize") else str(value)
    return TriedOption(option, *counts, 0, repr(text), meaning)


def _date_options(column: ColumnTexts) -> list[TriedOption]:
    """Tries one further date pattern, then more of them if one does not read all."""
    unreadable = column.unreadable
    options: list[tuple[int, TriedOption]] = []
    fitting = [pattern for text in list(unreadable)[:_LOOKED_AT] for pattern in date_patterns(text)]
    patterns = list(dict.fromkeys(fitting))
    for pattern in patterns:
        further, unread = [pattern], _unread(unreadable, [pattern])
        while unread and len(unread) < len(unreadable):
            counts = {candidate: len(_unread(unread, [candidate])) for candidate in patterns}
            nearest = min(patterns, key=lambda candidate: counts[candidate])
            if counts[nearest] == len(unread):
                break
            further.append(nearest)
            unread = _unread(unread, [nearest])
        declared = ", ".join([*column.feed.date_formats, *further])
        tried = _tried(f"date_formats: [{declared}]", partial(day_of, patterns=further), unreadable)
        if tried is not None:
            options.append((len(further), tried))
    fewest = min((count for count, _ in options), default=0)
    return [tried for count, tried in options if count == fewest]


def _unread(texts: Texts, patterns: Sequence[str]) -> dict[str, int]:
    return {text: count for text, count in texts.items() if day_of(text, patterns) is None}


def _by_sql(column: ColumnTexts, values: Mapping[str, Mapping[str, str]]) -> Iterator[TriedOption]:
    """Tries the values that SQL computes from the texts, with further options if needed."""
    name, header = column.column, column.feed.columns[column.column]
    for template, value_of in values.items():
        sql = template.format(text=f"{name}_text")
        declared = f"columns.{name}_text: {header!r} and computed.{name}.sql: {sql!r}"
        for option, parse in _readers(column, declared, value_of):
            parse_value = _of_value(parse, value_of)
            tried = _tried(option, parse_value, column.unreadable)
            if tried is not None:
                yield replace(tried, changed=column.changed_by(parse_value))


def _readers(
    column: ColumnTexts, declared: str, value_of: Mapping[str, str]
) -> Iterator[tuple[str, Parse]]:
    """Yields ways to read the values: as the feed does, or in a further date pattern."""
    yield declared, column.parser
    if column.is_day:
        fitting = (
            pattern
            for text in list(column.unreadable)[:_LOOKED_AT]
            for pattern in date_patterns(value_of[text])
            if _has_month_there(text, pattern)
        )
        for pattern in dict.fromkeys(fitting):
            formats = [*column.feed.date_formats, pattern]
            option = f"{declared} and date_formats: [{', '.join(formats)}]"
            yield option, partial(day_of, patterns=formats)


def _of_value(parse: Parse, value_of: Mapping[str, str]) -> Parse:
    return lambda text: parse(value_of[text])


def _has_month_there(text: str, pattern: str) -> bool:
    """Returns whether a date pattern has the month in the place of its name, if there is one."""
    if not re.search("[A-Za-z]", text):
        return True
    return text.strip(WHITE_SPACE)[0].isalpha() == pattern.startswith("M")
