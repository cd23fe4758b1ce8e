r"""Compares and orders the names of landing files, and matches them with patterns.

A name is compared in Unicode form NFC and without invisible characters, because systems
write one name in several ways: a Mac sends `é` as two characters.
"""

from __future__ import annotations

import re
from functools import cache

from sales_pipeline.config.dates import parse_date_pattern
from sales_pipeline.config.files import FileOrder
from sales_pipeline.config.values import landing_root
from sales_pipeline.visible_text import visible_form

_TEMPORARY_ENDINGS = (".tmp", ".part", ".partial", ".filepart", ".crdownload", ".swp", "~")
_LOCK_FILE = re.compile(r"~\$.*|\.~lock\..*#|\.ds_store|thumbs\.db|desktop\.ini", re.IGNORECASE)
_SUFFIXES = re.compile(r"(?:\.[A-Za-z0-9]{1,5}){0,2}$")
_NO_NAMES = (".", "..")
"""Names that no file can have, so none is a copy of them."""
_COPY_WORDS = "copy|copie|kopie|kopia|copia|cópia|kopi|kopio|копия|コピー|副本|복사본"


def is_temporary(name: str) -> bool:
    """Returns whether a file name is hidden, or one that programs give to unfinished files."""
    return name.startswith((".", "_")) or name.lower().endswith(_TEMPORARY_ENDINGS)


def is_lock_file(name: str) -> bool:
    """Returns whether a file is only a trace of a program that shows files, never a delivery.

    >>> [is_lock_file(name) for name in ("~$sales.csv", ".~lock.sales.csv#", "sales.csv")]
    [True, True, False]
    """
    return _LOCK_FILE.fullmatch(name) is not None


def name_in_feed(path: str, pattern: str) -> str:
    """The path of a file below its feed's landing folder.

    >>> name_in_feed("paris/2025/jan.csv", "paris/**/*.csv")
    '2025/jan.csv'
    """
    root = landing_root(pattern)
    folders = len(root.split("/")) if root else 0
    return "/".join(path.split("/")[folders:])


def path_regex(pattern: str) -> re.Pattern[str]:
    """The regular expression of a landing pattern, for paths in their `visible_form`."""
    pieces = re.split(r"(\*\*/|\*|\?)", visible_form(pattern))
    translated = {"**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}
    text = "".join(translated.get(piece, re.escape(piece)) for piece in pieces)
    return re.compile(text, re.DOTALL)


NameKey = tuple[object, ...]


def natural_order(name: str) -> NameKey:
    """A sort key in which numbers count as numbers, and a copy is after its original.

    >>> sorted(["sales_10.csv", "sales_2.csv"], key=natural_order)
    ['sales_2.csv', 'sales_10.csv']
    >>> sorted(["x (2).csv", "x (1).csv", "Copy of x.csv", "x.csv"], key=natural_order)
    ['x.csv', 'Copy of x.csv', 'x (1).csv', 'x (2).csv']
    """
    original, copies = _original(visible_form(name))
    return (natural_value(original), copies, natural_value(name))


def _original(name: str) -> tuple[str, tuple[int, ...]]:
    """The original name of a copy, and the numbers of the copies; none if it is no copy."""
    # As text: what is left of a name without invisible characters may be no name of a path.
    folder, mark, last = name.rpartition("/")
    match = _SUFFIXES.search(last)
    suffixes = match[0] if match else ""
    stem = last.removesuffix(suffixes)
    copies: tuple[int, ...] = ()
    while copy := next(filter(None, (form.fullmatch(stem) for form in _copies())), None):
        if f"{copy['original']}{suffixes}" in _NO_NAMES:
            break
        stem, copies = copy["original"], (int(copy["number"] or 1), *copies)
    return f"{folder}{mark}{stem}{suffixes}", copies


def natural_value(name: str) -> list[tuple[int, int, str, str]]:
    """A sort key of any text in which numbers count as numbers.

    >>> max(["v9", "v10", ""], key=natural_value)
    'v10'
    """
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return [*(_part_value(part) for part in parts), (0, -1, "", name)]


def _part_value(part: str) -> tuple[int, int, str, str]:
    """A sort key of a number or of the text between two numbers.

    Python converts no more than 4,300 digits, so numbers are compared by their length, then by
    their digits.
    """
    if part[0] not in "0123456789":
        return (1, 0, "", part)
    digits = part.lstrip("0")
    return (0, len(digits), digits, part)


def declared_order(order: FileOrder, name: str, *, changed_at: int, version: str) -> NameKey:
    """A sort key of a file by the declared rule, before its name; equal for all by default.

    Args:
        order: The rule.
        name: The name of the file.
        changed_at: When it changed last, in nanoseconds.
        version: The greatest value of the declared column in its records.
    """
    if order.by == "time":
        return (changed_at,)
    if order.by == "date" and order.date_format is not None:
        return _date_in(visible_form(name), order.date_format)
    return (natural_value(version),) if order.by == "column" else ()


def _date_in(name: str, date_format: str) -> NameKey:
    """The first date in a name and the text of it; a name without one is before all others."""
    regex, groups = _date_regex(date_format)
    match = regex.search(name)
    if match is None:
        return ((), "")
    return (tuple(int(match[group]) for group in groups), match[0])


@cache
def _date_regex(date_format: str) -> tuple[re.Pattern[str], tuple[int, int, int]]:
    layout = parse_date_pattern(date_format)
    regex = re.compile(f"(?<![0-9]){layout.regex[1:-1]}(?![0-9])")
    return regex, (layout.year_group, layout.month_group, layout.day_group)


@cache
def _copies() -> tuple[re.Pattern[str], ...]:
    """The names of copies; compiled at the first use, because that takes 20 ms."""
    return (
        # `x (1)` of browsers; `x - Copy`, `x - Copy (2)`, `x copy 2` of file managers.
        re.compile(r"(?P<original>.+?) ?\((?P<number>[0-9]{1,3})\)"),
        re.compile(
            rf"(?P<original>.+?)(?: - | -|-| |_)(?:{_COPY_WORDS})"
            r"(?: ?\(?(?P<number>[0-9]{1,3})\)?)?",
            re.IGNORECASE,
        ),
        # `Copy of x`, `Copy (2) of x`, `Kopie von x`, `Copie de x`.
        re.compile(
            rf"(?:{_COPY_WORDS})(?: \((?P<number>[0-9]{{1,3}})\))? (?:of|von|van|de|di|av|af|z) "
            r"(?P<original>.+)",
            re.IGNORECASE,
        ),
    )
