"""An amount without tax is the exact quotient, rounded half up once, also at ties (P6)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import functions as F

from sales_pipeline.engines.embedded import EmbeddedEngine
from sales_pipeline.silver.validation.included_tax import TaxFactor, net_amount

MOST = 10**18 - 1
STEP = Decimal("0.0001")
AMOUNTS = st.one_of(
    st.integers(-MOST, MOST),
    st.integers(-3000, 3000),
    st.integers(-(10**7), 10**7).map(lambda cents: cents * 100),
).map(lambda steps: Decimal(steps).scaleb(-4))
RATES = st.one_of(
    st.sampled_from(["0", "0.2", "0.19", "0.055", "0.021", "0.08875", "0.25", "0.6", "1"]),
    st.integers(0, 10**6).map(lambda steps: str(Decimal(steps).scaleb(-6))),
).map(Decimal)


def exact_net(amount: Decimal, rate: Decimal) -> Decimal:
    """The quotient in fractions, rounded half up away from zero to 4 decimals."""
    quotient = abs(Fraction(amount)) / (1 + Fraction(rate)) * 10_000
    steps = (2 * quotient.numerator + quotient.denominator) // (2 * quotient.denominator)
    return Decimal(steps if amount >= 0 else -steps).scaleb(-4)


def plain_net_amount(amount: Decimal, rate: Decimal) -> Decimal:
    """The same steps as `net_amount`, in plain Python, to try them on many amounts."""
    tax = TaxFactor.of(rate)
    with localcontext(prec=60):
        size = abs(amount)
        most = (size * tax.factor).quantize(STEP, rounding=ROUND_HALF_UP)
        net = most - STEP if (2 * most - STEP) * tax.gross > 2 * size else most
    return -net if amount < 0 else net


@given(amount=AMOUNTS, rate=RATES)
def test_p6_it_is_the_exact_quotient_rounded_half_up(amount: Decimal, rate: Decimal) -> None:
    assert plain_net_amount(amount, rate) == exact_net(amount, rate)


@given(amount=AMOUNTS, rate=RATES)
def test_p6_a_return_takes_back_what_the_sale_was(amount: Decimal, rate: Decimal) -> None:
    assert plain_net_amount(-amount, rate) == -plain_net_amount(amount, rate)


@given(rate=RATES, amounts=st.lists(AMOUNTS, min_size=1, max_size=5))
def test_the_tax_is_never_more_than_the_amount(rate: Decimal, amounts: list[Decimal]) -> None:
    for amount in amounts:
        tax = amount - plain_net_amount(amount, rate)
        assert 0 <= abs(tax) <= abs(amount)
        assert tax * amount >= 0


def test_p7_the_engine_comes_to_the_same_amounts(engine: EmbeddedEngine) -> None:
    rates = ["0", "0.2", "0.19", "0.16", "0.055", "0.08875", "0.25", "0.6", "0.999999", "1"]
    steps = [
        0,
        1,
        2,
        3,
        5,
        8,
        9,
        12,
        15,
        97,
        199_900,
        299_700,
        10**12 + 7,
        MOST - 2,
        MOST - 1,
        MOST,
    ]
    signed = [step * sign for step in steps for sign in (1, -1)]
    pairs = [(Decimal(step).scaleb(-4), Decimal(rate)) for step in signed for rate in rates]
    factors = [TaxFactor.of(rate) for _, rate in pairs]
    columns = {
        "amount": ([amount for amount, _ in pairs], pa.decimal128(18, 4)),
        "factor": ([each.factor for each in factors], pa.decimal128(19, 18)),
        "gross": ([each.gross for each in factors], pa.decimal128(7, 6)),
        "place": (list(range(len(pairs))), pa.int64()),
    }
    table = pa.table({name: pa.array(*column) for name, column in columns.items()})
    rows = engine.spark().createDataFrame(table)
    net = net_amount(*map(F.col, ("amount", "factor", "gross")))
    found = rows.select("place", net.alias("net")).toArrow().sort_by("place")
    assert found["net"].type == pa.decimal128(18, 4)
    assert found["net"].to_pylist() == [exact_net(*pair) for pair in pairs]
