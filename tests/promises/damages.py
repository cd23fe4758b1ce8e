"""What can happen to the bytes of a landing file on its way."""

from __future__ import annotations

import random
from collections.abc import Callable

BYTES = (
    b'\x00', b'\xff', b'\x81', b'\xc3', b'\xed\xa0\x80', b'\xef\xbb\xbf', b'\r', b'\n', b'\r\n',
    b'\x1a', b'"', b'""', b"'", b',', b';', b'\t', b'\x1b[2J', b'\xe2\x80\xae', b'\xf0\x9f',
)  # fmt: skip
INVISIBLE = ("\u200b", "\u200d", "\ufeff", "\u200e", "\u061c", "\u202e", "\u2066", "\u2060", "\xad")

Damage = Callable[[random.Random, bytes], bytes]


def flip(dice: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(changed))
        changed[at] ^= 1 << dice.randrange(8)
    return bytes(changed)


def _cut(dice: random.Random, data: bytes) -> bytes:
    at = dice.randrange(len(data))
    return data[:at] if dice.random() < 0.7 else data[at:]


def _cut_out(dice: random.Random, data: bytes) -> bytes:
    one, other = sorted(dice.randrange(len(data)) for _ in range(2))
    return data[:one] + data[other:]


def _double(dice: random.Random, data: bytes) -> bytes:
    one, other = sorted(dice.randrange(len(data)) for _ in range(2))
    return data[:other] + data[one:]


def _insert(dice: random.Random, data: bytes) -> bytes:
    for _ in range(dice.randint(1, 3)):
        at = dice.randrange(len(data) + 1)
        data = data[:at] + dice.choice(BYTES) + data[at:]
    return data


def _move_mark(dice: random.Random, data: bytes) -> bytes:
    marks = [at for at, each in enumerate(data) if each in b"\"',;|\t\r\n"]
    if not marks:
        return data
    at = dice.choice(marks)
    mark, rest = data[at : at + 1], data[:at] + data[at + 1 :]
    to = dice.randrange(len(rest) + 1)
    return rest[:to] + mark + rest[to:]


def _swap_marks(dice: random.Random, data: bytes) -> bytes:
    one, other = dice.sample(b"\"',;|\t\n\r", 2)
    return data.translate(bytes.maketrans(bytes([one, other]), bytes([other, one])))


def _mix_encodings(dice: random.Random, data: bytes) -> bytes:
    at = dice.randrange(len(data))
    other = dice.choice(("utf-8", "cp1252", "cp932", "utf-16", "utf-16-be"))
    return data[:at] + data[at:].decode("utf-8", "replace").encode(other, "replace")


def _shuffle_lines(dice: random.Random, data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    return b"".join(dice.sample(lines, len(lines)))


def _blank_lines(dice: random.Random, data: bytes) -> bytes:
    return data.replace(b"\n", dice.choice((b"\n\n", b"\r\r\n", b"\n \n")))


def _open_quote(dice: random.Random, data: bytes) -> bytes:
    """Opens a quote at the beginning of a field, or takes one away."""
    mark = dice.choice((b'"', b"'"))
    at = [place for place, byte in enumerate(data) if bytes([byte]) == mark]
    if at and dice.random() < 0.5:
        place = dice.choice(at)
        return data[:place] + data[place + 1 :]
    begins = [0, *(place + 1 for place, byte in enumerate(data) if byte in b",;|\t\r\n")]
    place = dice.choice(begins)
    return data[:place] + mark + data[place:]


def _header_again(dice: random.Random, data: bytes) -> bytes:
    """Puts one of the first lines between two others, now and then with its columns turned."""
    lines = data.splitlines(keepends=True)
    line = dice.choice(lines[:3])
    if dice.random() < 0.5:
        bare = line.rstrip(b"\r\n")
        delimiter = max((b",", b";", b"|", b"\t"), key=bare.count)
        line = delimiter.join(reversed(bare.split(delimiter))) + line[len(bare) :]
    if dice.random() < 0.2:
        line = b"\xef\xbb\xbf" + line
    at = dice.randint(0, len(lines))
    return b"".join([*lines[:at], line, *lines[at:]])


def _invisible(dice: random.Random, data: bytes) -> bytes:
    """Puts in characters that nobody sees, often into the header."""
    for _ in range(dice.randint(1, 3)):
        most = len(data) if dice.random() < 0.5 else min(len(data), 40)
        at = dice.randint(0, most)
        data = data[:at] + dice.choice(INVISIBLE).encode() + data[at:]
    return data


DAMAGES: dict[str, Damage] = {
    "a quote left open": _open_quote,
    "a header again": _header_again,
    "invisible characters": _invisible,
    "bits flipped": flip,
    "cut": _cut,
    "cut out": _cut_out,
    "doubled": _double,
    "bytes put in": _insert,
    "a mark moved": _move_mark,
    "marks swapped": _swap_marks,
    "encodings mixed": _mix_encodings,
    "lines shuffled": _shuffle_lines,
    "blank lines": _blank_lines,
}
"""What can happen to the bytes of a file."""
