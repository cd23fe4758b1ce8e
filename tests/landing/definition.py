"""What a landing file holds by `record_splitter` alone, without the fast way of the reader."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from sales_pipeline.landing.frame import DataLines, FrameLines
from sales_pipeline.landing.headers import Headers, refusal_of
from sales_pipeline.landing.landed_bytes import Transcoder
from sales_pipeline.landing.record_splitter import Record, RecordSplitter
from sales_pipeline.landing.shape import FileShape


def in_order(batches: Iterable[pa.RecordBatch | pa.Table]) -> list[tuple[Any, ...]]:
    """The records by their numbers, without the file's."""
    read = [row for batch in batches for row in batch.drop_columns(["_file_id"]).to_pylist()]
    return [tuple(row.values()) for row in sorted(read, key=lambda row: row["_row"])]


def defined_rows(data: bytes, shape: FileShape) -> list[tuple[Any, ...]] | None:
    """What `record_splitter` makes of the bytes; None where the header is not the declared one."""
    text = Transcoder(shape.encoding).feed(data, final=True)
    lines = DataLines(shape.skip_lines, shape.footer_lines)
    text = lines.feed(text, final=True)
    first, start = RecordSplitter(shape).split(text, final=True, most=1)
    match = shape.match(first[0].fields) if first and not first[0].problem else None
    if match is None or not match.is_complete or refusal_of(shape, first[0].fields):
        return None
    frame = FrameLines(shape, match)
    before = b"".join(frame.skipped_records(lines.skipped))
    after = b"".join(frame.footer_records(lines.footer))
    text = before + (text[start:] if shape.header else text) + after
    splitter = RecordSplitter(shape, Headers(shape, first[0].fields))
    records, end = splitter.split(text, final=True)
    assert end == len(text)
    if shape.never_store:
        records = [record._replace(raw=None) for record in records]
    return [
        _defined_row(number, record, len(shape.columns))
        for number, record in enumerate(records, start=1)
    ]


def _defined_row(number: int, record: Record, declared: int) -> tuple[Any, ...]:
    match = record.match
    if match is None:
        return (*(None for _ in range(declared)), number, None, record.raw, record.problem)
    extra = {key: record.fields[at] for at, key in match.undeclared}
    text = json.dumps(extra, ensure_ascii=False) if extra else None
    return (
        *(record.fields[at] for at in match.positions if at is not None),
        number,
        text,
        None,
        None,
    )
