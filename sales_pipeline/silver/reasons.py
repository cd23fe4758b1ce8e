"""Why a record is quarantined: stable codes, one sentence each."""

from __future__ import annotations

REASONS: dict[str, str] = {
    "too_few_columns": "The record has fewer fields than the header.",
    "too_many_columns": "The record has more fields than the header.",
    "unterminated_quote": "A quoted field is not closed where the record should end.",
    "too_long": "The record is longer than a record can sensibly be (1 MiB).",
    "undecodable": "Some bytes are not valid in the declared encoding.",
    "key_missing": "A key column is empty, so the sale cannot be told from others.",
    "date_missing": "The date is empty.",
    "date_unreadable": "The date is no day of the calendar in any of the declared formats.",
    "date_out_of_range": "The date lies before 2000-01-01 or after 2099-12-31.",
    "product_missing": "The product is empty.",
    "product_unknown": "The catalogue does not know the product; the record waits until it does.",
    "quantity_missing": "The quantity is empty.",
    "quantity_unreadable": "The quantity is no number, or has more than 3 decimals.",
    "unit_price_missing": "The unit price is empty, and the amount has to be derived from it.",
    "unit_price_unreadable": "The unit price is no number, or has more than 4 decimals.",
    "amount_missing": "The amount is empty.",
    "amount_unreadable": "The amount is no number, or has more than 4 decimals.",
    "currency_unknown": "The currency is no ISO 4217 code.",
    "rate_unreadable": "A rate is no number greater than 0, or not 1 for the compared currency.",
    "amount_too_large": "Unit price x quantity has more than 14 digits before the decimal mark.",
}

PRODUCT_UNKNOWN = "product_unknown"
