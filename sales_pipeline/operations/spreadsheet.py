"""Text that goes through a spreadsheet and comes back as it was.

A spreadsheet runs a cell that begins like a formula. A leading apostrophe keeps it text;
reading takes that one off again exactly where writing put it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from sales_pipeline.config.dialect import Dialect, thousands_marks
from sales_pipeline.printable import is_formula

_APOSTROPHE = "'"


@dataclass(frozen=True)
class SpreadsheetText:
    """Guards the texts of one feed, whose own plain numbers are no formulas.

    Attributes:
        dialect: How the feed writes its numbers.
    """

    dialect: Dialect

    def guarded(self, text: str) -> str:
        """Returns the text as a spreadsheet may have it.

        >>> marks = SpreadsheetText(Dialect())
        >>> marks.guarded("=1+1"), marks.guarded("-5.00"), marks.guarded("'=1")
        ("'=1+1", '-5.00', "''=1")
        """
        return f"{_APOSTROPHE}{text}" if self._is_dangerous(text) else text

    def bare(self, text: str) -> str:
        """Returns the text that was guarded.

        >>> marks = SpreadsheetText(Dialect())
        >>> marks.bare("'=1+1"), marks.bare("'t Hof"), marks.bare("''=1")
        ('=1+1', "'t Hof", "'=1")
        """
        rest = text.removeprefix(_APOSTROPHE)
        return rest if self._is_dangerous(rest) else text

    def _is_dangerous(self, text: str) -> bool:
        """Whether a guard is needed; the same with any number of apostrophes before the text.

        Because of that a text which begins like a guarded one is guarded, too, and nothing
        is taken off that was not put there.
        """
        plain = text.lstrip(_APOSTROPHE)
        return is_formula(plain) and not self._number.fullmatch(plain)

    @cached_property
    def _number(self) -> re.Pattern[str]:
        marks = re.escape(thousands_marks(self.dialect.thousands))
        grouped = f"|[0-9]{{1,3}}(?:[{marks}][0-9]{{3}})+" if marks else ""
        return re.compile(f"[+-]?(?:[0-9]+{grouped})(?:{re.escape(self.dialect.decimal)}[0-9]+)?")
