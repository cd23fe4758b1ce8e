"""Which declaration a command works with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from sales_pipeline.cli.screen import say

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


def load_declaration(path: Path | None, lakehouse: Path | None) -> Declaration:
    """Loads a declaration; without a file the sample retailer's, which is said on stderr.

    Args:
        path: The file, from `chosen_path`.
        lakehouse: What `--lakehouse` says, in place of the declared folder.

    Raises:
        DeclarationError: The file cannot be used.
    """
    if path is None:
        say(f"declaration: the sample retailer (no {USUAL} here)")
    return with_lakehouse(path, lakehouse)


def with_lakehouse(path: Path | None, lakehouse: Path | None) -> Declaration:
    """Loads a declaration and puts another lakehouse folder in it where one is given.

    Raises:
        DeclarationError: The file cannot be used.
    """
    from sales_pipeline.config.loader import load_config

    declaration = load_config(path)
    if lakehouse is None:
        return declaration
    return declaration.model_copy(update={"lakehouse": str(lakehouse)})
