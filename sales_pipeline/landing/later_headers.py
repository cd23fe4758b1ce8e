"""A fast search for later headers among the records that pyarrow split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from sales_pipeline.landing.headers import Headers

_Places = np.ndarray[Any, np.dtype[np.int64]]
_Flags = np.ndarray[Any, np.dtype[np.bool_]]


class LaterHeaders:
    """Finds out whether one of many records may be a later header, by the first bytes of fields.

    No field of a header begins with a digit, unless a header text that is known does. So only
    the records are looked at that have no digit at the beginning of a field, and first in the
    column where that is rarest.
    """

    def __init__(self, headers: Headers) -> None:
        self._headers = headers
        self._is_possible = np.ones(256, np.bool_)
        self._is_possible[ord("0") : ord("9") + 1] = False
        self._is_possible[list(headers.first_digits)] = True
        self._is_begin = np.ones(256, np.bool_)
        self._is_begin[ord("!") : 128] = False
        self._is_begin[[ord(letter) for letter in headers.first_letters]] = True
        self._order: list[int] = []

    def may_be_in(self, columns: Sequence[pa.Array]) -> bool:
        """Tells whether a record is a later header."""
        if not self._headers.is_watching or not len(columns[0]):
            return False
        if not self._order:
            counts = [np.count_nonzero(_begin(column, self._is_possible)) for column in columns]
            self._order = [int(at) for at in np.argsort(counts, kind="stable")]
        first, *others = self._order
        rows = np.flatnonzero(_begin(columns[first], self._is_possible))
        for at in others:
            if not len(rows):
                return False
            rows = rows[_begin(columns[at].take(pa.array(rows)), self._is_possible)]
        taken = [column.take(pa.array(rows)) for column in columns]
        alike = sum(_begin(column, self._is_begin).astype(np.int32) for column in taken)
        return self._is_one_of(taken, np.flatnonzero(alike >= self._headers.fewest))

    def _is_one_of(self, columns: Sequence[pa.Array], rows: _Places) -> bool:
        texts = [column.take(pa.array(rows)).cast(pa.binary()).to_pylist() for column in columns]
        return any(self._headers.is_later_header(fields) for fields in zip(*texts, strict=True))


def _begin(column: pa.Array, is_right: _Flags) -> _Flags:
    """Tells for each text whether its first byte is right; that of an empty text is."""
    _, offsets, data = column.buffers()
    if data is None or not data.size:
        return np.ones(len(column), np.bool_)
    places = np.frombuffer(offsets, np.int32, len(column) + 1, column.offset * 4)
    texts = np.frombuffer(data, np.uint8)
    found: _Flags = is_right[texts[np.minimum(places[:-1], len(texts) - 1)]]
    found |= places[:-1] == places[1:]
    return found
