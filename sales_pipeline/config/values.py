"""The building blocks of a declaration: the base of its parts, and the types of single values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import InitErrorDetails

from sales_pipeline.config.currencies import MINOR_UNITS
from sales_pipeline.config.dates import check_date_pattern
from sales_pipeline.config.locations import (
    CATALOG_NAME_PATTERN,
    ENGINE_PATTERN,
    check_catalog_name,
    check_engine_name,
)
from sales_pipeline.config.problems import (
    ABSENT,
    ONE,
    SEVERAL,
    InvalidValue,
    Mismatch,
    Plain,
    checked,
    value_at,
)

_IDENTIFIER = "[a-z][a-z0-9_]{0,62}"
_PERCENTAGE = "[0-9]+([.][0-9]+)? ?%"


class Declared(BaseModel):
    """The base of every part: immutable, and unknown keys are refused."""

    # The validators are built once, for the whole declaration. The docstrings of the fields are
    # not read here, because that takes longer than reading a declaration: see `descriptions`.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Returns a copy with other values, which computes its cached properties again."""
        copy = super().model_copy(update=update, deep=deep)
        for name in set(vars(copy)) - set(type(self).model_fields):
            del vars(copy)[name]
        return copy

    @staticmethod
    def mismatches(_part: Plain, /) -> Iterable[Mismatch]:
        """Yields values of the part that do not fit together."""
        return ()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        """Raises all mismatches as one pydantic error, each at its own place."""
        if type(self).mismatches is Declared.mismatches:
            return self
        plain = self.model_dump(by_alias=True)
        details: list[InitErrorDetails] = []
        for mismatch in self.mismatches(plain):
            got = value_at(plain, mismatch.loc) if mismatch.shows else ABSENT
            error = InvalidValue(mismatch.what, got, mismatch.do)
            details.append(
                {"type": "value_error", "loc": mismatch.loc, "input": got, "ctx": {"error": error}}
            )
        if details:
            raise ValidationError.from_exception_data(type(self).__name__, details)
        return self


def _identifier(value: str) -> str:
    guess = re.sub("[^a-z0-9]+", "_", value.lower()).strip("_")
    do = "write lower-case ASCII letters, digits and _, and a letter first"
    return checked(value, guess, re.compile(_IDENTIFIER).fullmatch, what="not a name", do=do)


def _currency(value: str) -> str:
    what, do = "not an ISO 4217 currency code", "write one such as EUR"
    return checked(value, value.strip().upper(), MINOR_UNITS.__contains__, what=what, do=do)


def _language(value: str) -> str:
    guess = re.split("[-_]", value.lower())[0]
    what, do = "not an ISO 639-1 language code", "write two lower-case letters such as fr"
    return checked(value, guess, re.compile("[a-z]{2}").fullmatch, what=what, do=do)


def _country(value: str) -> str:
    guess = value.strip().upper()
    what, do = "not an ISO 3166-1 country code", "write two capital letters such as FR"
    return checked(value, guess, re.compile("[A-Z]{2}").fullmatch, what=what, do=do)


def _landing_pattern(value: str) -> str:
    guess = re.sub("^([.]?/)+", "", value.replace("\\", "/"))
    what, do = "not a pattern below the landing folder", "write one such as paris/*.csv"
    return checked(value, guess, _is_below_landing, what=what, do=do)


def _is_below_landing(value: str) -> bool:
    return "\\" not in value and not {"", ".", ".."} & set(value.split("/"))


def _mark(value: str) -> str:
    if len(value) == 1 and value.isascii() and (value.isprintable() or value == "\t"):
        return value
    advice = 'for a tab, write "\\t" in double quotes' if value == "\\t" else "write one such as ;"
    raise InvalidValue("not one ASCII character", value, f"; {advice}")


def share_of(value: Any) -> Any:
    """Parses `20%` as 0.20; leaves everything else to pydantic's validation of decimals."""
    if isinstance(value, str) and re.fullmatch(_PERCENTAGE, value):
        return Decimal(value.rstrip(" %")) / 100
    return value


def _number_as_text(value: Any) -> Any:
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return str(value) if is_number else value


def _day(value: Any, *, otherwise: str = "") -> date:
    """Parses `2025-12-31` and nothing else, because pydantic takes `20251231` for seconds."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        with suppress(ValueError):
            return date.fromisoformat(value)
    advice = f"; write one such as 2025-12-31{otherwise}"
    raise InvalidValue("not a day of the calendar", value, advice)


def _last_day(value: Any) -> Any:
    return value if value == "delivery" else _day(value, otherwise=", or delivery")


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _one_or_several(value: Any) -> str:
    return SEVERAL if isinstance(value, list | tuple) else ONE


def _pattern(regex: str) -> Any:
    return Field(json_schema_extra={"pattern": f"^{regex}$"})


Identifier = Annotated[str, AfterValidator(_identifier), _pattern(_IDENTIFIER)]
Currency = Annotated[str, AfterValidator(_currency), _pattern("[A-Z]{3}")]
EngineName = Annotated[str, AfterValidator(check_engine_name), _pattern(ENGINE_PATTERN)]
CatalogName = Annotated[str, AfterValidator(check_catalog_name), _pattern(CATALOG_NAME_PATTERN)]
Language = Annotated[str, AfterValidator(_language), _pattern("[a-z]{2}")]
Country = Annotated[str, AfterValidator(_country), _pattern("[A-Z]{2}")]
LandingPattern = Annotated[str, AfterValidator(_landing_pattern)]
DatePattern = Annotated[str, AfterValidator(check_date_pattern)]
Header = Annotated[
    str,
    BeforeValidator(_number_as_text),
    Field(min_length=1),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "minLength": 1}, {"type": "integer", "minimum": 1}]}
    ),
]
Text = Annotated[str, Field(min_length=1)]
Constant = Annotated[
    str,
    BeforeValidator(_number_as_text),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "number"}]}),
]
Day = Annotated[date, BeforeValidator(_day)]
LastDay = Annotated[
    date | Literal["delivery"],
    BeforeValidator(_last_day),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date"}, {"const": "delivery"}]}),
]
Days = Annotated[int, Field(ge=0, le=36_500)]
Factor = Annotated[Decimal, Field(gt=1)]
Quantity = Annotated[Decimal, Field(gt=0, max_digits=18, decimal_places=3)]
Mark = Annotated[
    str, AfterValidator(_mark), Field(json_schema_extra={"minLength": 1, "maxLength": 1})
]
OneOrMany = BeforeValidator(_one_or_many, json_schema_input_type=str | list[str])
SHARE_SCHEMA = WithJsonSchema(
    {
        "anyOf": [
            {"type": "number", "minimum": 0, "maximum": 1},
            {"type": "string", "pattern": f"^{_PERCENTAGE}$"},
        ]
    }
)
DatePatterns = Annotated[tuple[DatePattern, ...], OneOrMany, Field(min_length=1)]
Share = Annotated[
    Decimal,
    BeforeValidator(share_of),
    Field(ge=0, le=1),
    SHARE_SCHEMA,
]
One = TypeVar("One")
Dated = TypeVar("Dated")
OneOrDated = Annotated[
    Annotated[One, Tag(ONE)] | Annotated[tuple[Dated, ...], Field(min_length=1), Tag(SEVERAL)],
    Discriminator(_one_or_several),
]
"""A single value, or a list of them, each with its first day."""
Rate = Annotated[Decimal, Field(gt=0, max_digits=19, decimal_places=14)]


def landing_root(pattern: str) -> str:
    """Returns the folders of a landing pattern before its first wildcard.

    >>> landing_root("paris/2025-*.csv")
    'paris'
    >>> landing_root("*.csv")
    ''
    """
    folders = pattern.split("/")[:-1]
    wild = (at for at, folder in enumerate(folders) if set(folder) & set("*?["))
    return "/".join(folders[: next(wild, None)])
