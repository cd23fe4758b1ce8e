"""Runs the checks across values on a declaration that has other mistakes as well."""

from __future__ import annotations

from collections.abc import Iterator

from sales_pipeline.config.checks import (
    Finding,
    Plain,
    declaration_findings,
    dialect_findings,
    feed_findings,
    mapping,
)
from sales_pipeline.config.model import Catalogue, Declaration, Declared, Dialect, Feed


def findings_in(data: Plain) -> Iterator[Finding]:
    """Finds what does not fit in plain data, of which every part may be wrong or missing."""
    declaration = _with_defaults(Declaration, data)
    declaration["catalogue"] = _with_defaults(Catalogue, data.get("catalogue"))
    yield from declaration_findings(declaration)
    yield from _dialect(declaration["catalogue"], "catalogue")
    for name, part in mapping(data.get("feeds")).items():
        feed = _with_defaults(Feed, part)
        if isinstance(feed["key"], str):
            feed["key"] = [feed["key"]]
        yield from (finding.below("feeds", name) for finding in feed_findings(feed))
        yield from _dialect(feed, "feeds", name)


def _dialect(part: object, *loc: str) -> Iterator[Finding]:
    dialect = _with_defaults(Dialect, mapping(part).get("csv"))
    return (finding.below(*loc, "csv") for finding in dialect_findings(dialect))


def _with_defaults(kind: type[Declared], part: object) -> dict[str, object]:
    fields = kind.model_fields.items()
    defaults = {name: field.default for name, field in fields if not field.is_required()}
    return {**defaults, **mapping(part)}
