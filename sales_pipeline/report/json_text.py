"""One JSON document as text: money as text, months as "2025-01", safe on a terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

_TERMINAL_ORDERS = re.compile(
    "[\x7f-\x9f\u200e\u200f\u061c\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def json_text(document: dict[str, Any]) -> str:
    r"""Returns a document as indented JSON, in which no character stands that a terminal obeys.

    >>> print(json_text({"product": "Thé\x9b"}))
    {
      "product": "Thé\u009b"
    }
    """
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return _TERMINAL_ORDERS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def timestamp(when: datetime) -> str:
    """Returns a moment in UTC as ISO 8601.

    >>> timestamp(datetime(2025, 1, 31, 6, 5, 1, 999))
    '2025-01-31T06:05:01Z'
    """
    return f"{when:%Y-%m-%dT%H:%M:%SZ}"


def amounts_document(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    """Returns amounts by currency as text."""
    return {currency: f"{amount:f}" for currency, amount in sorted(amounts.items())}
