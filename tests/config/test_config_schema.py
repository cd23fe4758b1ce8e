"""The JSON Schema that editors use."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest

from sales_pipeline.config import json_schema, schema_text
from sales_pipeline.config.yaml_tree import read_yaml

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
