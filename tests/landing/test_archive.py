"""Bringing files to the disk, also where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from sales_pipeline.landing.archive import sync


def test_what_lies_on_no_disk_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    sync([tmp_path / "file", tmp_path, Path("/dev/null")])


def test_what_is_not_there_cannot_be_brought_anywhere(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        sync([tmp_path / "missing"])
