"""Text as a reader sees it: headers, keys and names that look the same are the same.

Imports nothing, because the workers of every engine load it with the landing reader.
"""

from __future__ import annotations

import unicodedata

INVISIBLE = "".join(
    chr(code)
    for first, last in [(0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x180E, 0x180E),
                        (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x2064), (0x2066, 0x206F),
                        (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF)]
    for code in range(first, last + 1)
)  # fmt: skip
"""Characters that nobody sees: of no width, marks of direction, byte order marks."""
_WITHOUT_INVISIBLE = dict.fromkeys(map(ord, INVISIBLE))
_NOT_ALWAYS_COMPOSED = (
    (0x300, 0x387), (0x5B4, 0x655), (0x93C, 0xDDF), (0xF43, 0x102E), (0x1161, 0x11C2),
    (0x1B35, 0x1B35), (0x1F71, 0x2001), (0x2126, 0x212B), (0x2329, 0x232A), (0x2ADC, 0x2ADC),
    (0x3099, 0x309A), (0xF900, 0xFB4E), (0x110BA, 0x11127), (0x1133E, 0x11357), (0x114B0, 0x115AF),
    (0x11930, 0x11930), (0x1D15E, 0x1D1C0), (0x2F800, 0x2FA1D),
)  # fmt: skip
MAY_NOT_BE_COMPOSED = f"[{''.join(f'{chr(a)}-{chr(b)}' for a, b in _NOT_ALWAYS_COMPOSED)}]"
"""A regular expression of characters that text in Unicode form NFC may lack, and some others."""


def visible_form(text: str) -> str:
    r"""Returns text in Unicode form NFC, without invisible characters.

    >>> visible_form("cafe\u0301\u200b")
    'caf\xe9'
    """
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", text.translate(_WITHOUT_INVISIBLE))


def caseless_form(text: str) -> str:
    r"""Returns the form in which texts are the same that differ only in case.

    That is without invisible characters and space around it, in Unicode form NFC.

    >>> caseless_form(" Quantite\u0301\u200b ") == caseless_form("\ufeffQUANTITÉ")
    True
    """
    if text.isascii():
        return text.strip().casefold()
    return unicodedata.normalize("NFC", visible_form(text).strip().casefold())
