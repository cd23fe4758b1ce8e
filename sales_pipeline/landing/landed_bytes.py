"""Reads the bytes of a landing file: unpacks gzip, hashes them, and converts them to UTF-8.

A small gzip can unpack to a thousand times its size. It is unpacked piece by piece, and no
further than its feed's shape allows, so that one file fills neither memory nor disk.

Bytes that are not valid in the file's encoding end as bytes that are not valid in UTF-8, within
the same record, so that they spoil no other.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import os
import re
import zlib
from typing import BinaryIO

from sales_pipeline.errors import FileRejected

_GZIP = b"\x1f\x8b"
_BLOCK_BYTES = 1 << 20
UNPACKED_FREELY = 64 << 20
"""To this size any file may unpack: a small one of like records packs very well."""


class LandedBytes:
    """Reads a landing file piece by piece.

    Gzip is recognised by its first bytes, not by the name of the file; several members in a
    row are one file.

    Args:
        file: The file, at its beginning.
        path: Its name in messages.
        max_ratio: How many times its own size it may unpack to; see `UNPACKED_FREELY`.

    Attributes:
        is_gzip: True if the file is in gzip.
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
            raise FileRejected(
                "oversized_gzip",
                f"{self._path}: a gzip file of {self._packed:,} bytes that unpacks to more than "
                f"{self._max_ratio} times as much; deliver it as it is, not packed, or allow more "
                "with max_unpacked_ratio in the declaration",
            )
        return data

    def sha256(self) -> str:
        """Reads the file to its end, and returns the digest of its bytes before unpacking."""
        while self._hashed.read(_BLOCK_BYTES):
            pass
        return self._hashed.hash.hexdigest()

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


_ESCAPED_BYTE = re.compile("[\udc00-\udcff]")


def _keep_bytes(error: UnicodeError) -> tuple[str, int]:
    """Decodes each undecodable byte as a lone surrogate, which UTF-8 cannot hold."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    kept = error.object[error.start : error.end]
    return "".join(chr(0xDC00 + byte) for byte in kept), error.end


codecs.register_error("sales_pipeline.keep_bytes", _keep_bytes)


class Utf8Watch:
    """Checks piece by piece whether bytes are UTF-8 with characters beyond ASCII."""

    def __init__(self) -> None:
        self._decoder: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")()
        self.example = ""
        """The first such character, with a few around it."""

    @property
    def is_likely(self) -> bool:
        """True if all bytes so far are UTF-8, with at least one such character."""
        return self._decoder is not None and bool(self.example)

    def feed(self, data: bytes, *, final: bool = False) -> None:
        """Takes the next bytes; `final` says that the file ends with them."""
        if self._decoder is None or (data.isascii() and not final):
            return
        try:
            text = self._decoder.decode(data, final)
        except UnicodeDecodeError:
            self._decoder = None
            return
        if not self.example and not text.isascii():
            at = next(place for place, character in enumerate(text) if not character.isascii())
            self.example = text[max(0, at - 6) : at + 6]


class Transcoder:
    """Converts a file's bytes, piece by piece, to UTF-8 without a byte order mark."""

    def __init__(self, encoding: str) -> None:
        self._encoding = codecs.lookup(encoding).name
        self._head: bytes | None = b""
        self._decoder: codecs.IncrementalDecoder | None = None
        self._as_utf8 = Utf8Watch()

    def check(self, path: str) -> None:
        """Checks, once the file was read, that it is not UTF-8 under another declaration.

        Raises:
            FileRejected: Every character beyond ASCII is one in UTF-8, so that each would be read
                as several others.
        """
        if self._decoder is not None and self._encoding != "utf-16" and self._as_utf8.is_likely:
            raise FileRejected(
                "wrong_encoding",
                f"{path}: written in UTF-8, such as {self._as_utf8.example!r}, and read as "
                f"{self._encoding}; declare encoding: utf-8",
            )

    def feed(self, data: bytes, *, final: bool = False) -> bytes:
        """Returns the next bytes in UTF-8; `final` says that the file ends with this piece."""
        if self._head is not None:
            self._head += data
            if len(self._head) < len(codecs.BOM_UTF8) and not final:
                return b""
            data, self._head = self._start(self._head), None
        if self._decoder is None:
            return data
        self._as_utf8.feed(data, final=final)
        return self._decoder.decode(data, final).encode("utf-8", "surrogatepass")

    def _start(self, head: bytes) -> bytes:
        """Chooses the decoder by the first bytes of the file; returns them without the mark."""
        if self._encoding == "utf-8":
            return head.removeprefix(codecs.BOM_UTF8)
        encoding = self._encoding
        if encoding == "utf-16":
            encoding = "utf-16-be" if head.startswith(codecs.BOM_UTF16_BE) else "utf-16-le"
            marked = head.startswith((codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE))
            head = head[2:] if marked else head
        self._decoder = codecs.getincrementaldecoder(encoding)("sales_pipeline.keep_bytes")
        return head


def is_text(line: bytes) -> bool:
    """Returns whether the bytes are valid UTF-8 without a NUL character."""
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in line


def shown_text(line: bytes, *, transcoded: bool, is_whole: bool = True) -> str:
    r"""Returns bytes from `Transcoder` as text; bytes that are no text are shown as `\x81`.

    Args:
        line: The bytes.
        transcoded: Whether the file is in another encoding than UTF-8.
        is_whole: Whether they do not end within a character.
    """
    errors = "surrogatepass" if transcoded else "backslashreplace"
    text = codecs.getincrementaldecoder("utf-8")(errors).decode(line, is_whole)
    text = _ESCAPED_BYTE.sub(lambda byte: f"\\x{ord(byte[0]) - 0xDC00:02x}", text)
    return text.replace("\0", "\\x00")
