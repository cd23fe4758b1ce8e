"""The JSON Schema that editors use."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest

from sales_pipeline.config.model import json_schema, schema_text
from sales_pipeline.config.yaml_lines import read_yaml

jsonschema = pytest.importorskip("jsonschema")


def properties(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for part in (schema, *schema["$defs"].values()):
        yield from part["properties"].items()


def is_valid(declaration: object) -> bool:
    validator = jsonschema.Draft202012Validator(json_schema())
    return bool(validator.is_valid(declaration))


def test_the_schema_is_a_valid_one_of_its_draft() -> None:
    schema = json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"] == "Sales pipeline declaration"
    jsonschema.Draft202012Validator.check_schema(schema)


def test_every_property_has_a_description() -> None:
    assert [name for name, part in properties(json_schema()) if not part.get("description")] == []


def test_the_text_is_the_same_every_time_and_ends_with_a_line_end() -> None:
    assert schema_text() == schema_text()
    assert schema_text().endswith("}\n")
    assert json.loads(schema_text()) == json_schema()


def test_the_sample_retailer_is_valid() -> None:
    sample = files("sales_pipeline.config") / "config.yaml"
    assert is_valid(read_yaml(sample.read_text(encoding="utf-8")).data)


def test_both_ways_to_write_a_list_and_a_share_are_valid(data: dict[str, Any]) -> None:
    feed = data["feeds"]["tokyo"]
    for formats, share in (("yyyy/MM/dd", "20%"), (["yyyy/MM/dd"], 0.2)):
        feed |= {"date_formats": formats, "max_quarantined": share}
        assert is_valid(data)


@pytest.mark.parametrize("key", ["curency", "Delimiter"])
def test_an_unknown_key_is_not_valid(data: dict[str, Any], key: str) -> None:
    data["feeds"]["tokyo"][key] = "x"
    assert not is_valid(data)


def test_a_name_that_is_none_is_not_valid(data: dict[str, Any]) -> None:
    data["feeds"]["New York"] = data["feeds"]["tokyo"]
    assert not is_valid(data)


FORMATS = {"till": {"language": "en", "csv": {"decimal": ","}, "columns": {"sold_on": "date"}}}


def short_feed(data: dict[str, Any], **changes: object) -> dict[str, Any]:
    """Returns a feed of four lines, and those that are changed."""
    store = data["feeds"]["tokyo"]["store"]
    feed = {"format": "till", "landing": "nara/*.csv", "store": store, "currency": "JPY"}
    return feed | changes


def test_a_feed_with_a_format_needs_no_more_than_its_own_keys(data: dict[str, Any]) -> None:
    data |= {"formats": FORMATS}
    data["feeds"]["nara"] = short_feed(data)
    assert is_valid(data)
    data["feeds"]["nara"] = short_feed(data, rules={"plausible": {"severity": "warn"}})
    assert is_valid(data)
    del data["feeds"]["nara"]["landing"]
    assert not is_valid(data)


def test_a_feed_without_a_format_needs_every_required_key(data: dict[str, Any]) -> None:
    for key in ("landing", "language", "date_formats", "columns"):
        feed = {name: value for name, value in data["feeds"]["tokyo"].items() if name != key}
        assert not is_valid(data | {"feeds": {"tokyo": feed}})


@pytest.mark.parametrize("key", ["landing", "store", "stores", "format", "curency"])
def test_what_no_format_can_have_is_not_valid(data: dict[str, Any], key: str) -> None:
    assert is_valid(data | {"formats": FORMATS})
    assert not is_valid(data | {"formats": {"till": FORMATS["till"] | {key: "x"}}})
    assert not is_valid(data | {"formats": {"Till": FORMATS["till"]}})


@pytest.mark.parametrize(
    ("changes", "is_right"),
    [
        ({"currency": [{"currency": "JPY"}, {"currency": "EUR", "since": "2025-01-01"}]}, True),
        ({"currency": [{"currency": "JPY", "till": "2025-01-01"}]}, False),
        ({"currency": []}, False),
        ({"currency": "jpy"}, False),
        ({"stores": {"01": {"id": "a", "name": "A", "city": "A", "country": "JP"}}}, True),
        ({"stores": {"01": {"id": "a"}}}, False),
        ({"columns": {"sold_on": 1, "product": "2"}}, True),
        ({"columns": {"sold_on": 0}}, False),
        ({"computed": {"quantity": {"value": 1}, "till": {"sql": "a"}}}, True),
        ({"computed": {"till": "a"}}, False),
        ({"csv": {"thousands": " ", "symbols": "€", "header": False, "skip_lines": 2}}, True),
        ({"csv": {"thousands": "_"}}, False),
        ({"never_store": ["customer"], "archive": "move", "missing_quantity": 1}, True),
        ({"rules": {"plausible": {"holds": "amount > 0", "tolerance": "1%"}}}, True),
        ({"rules": {"plausible": {"severity": "stop"}}}, False),
        ({"earliest": "2020-01-01"}, True),
    ],
)
def test_the_words_of_a_feed_have_the_same_forms_in_the_schema(
    data: dict[str, Any], changes: dict[str, Any], *, is_right: bool
) -> None:
    data["feeds"]["tokyo"] |= changes
    assert is_valid(data) == is_right


@pytest.mark.parametrize(
    ("changes", "is_right"),
    [
        ({"rates": {"fixed": {"JPY": [{"rate": 1}, {"rate": 2, "since": "2025-01-01"}]}}}, True),
        ({"rates": {"fixed": {"JPY": [{"since": "2025-01-01"}]}}}, False),
        ({"rates": {"policy": "month_end", "landing": "rates/*.csv", "layout": "rows"}}, True),
        ({"rates": {"columns": {"day": "x"}}}, False),
        ({"catalogue": {"rows": {"language": "l", "product": "p"}, "code": "c"}}, True),
        ({"catalogue": {"rows": {"language": "l"}}}, False),
        ({"archive": "leave"}, True),
        ({"archive": "copy"}, False),
    ],
)
def test_the_other_words_have_the_same_forms_in_the_schema(
    data: dict[str, Any], changes: dict[str, Any], *, is_right: bool
) -> None:
    assert is_valid(data | changes) == is_right
