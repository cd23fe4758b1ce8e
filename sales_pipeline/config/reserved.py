"""Names that are taken: by tables, by their columns, and by reasons.

The layers above declare what bears them; a test compares.
"""

from __future__ import annotations

RESERVED_FEEDS = ("catalogue", "exchange_rates")
"""Tables of bronze that are no feed's."""

NO_KEYS = frozenset([
    "feed", "store", "sold_on", "month", "product", "category", "unit_price", "quantity",
    "amount", "currency", "source_product", "class", "winner_file_id", "winner_row",
    "winner_sold_on", "winner_amount", "winner_currency",
    "reasons", "raw", "in_sales", "in_set_aside", "changes",
])  # fmt: skip
"""Columns that the tables of silver have of their own, beside those of the keys."""

REASON_CODES = frozenset([
    "too_few_columns", "too_many_columns", "unterminated_quote", "text_after_quote",
    "too_long", "undecodable", "header_unknown", "key_missing", "store_missing", "store_unknown",
    "date_missing", "date_unreadable",
    "date_out_of_range", "product_missing", "product_unknown", "code_missing",
    "language_unreadable", "translation_missing", "list_price_unreadable",
    "list_price_currency_unknown", "valid_from_unreadable", "quantity_missing",
    "quantity_unreadable", "unit_price_missing", "unit_price_unreadable", "amount_missing",
    "amount_unreadable", "amount_too_large", "return_refused", "price_unknown",
    "currency_missing", "currency_unknown", "rate_unreadable",
])  # fmt: skip
"""The reasons that records are quarantined for whatever is declared: no names of rules."""
