"""Checks what a wheel says of itself, as an index would take and show it.

    python .ci/check_metadata.py WHEEL

It needs packaging, readme-renderer[md] and trove-classifiers, and names all that is wrong.
"""

from __future__ import annotations

import runpy
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from packaging.metadata import Metadata
from packaging.version import Version
from readme_renderer import markdown
from trove_classifiers import classifiers

ROOT = Path(__file__).resolve().parents[1]
PYTHON = "Programming Language :: Python :: 3."


def problems(wheel: zipfile.ZipFile) -> Iterator[str]:
    """What is wrong with the metadata of a wheel, a sentence each."""
    [path] = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    said = Metadata.from_email(wheel.read(path))  # which refuses what the standard does
    version = runpy.run_path(str(ROOT / "sales_pipeline" / "version.py"))["__version__"]
    if said.version != Version(version):
        yield f"version: not that of sales_pipeline/version.py, {version}, got {said.version}"
    yield from _problems_of_classifiers(said)
    if "sales_pipeline/py.typed" not in wheel.namelist():
        yield "sales_pipeline/py.typed: not in the wheel, so its types are not used"
    if (said.license_expression, said.license_files) != ("MIT", ["LICENSE"]):
        yield f"licence: not MIT in LICENSE, got {said.license_expression} in {said.license_files}"
    elif wheel.read(path.replace("METADATA", "licenses/LICENSE")) != _source("LICENSE"):
        yield "licence: the text in the wheel is not that of LICENSE"
    readme = _source("README.md").decode()
    if said.description != readme or said.description_content_type != "text/markdown":
        yield f"description: not README.md in Markdown, got {said.description_content_type}"
    if not all(part in (markdown.render(readme) or "") for part in ("<h2", "<table", "<pre")):
        yield "README.md: headings, tables or code are lost where an index shows it"


def _problems_of_classifiers(said: Metadata) -> Iterator[str]:
    given = said.classifiers or []
    unknown = sorted(set(given) - classifiers)
    if unknown:
        yield f"classifiers: an index refuses {unknown}"
    if "Typing :: Typed" not in given:
        yield "classifiers: without Typing :: Typed"
    versions = [f"3.{name.removeprefix(PYTHON)}" for name in given if name.startswith(PYTHON)]
    if not versions or not all(version in (said.requires_python or "") for version in versions):
        yield f"classifiers: {versions} do not fit requires-python {said.requires_python}"


def _source(name: str) -> bytes:
    return (ROOT / name).read_bytes()


if __name__ == "__main__":
    found = list(problems(zipfile.ZipFile(sys.argv[1])))
    sys.stderr.writelines(f"{problem}\n" for problem in found)
    sys.exit(bool(found))
