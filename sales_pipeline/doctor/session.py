"""Checks of the session: that it opens, and that it counts, casts and dates as we rely on."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sales_pipeline.doctor.bench import Bench
from sales_pipeline.doctor.findings import Wrong

_EPOCH = "1970-01-01 00:00:00"
_UTC = {"UTC", "Etc/UTC", "Z", "GMT", "+00:00"}
_SUMMED = Decimal("12345678901234567.000000000000000003")


def session(bench: Bench) -> str:
    """Opens the session, and asks what the engine is made of."""
    bench.engine.spark()
    made_of = ", ".join(f"{name} {each}" for name, each in bench.engine.versions().items())
    return f"{bench.engine.name}: {made_of}"


def time_zone(bench: Bench) -> str:
    """Asks for the time zone, and for an instant as the session writes it."""
    zone, written = _row(bench, "SELECT current_timezone(), CAST(timestamp_seconds(0) AS STRING)")
    if zone not in _UTC or written != _EPOCH:
        raise Wrong(f"the session's time zone has to be UTC, got {zone}, in which 0 is {written}")
    return str(zone)


def ansi_mode(bench: Bench) -> str:
    """Tries a cast that has to fail, and one that has to give null."""
    try:
        got = _row(bench, "SELECT CAST('x' AS INT)")
    except Exception:  # noqa: BLE001 -- engines have errors of their own for it
        got = None
    if got is not None:
        raise Wrong(f"CAST('x' AS INT) has to fail, got {got[0]}")
    [tried] = _row(bench, "SELECT try_cast('x' AS INT)")
    if tried is not None:
        raise Wrong(f"try_cast('x' AS INT) has to give NULL, got {tried}")
    return "a cast that cannot be done fails, try_cast gives NULL"


def decimals(bench: Bench) -> str:
    """Adds decimals up that no binary fraction can hold."""
    values = ", ".join(
        f"(CAST('{text}' AS DECIMAL(38,18)))"
        for text in ("12345678901234567.000000000000000001", "0.000000000000000002")
    )
    statement = f"SELECT sum(amount) FROM VALUES {values} AS added(amount)"  # noqa: S608 -- our own text
    [got] = _row(bench, statement)
    if got != _SUMMED:
        raise Wrong(f"the sum of two decimals has to be {_SUMMED}, got {got}")
    return "a sum of DECIMAL(38,18) is exact"


def _row(bench: Bench, statement: str) -> tuple[Any, ...]:
    [row] = bench.engine.spark().sql(statement).collect()
    return tuple(row)
