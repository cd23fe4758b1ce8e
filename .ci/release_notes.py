"""Prints what the change log says of a release, if its tag fits the source.

    python .ci/release_notes.py v0.1.0

The tag has to name the version of the package, and CHANGELOG.md has to tell of that version and to
leave nothing under Unreleased. Otherwise nothing is printed, and the workflow stops before it
builds anything.
"""

from __future__ import annotations

import re
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


class DoesNotFit(Exception):
    """The tag, the version and the change log do not say the same."""


def main(arguments: Sequence[str] | None = None, *, root: Path = ROOT) -> int:
    """Prints the notes of the tag that is the one argument; returns the exit code."""
    [tag] = sys.argv[1:] if arguments is None else arguments
    try:
        print(release_notes(tag, root=root))
    except DoesNotFit as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def release_notes(tag: str, *, root: Path) -> str:
    """What CHANGELOG.md says of the version that the tag names.

    Raises:
        DoesNotFit: the tag names another version than the source, or the change log is not ready.
    """
    version = runpy.run_path(str(root / "sales_pipeline" / "version.py"))["__version__"]
    if tag != f"v{version}":
        raise DoesNotFit(
            f"sales_pipeline/version.py: another version than the tag's, got {version} "
            f"and the tag {tag}. Do: tag v{version}, or change the version"
        )
    told = sections((root / "CHANGELOG.md").read_text(encoding="utf-8"))
    if told.get("Unreleased"):
        raise DoesNotFit(
            f"CHANGELOG.md: changes under Unreleased. Do: move them to a section {version}"
        )
    if not told.get(version):
        raise DoesNotFit(f"CHANGELOG.md: nothing about {version}. Do: write a section {version}")
    return told[version]


def sections(changelog: str) -> dict[str, str]:
    """The text of each section, by the first word of its heading: a version or Unreleased."""
    parts = re.split(r"^## (\S+).*\n", changelog, flags=re.MULTILINE)
    return {name: text.strip() for name, text in zip(parts[1::2], parts[2::2], strict=True)}


if __name__ == "__main__":
    sys.exit(main())
