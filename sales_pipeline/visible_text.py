"""Text as a reader sees it: what two header texts have in common that look the same.

Imports nothing, because the workers of every engine load it with the landing reader.
"""

from __future__ import annotations

import unicodedata

INVISIBLE = "".join(
    chr(code)
    for first, last in [(0xAD, 0xAD), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x2064),
                        (0x2066, 0x206F), (0xFEFF, 0xFEFF)]
    for code in range(first, last + 1)
)  # fmt: skip
"""Characters that nobody sees: of no width, marks of direction, byte order marks."""
_WITHOUT_INVISIBLE = dict.fromkeys(map(ord, INVISIBLE))


def header_form(text: str) -> str:
    r"""Returns the form in which two header texts are the same.

    That is without invisible characters and space around it, caseless, in Unicode form NFC.

    >>> header_form(" Quantite\u0301\u200b ") == header_form("\ufeffQUANTITÉ")
    True
    """
    if text.isascii():
        return text.strip().casefold()
    composed = unicodedata.normalize("NFC", text.translate(_WITHOUT_INVISIBLE)).strip()
    return unicodedata.normalize("NFC", composed.casefold())
