"""No declaration reaches outside its folders; each attempt is named with its line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sales_pipeline.config.locations import nested_folders
from sales_pipeline.errors import UsageError
from tests.config.conftest import TEXT
from tests.retailer import Retailer, sale

Report = Callable[[str], str]
OUTSIDE = (
    "../x.csv",
    "/etc/*.csv",
    "tokyo/../../x/*.csv",
    "./tokyo/*.csv",
    "..",
    "tokyo//*.csv",
    "\\\\server\\share\\*.csv",
    "..\\x\\*.csv",
)


@pytest.mark.parametrize("pattern", OUTSIDE)
def test_no_feed_takes_files_from_outside_the_landing_folder(report: Report, pattern: str) -> None:
    told = report(TEXT.replace("tokyo/*.csv", f"'{pattern}'"))
    where = "config.yaml:11 feeds.tokyo.landing: not a pattern below the landing folder, got "
    assert told.startswith(where), told


@pytest.mark.parametrize("part", ["catalogue", "rates"])
def test_nor_do_the_catalogue_and_the_rates(report: Report, part: str) -> None:
    told = report(TEXT.replace(f"{part}:\n", f"{part}:\n  landing: ../{part}/*.csv\n"))
    line = TEXT.splitlines().index(f"{part}:") + 2
    where = f"config.yaml:{line} {part}.landing: not a pattern below the landing folder"
    assert told.startswith(where), told


def test_nor_does_a_pattern_from_a_variable(
    report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHERE", "../../etc")
    told = report(TEXT.replace("tokyo/*.csv", "${WHERE}/*.csv"))
    assert told.startswith("config.yaml:11 feeds.tokyo.landing: not a pattern below"), told


@pytest.mark.parametrize("name", ["../x", "a/b", "..", "/etc", ".hidden", "a\\\\b", "a b", "-rf"])
def test_the_name_of_a_feed_is_no_path(report: Report, name: str) -> None:
    told = report(TEXT.replace("  tokyo:\n", f'  "{name}":\n'))
    assert told.startswith("config.yaml:10 feeds."), told
    assert ": not a name, got " in told


@pytest.mark.parametrize("name", ["../x", "a/b", "x; drop"])
def test_nor_is_the_name_of_a_column_or_the_id_of_a_store(report: Report, name: str) -> None:
    column = report(TEXT.replace("sale_id: receipt", f'"{name}": receipt'))
    assert "config.yaml:17 feeds.tokyo.columns." in column
    assert ": not a name, got " in column
    store = report(TEXT.replace("id: tokyo", f'id: "{name}"'))
    assert store.startswith("config.yaml:12 feeds.tokyo.store.id: not a name"), store


@pytest.mark.parametrize(
    ("landing", "lakehouse", "expected"),
    [
        ("in", "in/tables", "config.yaml:2 lakehouse: the lakehouse is in the landing folder"),
        ("x/in", "./x", "config.yaml:2 lakehouse: the landing folder is in the lakehouse"),
        ("in", "./x/../in/", "config.yaml:2 lakehouse: the landing folder and the lakehouse are"),
        (".", "./lakehouse", "config.yaml:1 landing: the lakehouse is in the landing folder"),
        ("lakehouse/in", "./lakehouse", "config.yaml:1 landing: the landing folder is in the"),
    ],
)
def test_landing_folder_and_lakehouse_are_apart(
    report: Report, landing: str, lakehouse: str, expected: str
) -> None:
    told = report(f"landing: {landing}\nlakehouse: {lakehouse}\n{TEXT}")
    assert told.startswith(expected), told
    assert told.endswith("declare two folders of which none is in the other")


def test_folders_with_like_names_are_apart() -> None:
    assert nested_folders(Path("/data/landing"), Path("/data/landing2")) is None


def test_a_link_does_not_bring_a_lakehouse_into_the_landing_folder(retailer: Retailer) -> None:
    inside = retailer.landing / "tables"
    inside.mkdir()
    retailer.lakehouse.symlink_to(inside, target_is_directory=True)
    retailer.deliver("lyon/a.csv", sale("1"))
    with pytest.raises(UsageError, match="the lakehouse is in the landing folder"):
        retailer.run()
    assert not list(inside.iterdir())
