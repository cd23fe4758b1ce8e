"""Declared SQL on the embedded engine: equal to what is declared, and an error is NULL."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from math import prod
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame

from sales_pipeline.config.model import Declaration
from sales_pipeline.config.sql.expressions import parse_expression
from sales_pipeline.config.sql.functions import Function, functions
from sales_pipeline.config.sql.kinds import SALE_KINDS, TEXT
from sales_pipeline.engines.embedded import EmbeddedEngine
from sales_pipeline.errors import UsageError
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.silver.validation.conditions import check_conditions
from tests.retailer import Retailer

KINDS = {"a": TEXT, "b": TEXT} | SALE_KINDS
SCHEMA = pa.schema([
    ("a", pa.string()), ("b", pa.string()), ("sold_on", pa.date32()),
    ("amount", pa.decimal128(18, 4)), ("unit_price", pa.decimal128(18, 4)),
    ("quantity", pa.decimal128(18, 3)),
])  # fmt: skip

LIMITS = [float(f"1e{digits}") for digits in range(1, 39)]
TEXTS = st.sampled_from([
    None, "", " ", "x", "0", "5", " 7 ", "-3", "1.5", "1e3", "NaN", "true", "2025-01-31",
    "2025-02-30", "31/01/2025", "a/b/c", "5/x", "9223372036854775807", "-9223372036854775808",
    "9" * 38, "-" + "9" * 38, "日本é", "\N{NO-BREAK SPACE}5",
])  # fmt: skip
DAYS = st.sampled_from([None, date(2025, 1, 31), date(2024, 2, 29), date(2000, 1, 1)])


def numbers(scale: int) -> st.SearchStrategy[Decimal | None]:
    most = Decimal(10) ** (18 - scale) - Decimal(1).scaleb(-scale)
    edges = [None, Decimal(0), Decimal(1), most, -most, Decimal(1).scaleb(-scale), Decimal(-3)]
    return st.sampled_from(edges) | st.decimals(-most, most, places=scale)


RECORDS = st.fixed_dictionaries({
    "a": TEXTS, "b": TEXTS, "sold_on": DAYS, "amount": numbers(4), "unit_price": numbers(4),
    "quantity": numbers(3),
})  # fmt: skip

SHAPES = """
amount / quantity
amount / quantity < 1000
amount / 3
amount * quantity * unit_price
amount * quantity * unit_price * 1.2 > amount
abs(amount - unit_price * quantity * 1.2) <= 0.01
amount + quantity * unit_price
amount % quantity
mod(amount, unit_price)
pmod(amount, unit_price)
-amount
round(amount / quantity, 2)
ceil(amount * quantity)
coalesce(amount, quantity, 0)
greatest(amount, unit_price)
nullif(amount, 0)
amount IN (1, 2.5)
amount > '5'
sqrt(amount)
CAST(a AS INT)
CAST(a AS BIGINT)
CAST(a AS DECIMAL(18,4))
CAST(a AS DOUBLE) / CAST(b AS DOUBLE)
CAST(a AS DATE)
CAST(a AS BOOLEAN)
a::int % b::int
CAST(amount AS INT)
CAST(amount AS DECIMAL(10,2))
CAST(a AS BIGINT) div CAST(b AS BIGINT)
CAST(a AS BIGINT) / CAST(b AS BIGINT)
abs(CAST(a AS BIGINT))
- CAST(a AS BIGINT)
CAST(a AS DECIMAL(38,0)) * CAST(b AS DECIMAL(38,0))
CAST(a AS DECIMAL(38,0)) * amount
CAST(a AS DECIMAL(38,0)) = amount
CAST(a AS DECIMAL(38,0)) / amount
CAST(a AS DECIMAL(38,18)) / CAST(b AS DECIMAL(38,10))
to_date(a)
to_date(a, 'yyyy-MM-dd')
to_date(a, 'dd/MM/yyyy')
make_date(year(sold_on), CAST(a AS INT), 1)
date_add(sold_on, CAST(a AS INT))
add_months(sold_on, 1)
datediff(sold_on, a)
sold_on >= '2025-01-01'
sold_on > a
trunc(sold_on, 'MM')
date_format(sold_on, 'yyyy-MM')
next_day(sold_on, 'Mon')
split(a, '/')[1]
element_at(split(a, '/'), 2)
element_at(split(a, '/'), -1)
substr(a, instr(b, '/') + 1)
lpad(a, 8, '0')
concat_ws('-', a, b)
a || '-' || b
regexp_replace(a, '[^0-9]', '')
regexp_extract(a, '([0-9]+)/([a-z]+)', 2)
a RLIKE '^[0-9]+$' AND b LIKE '%/%'
a = 5
a IN (5, 7)
a NOT IN ('5', 'x', NULL)
a BETWEEN 1 AND 6
a <=> b
CASE WHEN quantity <> 0 THEN amount / quantity END
CASE WHEN a = 'x' THEN 1 ELSE CAST(a AS INT) END
CASE a WHEN 'x' THEN 'ex' ELSE b END
coalesce(CAST(a AS INT), 0)
a = 'x' OR CAST(a AS INT) > 3
a = '5' AND CAST(b AS INT) > 3
NOT (CAST(a AS INT) > 3)
try_cast(a AS INT) + 1
transform(split(a, '/'), x -> upper(x))
exists(split(a, '/'), x -> x = 'b')
xxhash64(a, b)
""".strip().splitlines()


def frame(engine: EmbeddedEngine, record: dict[str, Any]) -> DataFrame:
    return engine.spark().createDataFrame(pa.Table.from_pylist([record], SCHEMA))


def asked(rows: DataFrame, *sql: str) -> list[Any]:
    table = rows.selectExpr(*(f"{part} AS v{at}" for at, part in enumerate(sql))).toArrow()
    # A day after the year 9999 is none of Python's.
    days = [pa.types.is_date(field.type) for field in table.schema]
    columns = [column.cast(pa.int32()) if is_day else column
               for column, is_day in zip(table.columns, days, strict=True)]  # fmt: skip
    return [column.to_pylist()[0] for column in columns]


def is_equal(left: object, right: object) -> bool:
    return left == right or (left != left and right != right)  # NaN


@pytest.mark.long
@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=12, suppress_health_check=[*HealthCheck])
@given(record=RECORDS)
def test_an_error_is_null_and_anything_else_is_as_declared(
    engine: EmbeddedEngine, shape: str, record: dict[str, Any]
) -> None:
    expression = parse_expression(shape, KINDS)
    rows = frame(engine, record)
    safe, failed = asked(rows, expression.safe_sql, expression.failed_sql or "FALSE")
    assert failed is not None
    try:
        [plain] = asked(rows, shape)
    except (PySparkException, pa.ArrowInvalid):
        assert failed or _fails_on_sail_only(shape, record) or isinstance(safe, bool)
        return
    if isinstance(plain, Decimal) and abs(plain) >= Decimal(10) ** 38:
        return  # Sail lets more than 38 digits through.
    if not failed:
        assert is_equal(plain, safe)
    elif isinstance(plain, bool):
        # Sail compares numbers of more than 38 digits.
        factors = [record[name] for name in ("amount", "quantity", "unit_price")]
        assert shape == "amount * quantity * unit_price * 1.2 > amount"
        assert abs(float(prod(factors)) * 1.2) >= 1e26  # Of 38 digits, 12 are decimals.
    elif plain is not None:
        # A guard measures as a DOUBLE: what rounds to a limit of digits counts as beyond it.
        assert float(abs(plain)) in LIMITS


def _fails_on_sail_only(shape: str, record: dict[str, Any]) -> bool:
    """Whether Sail fails where Spark does not: on NULL / 0, and on text compared with a number."""
    divides = any(mark in shape for mark in "/%") or "mod" in shape or " div " in shape
    reads = any(mark in shape for mark in ("a = 5", "a IN (5", "a BETWEEN", "> a", "datediff"))
    return reads or (divides and None in record.values())


@pytest.mark.parametrize(
    ("shape", "record", "safe", "failed"),
    [
        ("amount / quantity < 1000", {"amount": 5, "quantity": 0}, None, True),
        ("amount / quantity < 1000", {"amount": None, "quantity": 0}, None, False),
        ("amount / quantity < 1000", {"amount": 5, "quantity": 1}, True, False),
        ("CAST(a AS BIGINT) + 1", {"a": "9223372036854775807"}, None, True),
        ("CAST(a AS BIGINT) * 2", {"a": "-9223372036854775808"}, None, True),
        ("CAST(a AS BIGINT) + 1", {"a": "41"}, 42, False),
        ("CAST(a AS DECIMAL(38,0)) + CAST(b AS DECIMAL(38,0))", {"a": "9" * 38, "b": "1"},
         None, True),
        ("CASE WHEN quantity <> 0 THEN amount / quantity ELSE -1 END", {"amount": 1, "quantity": 0},
         Decimal("-1.00000000"), False),
        ("coalesce(CAST(a AS INT), 0)", {"a": "x"}, 0, True),
        ("coalesce(b, CAST(CAST(a AS INT) AS STRING))", {"a": "x", "b": "y"}, "y", False),
        ("a = 'x' OR CAST(a AS INT) > 3", {"a": "x"}, True, False),
        ("a = '5' AND CAST(b AS INT) > 3", {"a": "x", "b": "x"}, False, False),
        ("a = '5' AND CAST(b AS INT) > 3", {"a": "5", "b": "x"}, None, True),
        ("TRY_CAST(a AS INT)", {"a": "x"}, None, False),
        ("try_divide(amount, quantity)", {"amount": 1, "quantity": 0}, None, False),
        ("try_divide(amount, CAST(a AS DECIMAL(9,2)))", {"amount": 1, "a": "x"}, None, True),
        ("split(a, '/')[1]", {"a": "no slash"}, None, True),
        ("element_at(split(a, '/'), 3)", {"a": "b/c"}, None, True),
        ("get(split(a, '/'), 1)", {"a": "no slash"}, None, False),
        ("if(quantity = 0, 1, 2.55)", {"quantity": 0}, Decimal("1.00"), False),
    ],
)  # fmt: skip
def test_null_is_told_from_an_error(
    engine: EmbeddedEngine, shape: str, record: dict[str, Any], safe: object, failed: object
) -> None:
    expression = parse_expression(shape, KINDS)
    decimals = ("amount", "quantity")
    plain = {name: Decimal(value) if name in decimals and value is not None else value
             for name, value in record.items()}  # fmt: skip
    got = asked(frame(engine, plain), expression.safe_sql, expression.failed_sql or "FALSE")
    assert got == [safe, failed]


_ARGUMENTS = {
    "text": "a", "texts": "a", "literal": "'x'", "size": "2", "place": "1", "regex": "'([0-9]+)'",
    "group": "1", "pattern": "'yyyy-MM'", "bits": "256", "integer": "length(b)",
    "count": "length(b)", "number": "amount", "double": "CAST(amount AS DOUBLE)",
    "date": "sold_on", "moment": "sold_on", "timestamp": "to_timestamp(a)",
    "list": "split(a, '/')", "any": "a",
}  # fmt: skip
_ARRAY_ONLY = {"array_join": ("split(a, '/')", "'-'")}


def _calls(function: Function) -> list[str]:
    """Calls with as few and with as many arguments as there can be."""
    arguments = [_ARGUMENTS[parameter] for parameter in function.parameters]
    arguments[: len(_ARRAY_ONLY.get(function.name, ()))] = _ARRAY_ONLY.get(function.name, ())
    return [f"{function.name}({', '.join(arguments[:count])})"
            for count in range(function.required, len(arguments) + 1)]  # fmt: skip


@pytest.mark.parametrize("name", sorted(functions()))
def test_the_engine_has_every_function_that_may_be_called(
    engine: EmbeddedEngine, name: str
) -> None:
    record = {"a": "5/x", "b": "y", "sold_on": date(2025, 1, 31), "amount": Decimal(4)}
    calls = _calls(functions()[name])
    safe = [parse_expression(call, KINDS).safe_sql for call in calls]
    assert len(asked(frame(engine, record), *safe)) == len(calls)


def test_a_chain_of_operations_that_can_fail_is_no_burden(engine: EmbeddedEngine) -> None:
    chain = " + ".join(["CAST(a AS BIGINT)"] * 20) + " > 0"
    expression = parse_expression(chain, KINDS)
    assert asked(frame(engine, {"a": "1"}), expression.safe_sql, str(expression.failed_sql)) == [
        True, False,
    ]  # fmt: skip


def _statements(
    declaration: Declaration, engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> int:
    asked_frames: list[DataFrame] = []
    frame = Lakehouse.frame

    def counted(lakehouse: Lakehouse, rows: pa.Table) -> DataFrame:
        asked_frames.append(frame(lakehouse, rows))
        return asked_frames[-1]

    monkeypatch.setattr(Lakehouse, "frame", counted)
    check_conditions(Lakehouse(declaration, engine))
    return len(asked_frames)


def test_the_rules_of_all_feeds_are_asked_in_one_statement(
    retailer: Retailer, engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    feeds = retailer.declared["feeds"]
    rules = {f"r{number}": {"holds": f"amount < {number + 1}"} for number in range(200)}
    for feed in feeds.values():
        feed |= {"rules": rules, "exclude_when": "product = 'x'"}
    assert _statements(retailer.declaration, engine, monkeypatch) == 2


def test_the_culprit_among_many_rules_is_named(retailer: Retailer, engine: EmbeddedEngine) -> None:
    rules = {f"r{number}": {"holds": f"amount < {number + 1}"} for number in range(50)}
    rules["r33"] = {"holds": "product rlike '('"}
    retailer.declared["feeds"]["lyon"]["rules"] = rules
    with pytest.raises(UsageError) as caught:
        check_conditions(Lakehouse(retailer.declaration, engine))
    assert str(caught.value).startswith(
        "feeds.lyon.rules.r33.holds: no SQL that the engine takes, got \"product rlike '('\"."
    )
