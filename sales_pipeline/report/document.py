"""Turns typed data into JSON documents and CSV: one serialiser for every command.

A subject lists the keys of its document as a `View` or a dataclass; the types below say how a
value is written. Amounts are text, so that no reader turns them into floats.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Annotated, Any

from pydantic import AliasPath, BaseModel, ConfigDict, Field, PlainSerializer, TypeAdapter

from sales_pipeline.exact import RATIO_DECIMALS, half_up
from sales_pipeline.printable import as_written, spreadsheet_text
from sales_pipeline.report.figures import month_text, without_end_zeros

_TERMINAL_ORDERS = re.compile(
    "[\x7f-\x9f\u200e\u200f\u061c\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


class View(BaseModel):
    """The keys of a JSON object, in order; each is read from the attribute of its name.

    A key whose value comes from elsewhere says so with `read_from`.
    """

    # Built when JSON is asked for, so that text does not wait for it.
    model_config = ConfigDict(from_attributes=True, frozen=True, defer_build=True)


def read_from(path: str, **default: Any) -> Any:
    """Returns the field of a key that is read from elsewhere, such as `latest.taken.rate`.

    Args:
        path: The attributes, or keys of mappings, that lead to the value.
        default: `default=...` for a path that ends before its last part.
    """
    return Field(validation_alias=AliasPath(*path.split(".")), **default)


def _exact(figure: Decimal) -> str:
    return f"{figure:f}"


def timestamp(when: datetime) -> str:
    """Returns a moment in UTC as ISO 8601.

    >>> timestamp(datetime(2025, 1, 31, 6, 5, 1, 999))
    '2025-01-31T06:05:01Z'
    """
    return f"{when:%Y-%m-%dT%H:%M:%SZ}"


def _ratio_text(ratio: Fraction | None) -> str | None:
    return None if ratio is None else f"{half_up(ratio, RATIO_DECIMALS):f}"


def _amounts(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    return {currency: _exact(amount) for currency, amount in sorted(amounts.items())}


Exact = Annotated[Decimal, PlainSerializer(_exact)]
"""A figure as text, with every digit that it has."""
Units = Annotated[Decimal, PlainSerializer(lambda units: _exact(without_end_zeros(units)))]
"""A quantity as text, without zeros at its end."""
Ratio = Annotated[Fraction, PlainSerializer(_ratio_text)]
"""A share or growth, exact; written as text with six decimals, rounded half up."""
Amounts = Annotated[dict[str, Decimal], PlainSerializer(_amounts)]
"""Amounts as text, by currency."""
Month = Annotated[date, PlainSerializer(month_text)]
"""A month such as 2025-01."""
Moment = Annotated[datetime, PlainSerializer(timestamp)]
"""A moment in UTC, to the second."""
Seconds = Annotated[float, PlainSerializer(lambda seconds: round(seconds, 3))]
"""A duration, to the millisecond."""


def json_object(kind: type, data: object) -> dict[str, Any]:
    """Returns data as plain values, ready for JSON.

    Args:
        kind: The keys and their types: a `View`, or the dataclass of the data itself.
        data: The data.
    """
    adapter = _adapter(kind)
    shown = adapter.validate_python(data, from_attributes=True)
    plain: dict[str, Any] = adapter.dump_python(shown, mode="json", by_alias=True)
    return plain


def json_objects(kind: type, items: Iterable[object]) -> list[dict[str, Any]]:
    """Returns several of them, see `json_object`."""
    return [json_object(kind, item) for item in items]


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def json_text(document: Mapping[str, Any]) -> str:
    r"""Returns a document as indented JSON, in which no character stands that a terminal obeys.

    >>> print(json_text({"product": "Thé\x9b"}))
    {
      "product": "Thé\u009b"
    }
    """
    text = json.dumps(_as_written(document), indent=2, ensure_ascii=False)
    return _TERMINAL_ORDERS.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _as_written(value: Any) -> Any:
    match value:
        case str():
            return as_written(value)
        case dict():
            return {key: _as_written(item) for key, item in value.items()}
        case list() | tuple():
            return [_as_written(item) for item in value]
    return value


_FIGURE = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def csv_text(header: Sequence[str], rows: Iterable[Iterable[Any]]) -> str:
    r"""Returns rows of plain values below their header, as CSV for a spreadsheet.

    Text that a spreadsheet would run as a formula gets a leading `'`; figures stay figures.

    >>> csv_text(["name", "amount", "more"], [["=1+1", "-2.50", None]])
    "name,amount,more\n'=1+1,-2.50,\n"
    """
    return csv_rows([header]) + csv_rows(rows)


def csv_rows(rows: Iterable[Iterable[Any]]) -> str:
    """Returns rows of plain values as lines of CSV, as `csv_text` writes them."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([_csv_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _csv_cell(value: Any) -> str | int:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case list():
            return _csv_cell("; ".join(value))
        case str():
            return value if _FIGURE.fullmatch(value) else spreadsheet_text(value)
    number: int = value
    return number
