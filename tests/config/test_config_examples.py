"""Every option has an example, and every example loads."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any

import pytest

from docs.generate import PARTS
from docs.option_examples import EXAMPLES
from sales_pipeline.config.loader import declaration_from
from sales_pipeline.config.yaml_lines import read_yaml

PLACES = {"<feed>": "paris", "<language>": "fr", "<currency>[]": "JPY", "<text>": "003",
          "<column>": "further", "<rule>": "plausible", "currency[]": "currency",
          "closures[]": "closures", "rate[]": "rate"}  # fmt: skip
COLUMNS = ("sale_id", "sold_on", "product", "unit_price", "quantity", "amount")
LANGUAGES = {
    name: {"product": f"product_{name}", "category": f"category_{name}"} for name in ("fr", "en")
}
STORE = {"id": "paris", "name": "Paris Rivoli", "city": "Paris", "country": "FR"}
MINIMAL: dict[str, Any] = {
    "catalogue": {
        "languages": LANGUAGES,
        "code": "ean",
        "price": {"amount": "price", "currency": "EUR"},
    },
    "formats": {"french_till": {"date_formats": "dd/MM/yyyy"}},
    "feeds": {
        "paris": {
            "landing": "paris/*.csv",
            "store": STORE,
            "currency": "EUR",
            "language": "fr",
            "date_formats": "dd/MM/yyyy",
            "columns": {name: str(at) for at, name in enumerate(COLUMNS, start=1)},
        }
    },
}
OTHER_MONEY = {"USD": "0.85", "JPY": "0.0055", "CHF": "1.05", "BGN": "0.51"}


def example_at(place: str, key: str) -> dict[str, Any]:
    """Returns an example as plain data of a whole declaration that has nothing else."""
    found: Any = read_yaml(cleandoc(EXAMPLES[place][key])).data
    steps = place.split(".") if place else []
    for step in reversed(steps):
        found = {PLACES.get(step, step): [found] if step.endswith("[]") else found}
    return {str(name): value for name, value in found.items()}


def put_into(data: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    """Returns the declaration with the example in it."""
    result = dict(data)
    for key, value in example.items():
        mine = data.get(key)
        both = isinstance(mine, dict) and isinstance(value, dict)
        result[key] = put_into(mine or {}, value) if both else value
    return result


def declaration_with(example: dict[str, Any]) -> dict[str, Any]:
    """Returns a minimal declaration with an example in it, without what it excludes."""
    data = put_into(MINIMAL, example)
    feed, catalogue = data["feeds"]["paris"], data["catalogue"]
    if "stores" in feed:
        feed = put_into(feed, {"columns": {"store": "shop"}})
        store = feed.pop("store")
        feed["stores"] = {text: store | each for text, each in feed["stores"].items()}
    if "tax" in feed:
        tax = {"included": True} | feed["tax"]
        named = [tax[key] for key in ("column", "rate_column") if key in tax]
        feed = put_into(feed, {"tax": tax, "columns": {name: name for name in named}})
    if "rows" in catalogue:
        del catalogue["languages"]
    if "currency_column" in catalogue["price"]:
        del catalogue["price"]["currency"]
    if "units" in data.get("rates", {}).get("columns", {}):
        data = put_into(data, {"rates": {"layout": "rows"}})
    if not {"landing", "fixed"} & set(data.get("rates", {})):
        data = put_into(data, {"rates": {"fixed": OTHER_MONEY}})
    return data | {"feeds": data["feeds"] | {"paris": feed}}


def test_every_option_has_an_example_and_no_example_is_of_anything_else() -> None:
    options = {
        place: {field.alias or name for name, field in part.model_fields.items()}
        for place, part in PARTS.items()
    }
    assert {place: set(examples) for place, examples in EXAMPLES.items()} == options


@pytest.mark.parametrize(
    ("place", "key"), [(place, key) for place, keys in EXAMPLES.items() for key in keys]
)
def test_every_example_shows_its_option_and_loads(place: str, key: str) -> None:
    shown: Any = read_yaml(cleandoc(EXAMPLES[place][key])).data
    assert key in shown
    declaration_from(declaration_with(example_at(place, key)))
