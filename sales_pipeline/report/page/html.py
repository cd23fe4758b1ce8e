"""Writes the data, the charts and the scripts of a page into one HTML file.

Nothing of the data is ever part of the markup or of a script: it is JSON, in which no `<` stands,
and the scripts put it into the page as text. The page's own policy allows only these scripts, by
their hashes, and no request to anywhere.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files

from sales_pipeline.report.page.charts import charts, scripts
from sales_pipeline.report.page.contents import Page, page_text

_SCRIPTS = (
    "exact.js", "sales.js", "days.js", "answers.js", "tables.js", "view.js", "sellers.js",
    "parts.js",
)  # fmt: skip
"""In the order in which they need each other."""


def page_html(page: Page) -> str:
    """Returns the page as one HTML file.

    Raises:
        ExtraMissing: The extra that the page needs is not installed.
    """
    library, own = scripts(), "\n".join(map(_asset, _SCRIPTS))
    own = f'"use strict";\n(() => {{\n{own}}})();\n'
    parts = {
        "policy": _policy(library, own),
        "style": _asset("page.css"),
        "data": _escaped(page_text(page)),
        "charts": _escaped(json.dumps(charts(), separators=(",", ":"))),
        "library": library,
        "script": own,
    }
    return _filled(_asset("page.html"), parts)


def _asset(name: str) -> str:
    return (files("sales_pipeline.report.page") / "assets" / name).read_text(encoding="utf-8")


def _escaped(text: str) -> str:
    r"""Returns JSON in which nothing ends its script element or begins a comment.

    >>> _escaped('{"name":"</script>"}')
    '{"name":"\\u003c/script>"}'
    """
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _policy(*allowed: str) -> str:
    hashes = " ".join(f"'sha256-{_hash(script)}'" for script in allowed)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _filled(template: str, parts: Mapping[str, str]) -> str:
    """Puts each part in the place of `<!--name-->`; what is put in is not searched again."""
    pieces, rest = [], template
    for name, text in parts.items():
        before, _, rest = rest.partition(f"<!--{name}-->")
        pieces += [before, text]
    return "".join([*pieces, rest])
