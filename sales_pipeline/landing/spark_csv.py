r"""Reads landing files by Spark's own CSV reader, for workspaces without Python data sources.

A file is one partition: a CSV file whose records may hold line ends is never split. Each byte is
read as one character, so that bytes that are no text in the file's encoding are kept. Lines end
with `\n` for Spark; the `\r` before it is removed here. Errors that Spark's rows do not show
(quotes in wrong places) are found by `Totals`, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from sales_pipeline.engines.statements import union_of
from sales_pipeline.landing.bronze_batches import json_text
from sales_pipeline.landing.headers import HeaderMatch
from sales_pipeline.landing.outline import (
    BETWEEN,
    BYTE_ORDER_MARKS,
    NOTHING,
    Outline,
    begins_with_mark,
    checked_columns,
)
from sales_pipeline.landing.quotes import MAX_RECORD_BYTES
from sales_pipeline.landing.shape import FileShape

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

_BYTES = "ISO-8859-1"
_DAMAGED = "damaged"
_COLUMNS = 20_480
"""The default of Spark; each file takes memory for all of them."""
_ROW_IN_PARTITION = (1 << 33) - 1
"""The lower bits of `monotonically_increasing_id`; the upper ones number the partition."""
_UTF_8 = (
    r"[\x00-\x7f]+|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|\xed[\x80-\x9f][\x80-\xbf]"
    r"|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}"
    r"|\xf4[\x80-\x8f][\x80-\xbf]{2}|[\x80-\xff]"
)
"""A character in UTF-8, or a byte that is part of none."""
_GLOB = re.compile(r"[][{}*?\\]")
_ESCAPES = {
    "\\": "\\\\",
    '"': '\\"',
    **{chr(code): json_text(chr(code))[1:-1] for code in range(32)},
}


def spark_csv_rows(
    spark: SparkSession, outlines: Sequence[tuple[int, Outline]], shape: FileShape
) -> DataFrame:
    """The bronze rows of files of one shape, read by Spark's own CSV reader.

    The outlines have the number of their delivery; the rows have the columns of `bronze_schema`,
    each of its own type.
    """
    outlines_by_kind: dict[tuple[HeaderMatch, bool], list[tuple[int, Outline]]] = {}
    for file_id, outline in outlines:
        outlines_by_kind.setdefault((outline.match, outline.is_text), []).append((file_id, outline))
    kinds = (
        (_Records(match, shape, is_text=is_text), group)
        for (match, is_text), group in outlines_by_kind.items()
    )
    return union_of(
        records.bronze_rows(union_of(records.of_file(spark, *numbered) for numbered in group))
        for records, group in kinds
    )


def totals_by_file(rows: DataFrame, shape: FileShape) -> DataFrame:
    """The `Totals` of bronze rows: `_file_id`, `records`, `checksum`."""
    texts = [F.coalesce(name, F.lit(NOTHING)) for name in checked_columns(shape)]
    whole = F.concat_ws(BETWEEN, F.col("_row").cast("string"), *texts)
    return rows.groupBy("_file_id").agg(
        F.count(F.lit(1)).alias("records"), F.sum(F.crc32(whole.cast("binary"))).alias("checksum")
    )


class _Records:
    """The records of files with one header: first as Spark reads them, then as bronze has them."""

    def __init__(self, match: HeaderMatch, shape: FileShape, *, is_text: bool) -> None:
        self._match = match
        self._shape = shape
        self._text = _text_in(shape.encoding, is_text=is_text)
        self._fields = [f"field_{at}" for at in range(match.width)]

    def of_file(self, spark: SparkSession, file_id: int, outline: Outline) -> DataFrame:
        r"""The fields of each record of a file as Spark reads them, by its number in the file.

        A line of nothing but `\r` is a record for Spark, so it is left out before the others are
        numbered.
        """
        number = F.monotonically_increasing_id().bitwiseAND(F.lit(_ROW_IN_PARTITION))
        row = (number + 1 - outline.before).alias("_row")
        records = self._read(spark, outline).where(~self._is_blank()).select(row, "*")
        records = records.where(F.col("_row").between(1, outline.totals.records))
        return records.select(F.lit(file_id).cast("bigint").alias("_file_id"), "*")

    def bronze_rows(self, records: DataFrame) -> DataFrame:
        """The bronze rows of the records of some files."""
        judged = self._with_lines(records).select("*", self._problem().alias("_problem"))
        is_whole = F.col("_problem").isNull()
        declared = [
            F.when(is_whole, self._text.read(F.col(self._fields[at]))).alias(name)
            for (name, _), at in zip(self._shape.columns, self._match.positions, strict=True)
            if at is not None
        ]
        extra = F.when(is_whole, self._extra()).alias("_extra")
        is_kept = F.lit(not self._shape.never_store)
        raw = F.when(is_kept & ~is_whole, self._text.shown(F.col("line"))).alias("_raw")
        return judged.select(*declared, "_file_id", "_row", extra, raw, "_problem")

    def _read(self, spark: SparkSession, outline: Outline) -> DataFrame:
        width, escape = self._match.width, self._shape.escape or self._shape.quote
        options: dict[str, bool | int | str] = {
            "sep": self._shape.delimiter,
            "quote": self._shape.quote,
            "escape": escape,
            "charToEscapeQuoteEscaping": escape,
            "encoding": self._text.read_as,
            "header": False,
            "multiLine": True,  # Which also says that the file is one partition.
            "lineSep": "\n",
            "mode": "PERMISSIVE",
            "columnNameOfCorruptRecord": _DAMAGED,
            "columnPruning": False,
            "maxColumns": MAX_RECORD_BYTES + 1 if outline.is_wide else max(_COLUMNS, width + 1),
            "ignoreMissingFiles": False,
            "ignoreCorruptFiles": False,
        }
        schema = ", ".join(f"{name} STRING" for name in (*self._fields, _DAMAGED))
        escaped = _GLOB.sub(lambda mark: f"\\{mark[0]}", outline.path)
        return spark.read.schema(schema).options(**options).csv(escaped)

    def _is_blank(self) -> Column:
        first, *further_fields = self._fields
        is_blank = F.coalesce(first, F.lit("")) == "\r"
        if further_fields:
            is_blank &= F.coalesce(F.trim(_DAMAGED, F.lit("\r\n")), F.lit("-")) == ""
        return is_blank

    def _with_lines(self, records: DataFrame) -> DataFrame:
        """The records without line ends and byte order marks; `line` is the whole text of each."""
        texts = {name: F.coalesce(name, F.lit("")) for name in self._fields}
        last = self._fields[-1]
        texts[last] = _without_return(texts[last])
        damaged = _without_return(F.ltrim(_DAMAGED, F.lit("\r\n"))).alias(_DAMAGED)
        fields = [text.alias(name) for name, text in texts.items()]
        records = records.select("_file_id", "_row", *fields, damaged)
        line = F.coalesce(_DAMAGED, F.concat_ws(self._shape.delimiter, *self._fields))
        records = records.withColumn("line", line)
        if not begins_with_mark(self._shape):
            return records
        return records.withColumns({name: _unmarked(name) for name in (self._fields[0], "line")})

    def _problem(self) -> Column:
        delimiter, quote = self._shape.delimiter, self._shape.quote
        begin, mark = f"(^|\\x{ord(delimiter):02x})", f"\\x{ord(quote):02x}"
        single = F.replace(_DAMAGED, F.lit(quote * 2), F.lit(""))
        unquoted = F.regexp_replace(single, f"{begin}{mark}[^{mark}]*{mark}", "$1")
        without_delimiters = F.replace(unquoted, F.lit(delimiter), F.lit(""))
        is_short = F.length(unquoted) - F.length(without_delimiters) < self._match.width
        ragged = F.when(is_short, "too_few_columns").otherwise("too_many_columns")
        undecodable = F.when(~self._text.is_whole(F.col("line")), "undecodable")
        return undecodable.when(F.col(_DAMAGED).isNotNull(), ragged)

    def _extra(self) -> Column:
        """The undeclared columns of a record as one JSON object text, as the landing reader's."""
        if not self._match.undeclared:
            return F.lit(None).cast("string")
        members: list[Column] = []
        for at, key in self._match.undeclared:
            begin = f'{", " if members else "{"}{json_text(key)}: "'
            members += [F.lit(begin), _json_escaped(self._text.read(F.col(self._fields[at])))]
            members.append(F.lit('"'))
        return F.concat(*members, F.lit("}"))


def _without_return(text: Column) -> Column:
    r"""A text without the `\r` at its end."""
    return F.when(text.endswith("\r"), F.left(text, F.length(text) - 1)).otherwise(text)


def _unmarked(name: str) -> Column:
    """A column without the byte order mark that the first record of a file may begin with."""
    unmarked = F.col(name)
    for mark in BYTE_ORDER_MARKS:
        is_marked = (F.col("_row") == 1) & F.col(name).startswith(mark)
        unmarked = F.when(is_marked, F.substring(name, len(mark) + 1, MAX_RECORD_BYTES)).otherwise(
            unmarked
        )
    return unmarked


class _Utf8:
    """Texts of a file whose bytes are all valid UTF-8."""

    read_as = "UTF-8"

    def read(self, text: Column) -> Column:
        """Returns the delivered text, from the text that Spark read."""
        return text

    def is_whole(self, text: Column) -> Column:  # noqa: ARG002 - for others it depends
        """A condition: all bytes are valid text, without a NUL character."""
        return F.lit(True)

    def shown(self, text: Column) -> Column:
        r"""Returns the delivered text, from the text that Spark read; invalid bytes as `\x81`."""
        return text


class _DoubtfulUtf8(_Utf8):
    """Texts of a file with bytes that are not valid UTF-8; each byte is read as a character."""

    read_as = _BYTES

    def read(self, text: Column) -> Column:
        return F.encode(text, _BYTES).cast("string")

    def is_whole(self, text: Column) -> Column:
        return ~text.contains("\0") & F.is_valid_utf8(self.read(text))

    def shown(self, text: Column) -> Column:
        parts = F.regexp_extract_all(text, F.lit(f"({_UTF_8})"))
        return _escaped_byte(F.array_join(F.transform(parts, self._part), ""), "\0")

    def _part(self, part: Column) -> Column:
        is_byte = part.rlike(r"\A[\x80-\xff]\z")
        byte = F.concat(F.lit("\\x"), F.lower(F.hex(F.encode(part, _BYTES))))
        return F.when(is_byte, byte).otherwise(self.read(part))


class _SingleBytes(_Utf8):
    """Texts in an encoding of single bytes; each byte is read as a character."""

    read_as = _BYTES

    def __init__(self, encoding: str) -> None:
        characters = {chr(byte): bytes([byte]).decode(encoding, "ignore") for byte in range(256)}
        self._from = "".join(byte for byte, text in characters.items() if text not in ("", byte))
        self._to = "".join(characters[byte] for byte in self._from)
        self._refused = ["\0", *(byte for byte, text in characters.items() if not text)]

    def read(self, text: Column) -> Column:
        return F.translate(text, self._from, self._to) if self._from else text

    def is_whole(self, text: Column) -> Column:
        return ~text.rlike("[" + "".join(f"\\x{ord(byte):02x}" for byte in self._refused) + "]")

    def shown(self, text: Column) -> Column:
        return reduce(_escaped_byte, self._refused, self.read(text))


def _text_in(encoding: str, *, is_text: bool) -> _Utf8:
    if encoding != "utf-8":
        return _SingleBytes(encoding)
    return _Utf8() if is_text else _DoubtfulUtf8()


def _escaped_byte(text: Column, byte: str) -> Column:
    return F.replace(text, F.lit(byte), F.lit(f"\\x{ord(byte):02x}"))


def _json_escaped(text: Column) -> Column:
    """A text escaped for a JSON string."""
    escaped = reduce(
        lambda so_far, mark: F.replace(so_far, F.lit(mark), F.lit(_ESCAPES[mark])),
        _ESCAPES,
        text,
    )
    return F.when(text.rlike(r'[\x00-\x1f"\\]'), escaped).otherwise(text)
