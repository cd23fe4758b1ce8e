"""Where the tables are: a catalog's names are checked, and folders are filled with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sales_pipeline.config.loader import declaration_from, load_config
from sales_pipeline.errors import DeclarationError
from tests.config.conftest import TEXT

Report = Callable[[str], str]
VOLUMES = """\
landing: /Volumes/{catalog}/{schema}/landing/incoming
lakehouse: /Volumes/{catalog}/{schema}/landing/lakehouse
"""


@pytest.mark.parametrize("name", ["a.b", "a`b", "a b", "", "-a", "a;drop", "é", "a" * 101])
@pytest.mark.parametrize("key", ["catalog", "schema"])
def test_a_name_that_would_have_to_be_escaped_is_refused(
    data: dict[str, Any], key: str, name: str
) -> None:
    with pytest.raises(DeclarationError, match=f"{key}: not a name for a catalog or a schema"):
        declaration_from({**data, key: name})


def test_a_refused_name_comes_with_a_guess(report: Report) -> None:
    assert report(f"catalog: main.sales\n{TEXT}") == (
        "config.yaml:1 catalog: not a name for a catalog or a schema, got 'main.sales'. "
        "Did you mean 'main_sales'?"
    )


def test_the_tables_are_in_a_folder_unless_a_catalog_is_declared(data: dict[str, Any]) -> None:
    folder = declaration_from(data)
    assert (folder.catalog, folder.schema_name, folder.tables_place) == (
        None,
        "sales",
        "lakehouse",
    )
    catalog = declaration_from({**data, "catalog": "main", "schema": "toys"})
    assert (catalog.catalog, catalog.tables_place) == ("main", "main.toys_*")


def test_folders_hold_the_names_that_are_declared_or_given_in_their_place(
    tmp_path: Path,
) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(f"catalog: main\n{VOLUMES}{TEXT}", encoding="utf-8")
    assert load_config(path).landing == "/Volumes/main/sales/landing/incoming"
    given = load_config(path, instead={"catalog": "dev", "schema": "toys"})
    assert given.lakehouse == "/Volumes/dev/toys/landing/lakehouse"
    assert (given.catalog, given.schema_name) == ("dev", "toys")
    folder = load_config(path, instead={"lakehouse": "/data/{schema}/kept"})
    assert folder.lakehouse == "/data/sales/kept"


def test_a_placeholder_without_a_catalog_is_an_error_that_says_what_to_give(
    report: Report, tmp_path: Path
) -> None:
    why = "its placeholders stand for nothing without a catalog"
    do = "declare it under catalog:, or give --catalog NAME"
    assert report(VOLUMES + TEXT) == (
        f"config.yaml:1 landing: {why}; {do}\nconfig.yaml:2 lakehouse: {why}; {do}"
    )
    path = tmp_path / "config.yaml"
    assert load_config(path, instead={"catalog": "dev"}).landing.startswith("/Volumes/dev/sales/")


def test_an_unknown_placeholder_is_an_error_with_its_line(report: Report) -> None:
    told = report(f"catalog: main\nlanding: /Volumes/{{catalog}}/{{shop}}\n{TEXT}")
    assert told == (
        "config.yaml:2 landing: an unknown placeholder, got '/Volumes/{catalog}/{shop}'; "
        "write {catalog} or {schema}"
    )


def test_other_braces_are_part_of_a_path_where_there_is_no_catalog(data: dict[str, Any]) -> None:
    assert declaration_from({**data, "landing": "/data/{shop}"}).landing == "/data/{shop}"
