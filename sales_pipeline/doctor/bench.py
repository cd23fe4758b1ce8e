"""What the checks work on: the engine, and the tables and folders that they make and remove."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sales_pipeline.config.model import Declaration
from sales_pipeline.doctor.scratch import ScratchName
from sales_pipeline.engines.engine import Engine

SCHEMAS = ("bronze", "silver", "gold")
"""Where tables are tried. Not in `ops`: while a removal of all tables waits to be finished, its
being there says that nothing waits."""


@dataclass
class Bench:
    """What the checks of one doctor share.

    Attributes:
        declaration: What the retailer declares.
        engine: Their engine.
        scratch: The name of what is made here.
        probe: The landing file of our own, once it is there.
        rows: What the scratch table holds, `id` -> `name`.
    """

    declaration: Declaration
    engine: Engine
    scratch: ScratchName = field(default_factory=ScratchName.of_this_process)
    probe: Path | None = None
    rows: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        around = [self.lakehouse, *self.lakehouse.parents]
        self._missing = [each for each in around if not each.exists()]

    @property
    def landing(self) -> Path:
        """The landing folder."""
        return Path(self.declaration.landing).absolute()

    @property
    def lakehouse(self) -> Path:
        """The lakehouse folder."""
        return Path(self.declaration.lakehouse).absolute()

    @property
    def table(self) -> str:
        """The scratch table that the checks write to."""
        return self.table_in(SCHEMAS[0])

    def table_in(self, schema: str) -> str:
        """The scratch table in a schema."""
        return f"{schema}.{self.scratch}"

    def own_folder(self, place: Path) -> Path:
        """Our folder in the landing folder or the lakehouse; discovery looks into none such."""
        return place / f".{self.scratch}"

    def remove_folders(self) -> list[str]:
        """Removes our folders, and those of doctors that were killed; returns the latter."""
        removed = []
        for place in (self.landing, self.lakehouse):
            for name, folder in _scratch_folders(place):
                if name == self.scratch:
                    shutil.rmtree(folder)
                elif name.is_abandoned():
                    shutil.rmtree(folder)
                    removed.append(str(folder))
        for folder in self._missing:  # The lakehouse first, then what is around it.
            with suppress(OSError):
                folder.rmdir()
        return removed

    def remove_tables(self) -> list[str]:
        """Removes our tables, and those of doctors that were killed; returns the latter."""
        removed = []
        for schema in SCHEMAS:
            for table in self.engine.tables(schema):
                name = ScratchName.read(table.partition(".")[2])
                if name is not None and (name == self.scratch or name.is_abandoned()):
                    self.engine.drop(table)
                    removed += [] if name == self.scratch else [table]
        return removed


def _scratch_folders(place: Path) -> Iterator[tuple[ScratchName, Path]]:
    names: Mapping[str, Path] = {}
    with suppress(OSError):
        names = {each.name: each for each in place.iterdir()}
    for text, folder in names.items():
        name = ScratchName.read(text[1:]) if text.startswith(".") else None
        if name is not None:
            yield name, folder
