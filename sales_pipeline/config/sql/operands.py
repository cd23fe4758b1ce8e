"""A part of a declared expression, written so that an error on a value gives NULL.

Beside its SQL each part carries the conditions under which the plain expression fails, because
a NULL may also be meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sales_pipeline.config.sql.kinds import (
    BIGINT,
    DATE,
    DOUBLE,
    INT,
    MAX_DIGITS,
    NULL,
    TEXT,
    TIMESTAMP,
    Kind,
    common_kind,
    decimal,
)
from sales_pipeline.config.sql.parsing import ExpressionRefused

_NUMBER = re.compile("[+-]?(?:[0-9]+(?:[.][0-9]*)?|[.][0-9]+)")
_SAFE_RANGE = "DATE '1678-01-01'", "DATE '2261-12-31'"


@dataclass(frozen=True)
class Operand:
    """A part of an expression.

    Attributes:
        sql: Its SQL, which never fails.
        kind: What it gives.
        failed: Conditions, never null, of which one holds if the plain expression fails.
        constant: The value of a text or number constant as text, else None.
        magnitude: For numbers, SQL of about the same value as a DOUBLE; none for `sql` cast.
    """

    sql: str
    kind: Kind
    failed: tuple[str, ...] = ()
    constant: str | None = None
    magnitude: str | None = None

    @property
    def double(self) -> str:
        """SQL of about the same number as a DOUBLE, whose size no guard multiplies."""
        return self.magnitude or f"CAST({self.sql} AS DOUBLE)"


def checked(sql: str, kind: Kind, inputs: Sequence[Operand], magnitude: str | None = None) -> (
    Operand
):  # fmt: skip
    """Returns an operation that fails where its inputs are there and it gives NULL."""
    given = [f"{operand.sql} IS NOT NULL" for operand in inputs if operand.constant is None]
    own = " AND ".join([*given, f"{sql} IS NULL"])
    return Operand(sql, kind, (*failures(inputs), f"({own})"), magnitude=magnitude)


def plain(sql: str, kind: Kind, inputs: Iterable[Operand], magnitude: str | None = None) -> Operand:
    """Returns an operation that fails only where its inputs do."""
    return Operand(sql, kind, failures(inputs), magnitude=magnitude)


def failures(inputs: Iterable[Operand]) -> tuple[str, ...]:
    """Returns the conditions under which one of several operands fails, each once."""
    return tuple(dict.fromkeys(reason for operand in inputs for reason in operand.failed))


def only_if(condition: str, operand: Operand) -> Operand:
    """Returns an operand that is NULL unless a condition holds."""
    return replace(operand, sql=f"CASE WHEN {condition} THEN {operand.sql} END", constant=None)


def cast(operand: Operand, type_name: str, kind: Kind) -> Operand:
    """Returns `CAST(operand AS type)`, NULL instead of an error."""
    source = operand.kind
    allowed = _CASTS[kind.name]
    if source != NULL and source.name not in allowed:
        sources = " or ".join(dict.fromkeys(Kind(name).noun for name in allowed))
        raise ExpressionRefused(f"CAST of {source.noun} as {type_name}", f"; cast {sources}")
    if source == NULL or kind == TEXT or _always_fits(source, kind):
        return plain(f"CAST({operand.sql} AS {type_name})", kind, [operand])
    return checked(f"TRY_CAST({operand.sql} AS {type_name})", kind, [operand])


_CASTS = {
    "text": ("text", "integer", "decimal", "double", "date", "timestamp", "boolean"),
    "integer": ("text", "integer", "decimal", "double"),
    "decimal": ("text", "integer", "decimal", "double"),
    "double": ("text", "integer", "decimal", "double"),
    "date": ("text", "date", "timestamp"),
    "timestamp": ("text", "date", "timestamp"),
    "boolean": ("text", "boolean"),
}


def _always_fits(source: Kind, kind: Kind) -> bool:
    if source.is_exact and kind.is_exact:
        # Rounding can carry into one more digit.
        carries = source.scale > kind.scale and kind.name == "decimal"
        return source.digits + carries <= (9 if kind == INT else 18 if kind == BIGINT
                                           else kind.digits)  # fmt: skip
    if kind == DOUBLE:
        return source.is_number
    return source.name == kind.name or (source, kind) in ((DATE, TIMESTAMP), (TIMESTAMP, DATE))


def as_date(operand: Operand, what: str) -> Operand:
    """Returns a day; text is read as one."""
    if operand.kind in (DATE, NULL):
        return operand
    if operand.kind not in (TEXT, TIMESTAMP):
        raise ExpressionRefused(f"{operand.kind.noun} where {what} takes a date", "; give it one")
    if operand.constant is not None:
        return _date_constant(operand)
    return cast(operand, "DATE", DATE)


def as_bigint(operand: Operand) -> Operand:
    """Returns a whole number of 64 bits."""
    return replace(operand, sql=f"CAST({operand.sql} AS BIGINT)")


def in_safe_range(operand: Operand) -> Operand:
    """Returns a day or time that every engine can truncate: Sail counts in nanoseconds."""
    low, high = _SAFE_RANGE
    condition = f"{operand.sql} BETWEEN {low} AND {high}"
    return checked(only_if(condition, operand).sql, operand.kind, [operand])


def fitted(operand: Operand, digits: int) -> Operand:
    """Returns a number that is NULL where it has more digits before its decimal mark."""
    return only_if(f"abs({operand.double}) < 1E{digits}", operand)


def unified(operands: Sequence[Operand], what: str) -> tuple[list[Operand], Kind]:
    """Returns alternatives, such as the branches of CASE, as values of one kind.

    Raises:
        ExpressionRefused: There is no such kind.
    """
    kind = common_kind(operand.kind for operand in operands)
    if kind is None:
        nouns = " and ".join(dict.fromkeys(operand.kind.noun for operand in operands))
        raise ExpressionRefused(f"{what} mixes {nouns}", "; CAST them to one type")
    if kind.digits + kind.scale > MAX_DIGITS:
        raise ExpressionRefused(
            f"{what} mixes numbers that have more than {MAX_DIGITS} digits together",
            "; CAST them to one type, such as DECIMAL(18,4)",
        )
    return [_widened(operand, kind) for operand in operands], kind


def _widened(operand: Operand, kind: Kind) -> Operand:
    if operand.kind == kind or kind.name not in ("decimal", "double", "integer"):
        return operand
    type_name = {"double": "DOUBLE", "integer": "BIGINT"}.get(kind.name)
    type_name = type_name or f"DECIMAL({kind.digits + kind.scale},{kind.scale})"
    return replace(operand, sql=f"CAST({operand.sql} AS {type_name})", kind=kind)


def comparable(left: Operand, right: Operand) -> tuple[Operand, Operand]:
    """Returns two operands as values that can be compared.

    Text is read as the number or day that stands on the other side: engines read it as
    different types, and fail on what is none.
    """
    if left.kind == TEXT and right.kind not in (TEXT, NULL):
        right, left = comparable(right, left)
        return left, right
    if right.kind == TEXT and left.kind not in (TEXT, NULL):
        right = _read_as(right, left.kind)
    if common_kind((left.kind, right.kind)) is None:
        raise ExpressionRefused(
            f"{left.kind.noun} is compared with {right.kind.noun}", "; CAST one of them"
        )
    if left.kind.is_exact and right.kind.is_exact:
        return aligned(left, right)
    return left, right


def aligned(left: Operand, right: Operand) -> tuple[Operand, Operand]:
    """Returns two exact numbers of which each has room for the decimals of the other."""
    scale = max(left.kind.scale, right.kind.scale)
    room = MAX_DIGITS - scale
    pair = [_roomy(operand, room) for operand in (left, right)]
    return pair[0], pair[1]


def _roomy(operand: Operand, room: int) -> Operand:
    if operand.kind.digits <= room:
        return operand
    inside = fitted(operand, room)
    return checked(inside.sql, replace(operand.kind, digits=room), [operand], operand.double)


def _read_as(operand: Operand, kind: Kind) -> Operand:
    if operand.constant is not None and kind.is_number:
        number = operand.constant.strip(" ")
        if not _NUMBER.fullmatch(number):
            what = f"the text {operand.constant[:20]!r} is compared with a number"
            raise ExpressionRefused(what, "; write a number")
        return number_constant(number)
    if operand.constant is not None and kind == DATE:
        return _date_constant(operand)
    if kind == DOUBLE:
        return cast(operand, "DOUBLE", DOUBLE)
    if kind.is_number:
        return cast(operand, "DECIMAL(38,10)", decimal(38, 10))
    if kind in (DATE, TIMESTAMP):
        return cast(operand, kind.name.upper(), kind)
    return operand


def number_constant(written: str) -> Operand:
    """Returns a number as it is written: `5`, `0.25`, `1e3`."""
    unsigned = written.lstrip("+-")
    if not re.fullmatch("(?:[0-9]+[.]?[0-9]*|[.][0-9]+)(?:[eE][+-]?[0-9]+)?", unsigned):
        raise ExpressionRefused(f"the number {written[:20]}", "; write one such as 0.25")
    if "e" in unsigned.lower():
        return Operand(written, DOUBLE, constant=written)
    whole, mark, decimals = unsigned.partition(".")
    digits = len(whole.lstrip("0"))
    if max(digits + len(decimals), len(whole)) > MAX_DIGITS:
        raise ExpressionRefused(f"a number of more than {MAX_DIGITS} digits", "; write fewer")
    if mark or digits > len(str(2**63)) - 1:
        kind = Kind("decimal", digits, len(decimals))
    else:
        kind = Kind("integer", max(1, digits))
    return Operand(written, kind, constant=written)


def _date_constant(operand: Operand) -> Operand:
    text = str(operand.constant).strip(" ")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        what = f"the text {text[:20]!r} where a date is needed"
        raise ExpressionRefused(what, "; write one such as '2025-01-31'") from None
    return Operand(f"DATE '{day.isoformat()}'", DATE)
