"""Makes text that came from files safe for a spreadsheet: product names are untrusted."""

from __future__ import annotations

from sales_pipeline.printable import without_control_characters

# The last four are the wide forms of the first four, which some spreadsheets take, too.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def spreadsheet_text(text: str) -> str:
    """Returns text that no spreadsheet takes for a formula: a leading `'` keeps it text.

    >>> spreadsheet_text("=1+1"), spreadsheet_text("Tea")
    ("'=1+1", 'Tea')
    """
    shown = without_control_characters(text)
    starts = (text, shown, shown.lstrip())
    return f"'{shown}" if any(each.startswith(_FORMULA_STARTS) for each in starts) else shown
