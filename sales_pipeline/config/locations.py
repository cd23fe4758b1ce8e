"""Locations in a declaration: the engine that runs it, the catalog of its tables, its folders.

Free of pydantic, because every command of the command line imports it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from sales_pipeline.config.problems import checked

EMBEDDED, SPARK, DATABRICKS = "embedded", "spark", "databricks"
ENGINE_PATTERN = f"{EMBEDDED}|{SPARK}|{DATABRICKS}|sc://.+"
CATALOG_NAME_PATTERN = "[A-Za-z0-9_][A-Za-z0-9_-]{0,99}"

USUAL_LANDING = "./landing"
USUAL_LAKEHOUSE = "./lakehouse"
CATALOG, SCHEMA = "catalog", "schema"
PLACEHOLDERS = (CATALOG, SCHEMA)
"""The names that may be in braces in the path of a folder: the declared keys that fill them."""
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def check_engine_name(name: str) -> str:
    """Returns the name of an engine, as it is declared or given on the command line.

    Raises:
        InvalidValue: There is no such engine.
    """
    is_valid = re.compile(ENGINE_PATTERN).fullmatch
    do = "write embedded, spark, databricks, or sc://HOST:PORT for a Spark Connect server"
    return checked(name, name.strip().lower(), is_valid, what="not an engine", do=do)


def check_catalog_name(name: str) -> str:
    """Returns the name of a catalog or a schema, as it is declared or given on the command line.

    Raises:
        InvalidValue: It is too long, or has characters that need quotes in SQL.
    """
    guess = re.sub("[^A-Za-z0-9_-]+", "_", name).strip("_-")
    is_valid = re.compile(CATALOG_NAME_PATTERN).fullmatch
    do = "write at most 100 ASCII letters, digits, _ and -, and no - first"
    return checked(name, guess, is_valid, what="not a name for a catalog or a schema", do=do)


def nested_folders(landing: Path, lakehouse: Path) -> str | None:
    """Returns a message if the two folders are the same or one is in the other, else None.

    Any file in the landing folder may be taken for a delivery, and the tables of a lakehouse
    are removed as a whole.

    >>> nested_folders(Path("/data/landing"), Path("/data/landing/tables"))
    'the lakehouse is in the landing folder'
    >>> nested_folders(Path("/data/landing"), Path("/data/x/../lakehouse"))
    """
    files, tables = (Path(os.path.normpath(folder)) for folder in (landing, lakehouse))
    if files == tables:
        return "the landing folder and the lakehouse are the same"
    if tables.is_relative_to(files):
        return "the lakehouse is in the landing folder"
    if files.is_relative_to(tables):
        return "the landing folder is in the lakehouse"
    return None


def placeholders_in(folder: str) -> list[str]:
    """Returns the names in braces in the path of a folder.

    >>> placeholders_in("/Volumes/{catalog}/{schema}/landing")
    ['catalog', 'schema']
    """
    return _PLACEHOLDER.findall(folder)


def filled(folder: str, *, catalog: str | None, schema: str) -> str | None:
    """Returns the path of a folder with its placeholders filled; None if it needs a catalog.

    Without a catalog there is no schema either. Other braces are part of the path.

    >>> filled("/Volumes/{catalog}/{schema}/landing", catalog="main", schema="sales")
    '/Volumes/main/sales/landing'
    >>> filled("/Volumes/{catalog}/{schema}/landing", catalog=None, schema="sales")
    >>> filled("/data/{old}/landing", catalog=None, schema="sales")
    '/data/{old}/landing'
    """
    if not set(placeholders_in(folder)) & set(PLACEHOLDERS):
        return folder
    if catalog is None:
        return None
    return folder.replace(f"{{{CATALOG}}}", catalog).replace(f"{{{SCHEMA}}}", schema)
