"""The checks on marks and symbols of a CSV dialect, which only together can be wrong."""

from __future__ import annotations

from collections.abc import Iterator

from sales_pipeline.config.findings import Finding, Plain, entries

_OTHER = "; write another for one of them"


def dialect_findings(dialect: Plain) -> Iterator[Finding]:
    """Finds marks of a CSV dialect that cannot be told apart, and symbols that are none."""
    quote, thousands = dialect.get("quote"), dialect.get("thousands")
    if "quote" in dialect and quote == dialect.get("delimiter"):
        yield Finding(("quote",), "the same as the delimiter", _OTHER)
    if dialect.get("escape") and dialect["escape"] == dialect.get("delimiter"):
        yield Finding(("escape",), "the same as the delimiter", _OTHER)
    if thousands and thousands == dialect.get("decimal"):
        yield Finding(("thousands",), "the same as the decimal mark", _OTHER)
    if thousands and thousands == quote:
        yield Finding(("thousands",), "the same as the quote", _OTHER)
    yield from _symbol_findings(dialect)


def _symbol_findings(dialect: Plain) -> Iterator[Finding]:
    marks = (dialect.get("decimal"), dialect.get("thousands"), "+", "-")
    for at, symbol in enumerate(entries(dialect.get("symbols"))):
        if not isinstance(symbol, str):
            continue
        if any(character.isdigit() for character in symbol):
            what = "digits, which belong to the number"
        elif symbol in marks:
            what = "a mark or sign of the number itself"
        elif symbol and not symbol.strip():
            what = "only space, which never counts"
        else:
            continue
        yield Finding(("symbols", at), what, "; write what stands beside it, such as €")
