"""A project gets the files of its bundle, and keeps the files that it has unless it is told."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sales_pipeline.databricks.answers import Answers
from sales_pipeline.databricks.bundle import LANDING, bundle_files, starting_declaration
from sales_pipeline.databricks.package_source import RELEASE
from sales_pipeline.errors import UsageError, examples

DECLARATION = RELEASE.config
# What is deployed is everything in the folder that this does not name.
_IGNORED = "/.databricks/\n/.venv/\n/landing/\n/lakehouse/\n__pycache__/\n"


@dataclass(frozen=True)
class Written:
    """What a project got.

    Attributes:
        written: The files that were written, from the root of the project.
        left: The files that were there, and stay as they are.
        elsewhere: Whether the declaration that was there knows nothing of the volume.
    """

    written: tuple[str, ...]
    left: tuple[str, ...]
    elsewhere: bool


def write_bundle(folder: Path, answers: Answers, *, force: bool = False) -> Written:
    """Writes the files of a bundle into a folder; the folder is made if need be.

    A declaration and a .gitignore are written only where there are none, whatever `force` says:
    they are the user's own.

    Args:
        folder: The root of the project.
        answers: What is known of the workspace.
        force: Whether files of a bundle that are there, and differ, are replaced.

    Raises:
        UsageError: Files are there and differ, or the folder takes none; nothing was written.
    """
    starting = {DECLARATION: starting_declaration(), ".gitignore": _IGNORED}
    bundle = bundle_files(answers, RELEASE)
    left = [name for name in starting if os.path.lexists(folder / name)]
    same = [name for name, text in bundle.items() if _has(folder / name, text)]
    differ = [name for name in bundle if name not in same and os.path.lexists(folder / name)]
    if differ and not force:
        raise UsageError(
            f"{folder}: has {examples(differ)} already. Do: give --force to replace them, "
            "or another folder"
        )
    wanted = {name: text for name, text in (bundle | starting).items() if name not in same + left}
    try:
        for name, text in wanted.items():
            _write(folder / name, text)
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written to, {error}") from error
    declared = (folder / DECLARATION).read_bytes()
    return Written(tuple(wanted), tuple(same + left), elsewhere=LANDING.encode() not in declared)


def _has(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode()


def _write(path: Path, text: str) -> None:
    """Writes a file whole or not at all; a link is replaced, not followed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    growing = path.with_name(f".{path.name}.part")
    growing.write_bytes(text.encode())
    os.replace(growing, path)
