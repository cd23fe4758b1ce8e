"""Which declaration a command works with, and what options put in place of its values."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sales_pipeline.cli.screen import say
from sales_pipeline.errors import UsageError

if TYPE_CHECKING:
    from sales_pipeline.config.model import Declaration

VARIABLE = "SALES_PIPELINE_CONFIG"
USUAL = Path("config.yaml")


def chosen_path(config: Path | None) -> Path | None:
    """Returns the declaration's file, or None for the sample retailer's own.

    Args:
        config: What `--config` says; then the environment variable counts, then
            `./config.yaml` where it exists.
    """
    if config is not None:
        return config
    if named := os.environ.get(VARIABLE):
        return Path(named)
    return USUAL if USUAL.exists() else None


def named_path(config: Path | None) -> Path:
    """Returns the declaration's file, for what changes something and so must not guess.

    Raises:
        UsageError: None is named.
    """
    path = chosen_path(config)
    if path is None:
        raise UsageError(
            f"declaration: none is named. Do: give --config PATH, set {VARIABLE}, or write "
            f"{USUAL} in this folder; --sample takes the sample retailer's."
        )
    return path


@dataclass(frozen=True)
class Given:
    """Values that options put in place of declared ones; None for an option that is not given.

    Attributes:
        lakehouse: Another lakehouse folder.
        engine: Another engine.
        catalog: Another catalog for the tables.
        schema: Another beginning of the names of their schemas.
    """

    lakehouse: Path | None = None
    engine: str | None = None
    catalog: str | None = None
    schema: str | None = None

    @property
    def keys(self) -> dict[str, str]:
        """Declared key -> what takes the place of its value."""
        return {key: str(value) for key, value in asdict(self).items() if value is not None}


NOTHING_GIVEN = Given()


def load_declaration(
    path: Path | None, given: Given = NOTHING_GIVEN, *, sample: bool = False
) -> Declaration:
    """Loads a declaration and puts in it what options say.

    Without a file it is the sample retailer's, which is said on stderr if it was not asked for.

    Args:
        path: The file, from `chosen_path`.
        given: What options say in place of what is declared.
        sample: Whether the sample retailer is asked for.

    Raises:
        DeclarationError: The file cannot be used.
    """
    from sales_pipeline.config.loader import load_config

    if path is None and not sample:
        say(f"declaration: the sample retailer (no {USUAL} here)")
    return load_config(path, instead=given.keys)
