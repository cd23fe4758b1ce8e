"""Why a record is quarantined: stable codes, one sentence each."""

from __future__ import annotations

from dataclasses import dataclass

from sales_pipeline.config.feed import Feed
from sales_pipeline.config.files import WHITE_SPACE
from sales_pipeline.errors import shown_text

REASONS: dict[str, str] = {
    "too_few_columns": "The record has fewer fields than the header.",
    "too_many_columns": "The record has more fields than the header.",
    "unterminated_quote": (
        "A quoted field is not closed where the record should end, or would swallow other records."
    ),
    "text_after_quote": "Text follows the closing quote of a field, up to the delimiter.",
    "too_long": "The record is longer than a record can sensibly be (1 MiB).",
    "undecodable": "Some bytes are not valid in the declared encoding.",
    "header_unknown": (
        "A second header further up in the file lacks declared columns; nothing below it is read."
    ),
    "key_missing": (
        "A key column is empty, means nothing (NULL, N/A) or was rounded by a spreadsheet "
        "(1.23E+14), so the sale cannot be told from others."
    ),
    "store_missing": "The store is empty.",
    "store_unknown": "The feed's stores do not have what the record says is its store.",
    "date_missing": "The date is empty.",
    "date_unreadable": "The date is no day of the calendar in any of the declared formats.",
    "date_out_of_range": "The date lies before the feed's earliest or after its latest day.",
    "sold_after_delivery": (
        "The sale is dated after its file was delivered, and the feed declares latest: delivery."
    ),
    "product_missing": "The product is empty.",
    "product_unknown": "The catalogue does not know the product; the record waits until it does.",
    "code_missing": "A record of the catalogue has no code to tell what it belongs to.",
    "language_unreadable": "A record of the catalogue has no language of two letters.",
    "translation_missing": (
        "A record of the catalogue waits for one of the same code in the declaration's language."
    ),
    "list_price_unreadable": "The list price is no number, negative, or has more than 4 decimals.",
    "list_price_currency_unknown": "The currency of the list price is empty or no known code.",
    "valid_from_unreadable": "The first day of the list price is no day in a declared format.",
    "quantity_missing": "The quantity is empty.",
    "quantity_unreadable": "The quantity is no number, or has more than 3 decimals.",
    "unit_price_missing": "The unit price is empty, and the amount has to be derived from it.",
    "unit_price_unreadable": "The unit price is no number, or has more than 4 decimals.",
    "amount_missing": "The amount is empty.",
    "amount_unreadable": "The amount is no number, or has more than 4 decimals.",
    "tax_missing": (
        "The amount includes tax, and nothing says how much: the column of the tax or of its rate "
        "is empty, or no declared rate applies on the day."
    ),
    "tax_unreadable": (
        "The tax is no number, or has more than 4 decimals; or its rate is no percentage."
    ),
    "tax_out_of_range": (
        "The tax is not between zero and the amount, or its rate not between 0 and 100 %."
    ),
    "return_refused": "The quantity is negative, and the feed takes no returns.",
    "price_unknown": "The catalogue has no price for that day; the record waits until it has.",
    "currency_missing": "The currency is empty, and neither the store nor the feed has one.",
    "currency_unknown": "The currency is no ISO 4217 code.",
    "rate_unreadable:<currency>": (
        "The rate of that currency, or its units, is no number greater than 0, or is not 1 for the "
        "compared currency. The other rates of the record count."
    ),
    "rate_too_large:<currency>": (
        "One unit of that currency is worth 100,000 units of the base currency or more, which no "
        "rate can say. The other rates of the record count."
    ),
    "rate_too_small:<currency>": (
        "One unit of that currency is worth less than 0.000000001 units of the base currency, "
        "which a rate of 14 decimals says too roughly. The other rates of the record count."
    ),
    "amount_too_large": "Unit price x quantity has more than 14 digits before the decimal mark.",
    "computed_failed:<column>": "The SQL of that column fails on what the record holds.",
    "exclude_failed": "The SQL of exclude_when fails on what the record holds.",
    "rule:<name>": "The sale does not keep the rule of that name, or the rule's SQL fails on it.",
}

PRODUCT_UNKNOWN = "product_unknown"
TRANSLATION_MISSING = "translation_missing"
PRICE_UNKNOWN = "price_unknown"
DATE_OUT_OF_RANGE = "date_out_of_range"
STORE_UNKNOWN = "store_unknown"
EXCLUDE_FAILED = "exclude_failed"

WAITING = frozenset({PRODUCT_UNKNOWN, PRICE_UNKNOWN})
"""What a sale has that only waits: the catalogue releases it once it learns, and no file is
refused for it (P9, P11)."""

COMPUTED_FAILED = "computed_failed:"
"""What the reason of a record begins with on which SQL fails; the computed column follows."""
RULE = "rule:"
"""What the reason of a broken rule begins with; the rule's name follows."""


def sentence_of(reason: str, feed: Feed | None = None) -> str:
    """The sentence of a reason; empty for an unknown reason.

    Args:
        reason: Its code.
        feed: The feed of the record, if it is known: the sentence says what it declares.

    >>> sentence_of("rule:price_is_right")
    "The sale does not keep the rule of that name, or the rule's SQL fails on it."
    """
    if reason == DATE_OUT_OF_RANGE and feed is not None:
        before = f"The date lies before {feed.earliest} (earliest)"
        return (
            f"{before}."
            if feed.latest == "delivery"
            else f"{before} or after {feed.latest} (latest)."
        )
    kind, mark, _ = reason.partition(":")
    codes = (code for code in REASONS if code.startswith(f"{kind}:<"))
    return REASONS.get(next(codes, reason) if mark else reason, "")


def shown_cell(header: str, text: str) -> str:
    """A column of a record and its text, as the example of a reason shows them.

    >>> shown_cell("USD", "O.9"), shown_cell("USD", " ")
    ("USD 'O.9'", 'USD is empty')
    """
    return f"{header} {shown_text(text) if text.strip(WHITE_SPACE) else 'is empty'}"


@dataclass(frozen=True)
class Unusable:
    """The records of one file that are quarantined for one reason.

    Attributes:
        reason: Its code.
        records: How many there are.
        example: The first of them: its number, and its column with the text as delivered.
        options: What to declare so that texts are read which are not now, tried on the file.
    """

    reason: str
    records: int
    example: str
    options: tuple[str, ...] = ()

    def __str__(self) -> str:
        sentence = sentence_of(self.reason)
        text = f"{self.reason} in {self.records:,} ({sentence}), such as {self.example}"
        return "; ".join([text, *(f"declared {option}" for option in self.options)])
