"""Large declarations: many feeds, stores, date patterns and rules load in linear time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import process_time

from sales_pipeline.config.loader import load_config

FORMAT = """
formats:
  till:
    language: en
    date_formats: yyyy/MM/dd
    columns: {sold_on: date, product: item, quantity: qty, amount: total}
    key: []
"""


def feeds(count: int, currency: str = "JPY") -> str:
    return "".join(
        f"  shop_{at}:\n"
        f"    format: till\n"
        f"    landing: shop_{at}/*.csv\n"
        f"    store: {{id: shop_{at}, name: Shop {at}, city: Tokyo, country: JP}}\n"
        f"    currency: {currency}\n"
        for at in range(count)
    )


def feed_of_stores(count: int, currency: str = "JPY") -> str:
    stores = "".join(
        f'      "{at}": {{id: s_{at}, name: S {at}, city: T, country: JP, currency: {currency}}}\n'
        for at in range(count)
    )
    columns = "{sold_on: date, product: item, quantity: qty, amount: total, store: shop}"
    return (
        f"  many:\n    format: till\n    landing: many/*.csv\n"
        f"    columns: {columns}\n    stores:\n{stores}"
    )


def feed_of_rules(formats: int, rules: int) -> str:
    patterns = ", ".join(f"yyyy-MM-dd{' ' * at} HH" for at in range(formats))
    conditions = "".join(f"      rule_{at}: {{holds: amount < {at}}}\n" for at in range(rules))
    store = "{id: ruled, name: Ruled, city: Tokyo, country: JP}"
    return (
        f"  ruled:\n    format: till\n    landing: ruled/*.csv\n    store: {store}\n"
        f"    currency: JPY\n    date_formats: [{patterns}]\n    rules:\n{conditions}"
    )


def test_a_large_declaration_loads(text: str, tmp_path: Path) -> None:
    large = text + feeds(200) + feed_of_stores(2_000) + feed_of_rules(30, 200) + FORMAT
    (tmp_path / "config.yaml").write_text(large, encoding="utf-8")
    started = process_time()
    declaration = load_config(tmp_path / "config.yaml")
    assert process_time() - started < 3  # 0.2 s on the machine where it was written
    assert len(declaration.feeds) == 203
    assert len(declaration.stores) == 2_202
    assert len(declaration.feeds["ruled"].rules) == 200


def test_a_mistake_in_every_store_is_reported_in_linear_time(
    text: str, report: Callable[[str], str]
) -> None:
    wrong = text + feeds(200, "USD") + feed_of_stores(5_000, "USD") + FORMAT
    started = process_time()
    lines = report(wrong).splitlines()
    # With every mistake compared to every other, it would take twenty seconds.
    assert process_time() - started < 8
    assert len(lines) == 5_200
    assert lines[0].endswith("got 'USD'; add it to rates.fixed, in units of the base currency")
