"""The bytes of a landing file: out of gzip where they are in it, and hashed as they lie there.

A small gzip can unpack to a thousand times its size. It is unpacked piece by piece, and no
further than its feed's shape allows, so that one file fills neither memory nor disk.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import zlib
from typing import BinaryIO

from sales_pipeline.errors import FileRejected

_GZIP = b"\x1f\x8b"
_BLOCK_BYTES = 1 << 20
UNPACKED_FREELY = 64 << 20
"""To this size any file may unpack: a small one of like records packs very well."""


class LandedBytes:
    """Reads a landing file piece by piece.

    Gzip is known by its first bytes, whatever the file is called; several members in a
    row are one file.

    Args:
        file: The file, at its beginning.
        path: What it is called in messages.
        max_ratio: How many times its own size it may unpack to; see `UNPACKED_FREELY`.

    Attributes:
        is_gzip: Whether the file is in gzip.
    """

    def __init__(self, file: BinaryIO, path: str, *, max_ratio: int) -> None:
        self._path = path
        self._max_ratio = max_ratio
        self._packed = os.fstat(file.fileno()).st_size
        self._left = max(UNPACKED_FREELY, max_ratio * self._packed)
        self._hashed = _Hashed(file)
        self.is_gzip = file.read(len(_GZIP)) == _GZIP
        file.seek(0)
        self._plain = gzip.GzipFile(fileobj=self._hashed, mode="rb") if self.is_gzip else None

    def read(self, size: int) -> bytes:
        """Gives the next bytes, no more than `size`; none at the end of the file.

        Raises:
            FileRejected: The gzip around them is damaged, or ends too soon, or holds more than
                a file of its size may.
        """
        if self._plain is None:
            return self._hashed.read(size)
        try:
            data = self._plain.read(size)
        except EOFError as error:
            what = f"a gzip file that ends in the middle, got {self._hashed.bytes:,} bytes"
            raise self._rejected(f"{what}; deliver it again, whole") from error
        except (gzip.BadGzipFile, zlib.error) as error:
            raise self._rejected(f"a damaged gzip file, got {error}; deliver it again") from error
        self._left -= len(data)
        if self._left < 0:
            raise self._oversized()
        return data

    def sha256(self) -> str:
        """Gives the digest of the whole file as it lies there, after reading what is left."""
        while self._hashed.read(_BLOCK_BYTES):
            pass
        return self._hashed.hash.hexdigest()

    def _oversized(self) -> FileRejected:
        return FileRejected(
            "oversized_gzip",
            f"{self._path}: a gzip file of {self._packed:,} bytes that unpacks to more than "
            f"{self._max_ratio} times as much; deliver it as it is, not packed, or allow more with "
            "max_unpacked_ratio in the declaration",
        )

    def _rejected(self, what: str) -> FileRejected:
        return FileRejected("damaged_gzip", f"{self._path}: {what}")


class _Hashed(io.RawIOBase):
    """A file whose bytes are hashed and counted as they are read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.hash = hashlib.sha256()
        self.bytes = 0

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.hash.update(data)
        self.bytes += len(data)
        return data
