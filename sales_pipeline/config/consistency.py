"""Runs the checks across values on a declaration that has other mistakes as well."""

from __future__ import annotations

from collections.abc import Iterator

from sales_pipeline.config.catalogue_checks import catalogue_findings
from sales_pipeline.config.checks import declaration_findings
from sales_pipeline.config.declared import Declared
from sales_pipeline.config.dialect import Dialect
from sales_pipeline.config.feed_checks import feed_findings
from sales_pipeline.config.findings import Finding, Plain, mapping
from sales_pipeline.config.model import Catalogue, Declaration, Feed, Rates
from sales_pipeline.config.rates_checks import rates_findings


def findings_in(data: Plain) -> Iterator[Finding]:
    """Finds what does not fit in plain data, of which every part may be wrong or missing."""
    declaration = _with_defaults(Declaration, data)
    catalogue = _with_csv(Catalogue, data.get("catalogue"))
    rates = _with_csv(Rates, data.get("rates"))
    declaration |= {"catalogue": catalogue, "rates": rates}
    yield from declaration_findings(declaration)
    if isinstance(data.get("catalogue"), dict):
        yield from (finding.below("catalogue") for finding in catalogue_findings(catalogue))
    yield from (finding.below("rates") for finding in rates_findings(rates))
    for name, part in mapping(data.get("feeds")).items():
        if isinstance(part, dict):
            feed = _with_csv(Feed, part)
            yield from (finding.below("feeds", name) for finding in feed_findings(feed))


def _with_csv(kind: type[Declared], part: object) -> dict[str, object]:
    plain = _with_defaults(kind, part)
    return plain | {"csv": _with_defaults(Dialect, mapping(part).get("csv"))}


def _with_defaults(kind: type[Declared], part: object) -> dict[str, object]:
    fields = kind.model_fields.items()
    defaults = {
        field.alias or name: field.default for name, field in fields if not field.is_required()
    }
    return {**defaults, **mapping(part)}
