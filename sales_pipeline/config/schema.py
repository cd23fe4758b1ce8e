"""The JSON Schema of a declaration, with which editors complete and check config.yaml."""

from __future__ import annotations

import json
from typing import Any

from sales_pipeline.config.model import Declaration


def json_schema() -> dict[str, Any]:
    """Returns the schema (draft 2020-12), with a description of every property."""
    schema = Declaration.model_json_schema()
    _refuse_other_names(schema)
    _require_less_with_a_format(schema["$defs"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "Sales pipeline declaration",
    }


def schema_text() -> str:
    """Returns the schema as the text of a file: indented and reproducible."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _refuse_other_names(schema: dict[str, Any]) -> None:
    """Makes names of feeds, columns and codes invalid if they do not match their pattern.

    Changes the finished schema, because every command would have to load a generator of our own.
    """
    if "patternProperties" in schema:
        schema.setdefault("additionalProperties", False)
    for part in schema.values():
        if isinstance(part, dict):
            _refuse_other_names(part)


def _require_less_with_a_format(parts: dict[str, Any]) -> None:
    """Lets a feed that names a format leave out the required keys that the format may have."""
    feed, own = parts["Feed"], ["landing"]
    shared = [key for key in feed["required"] if key not in own]
    feed["required"] = own
    feed["anyOf"] = [{"required": ["format"]}, {"required": shared}]
    del parts["Rule"]["required"]
