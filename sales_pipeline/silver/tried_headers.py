"""Suggests headers of a file that may be missing declared columns, tried on their texts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from sales_pipeline.config.feed import Feed
from sales_pipeline.config.files import WHITE_SPACE
from sales_pipeline.errors import FileChanged, FileRejected, counted, examples
from sales_pipeline.landing.reader import first_records
from sales_pipeline.landing.shape import FileShape
from sales_pipeline.silver.tried_options import ColumnTexts
from sales_pipeline.silver.validation.feed_groups import NUMBERS
from sales_pipeline.silver.validation.reasons import Unusable
from sales_pipeline.visible_text import caseless_form

_TRIED_RECORDS = 1_000
_SHOWN = 40


def renamed_columns(feed: Feed, path: Path, shape: FileShape) -> list[Unusable]:
    """Returns the declared columns that a rejected file lacks, with headers that may be theirs.

    Nothing is returned if no undeclared column has texts that the feed reads as a missing one, or
    if the feed has `never_store`: a renamed column may be one of these.
    """
    texts = {} if shape.never_store else _texts_by_header(path, shape)
    known = {caseless_form(header): name for name, header in shape.columns}
    undeclared = {
        header: own for header, own in texts.items() if caseless_form(header) not in known
    }
    present = {caseless_form(header) for header in texts}
    missing = [name for header, name in known.items() if header not in present]
    options = [option for name in missing for option in _options(feed, name, undeclared)]
    if not options:
        return []
    records = max(sum(own.values()) for own in undeclared.values())
    lacking = examples([repr(feed.columns[name]) for name in missing])
    return [Unusable("missing_column", records, f"the header: no {lacking}", tuple(options))]


def _texts_by_header(path: Path, shape: FileShape) -> dict[str, Counter[str]]:
    """The texts of all columns of a file, by its own headers, in its first records."""
    # Without declared columns, all that a file has is undeclared, and none is missing.
    bare = FileShape(**{**vars(shape), "columns": ()})
    try:
        records = first_records(path, bare, _TRIED_RECORDS)
    except (FileChanged, FileRejected):
        return {}
    texts: dict[str, Counter[str]] = {}
    for extra in records["_extra"].to_pylist():
        for header, text in json.loads(extra or "{}").items():
            texts.setdefault(header, Counter())[text or ""] += 1
    return texts


def _options(feed: Feed, name: str, undeclared: Mapping[str, Counter[str]]) -> Iterator[str]:
    for header, texts in undeclared.items():
        filled = [text for text in texts if text.strip(WHITE_SPACE)]
        is_parsed = name in ("sold_on", *NUMBERS)
        is_read = is_parsed and not ColumnTexts(feed, name, texts).unreadable
        if filled and is_read:
            count = counted(sum(texts[text] for text in filled), "record")
            yield f"columns.{name}: {header!r} reads {count} ({filled[0][:_SHOWN]!r})"
