"""A lakehouse lies wherever people have their files, or says at once that it cannot."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sales_pipeline.engines.embedded import EmbeddedEngine
from sales_pipeline.errors import UsageError
from tests.retailer import Retailer, sale


def _run(folder: Path) -> Retailer:
    folder.mkdir()
    retailer = Retailer(folder)
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.run()
    return retailer


@pytest.mark.long
def test_a_folder_with_spaces_quotes_and_accents_holds_a_lakehouse(tmp_path: Path) -> None:
    retailer = _run(tmp_path / "l'été, `hash` #1 {a} (b) & c?")
    first = retailer.run_ids()[-1]
    retailer.deliver("lyon/b.csv", sale("2"))
    retailer.run()
    assert len(retailer.table("silver.sales")) == 2
    retailer.rollback(first)
    assert len(retailer.table("silver.sales")) == 1


def test_a_folder_that_an_address_cannot_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="its path has % and \\[, got") as refused:
        _run(tmp_path / "100% [new")
    assert str(refused.value).endswith("none of % [ \\ ] ^ |")


@pytest.mark.parametrize("name", [b"a\tb", b"a\nb", b"\x01", b"\xff"])
def test_a_folder_whose_name_is_no_text_is_refused(tmp_path: Path, name: bytes) -> None:
    with pytest.raises(UsageError, match="its path has control characters or bytes that are no"):
        EmbeddedEngine(tmp_path / os.fsdecode(name))


def test_a_folder_with_a_tilde_holds_a_lakehouse(tmp_path: Path) -> None:
    retailer = _run(tmp_path / "backup~1")
    assert len(retailer.table("silver.sales")) == 1


@pytest.mark.parametrize("place", ["lakehouse", "lakehouse/inner"])
def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "lakehouse").write_text("x")
    retailer = Retailer(tmp_path)
    retailer.declared["lakehouse"] = str(tmp_path / place)
    with pytest.raises(UsageError, match=r"lakehouse: no folder, got .*Do: move that file away"):
        retailer.run()
