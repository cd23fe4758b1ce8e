"""The engine that `doctor` tries, with scratch tables and folders that it makes and removes."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sales_pipeline.config.model import Declaration
from sales_pipeline.engines.engine import Engine
from sales_pipeline.lakehouse.lock import is_alive

SCRATCH_SCHEMAS = ("bronze", "silver", "gold")
"""The schemas that get a scratch table. Not `ops`: if a removal of all tables was interrupted, that
schema must stay away until the removal is finished."""

_PATTERN = re.compile(r"_doctor_([0-9a-f]{6})_(\d+)_(\d+)")
_ABANDONED_AFTER_SECONDS = 3600


@dataclass(frozen=True)
class ScratchName:
    """The name of the scratch tables and folders of one `doctor`, recognised after a kill, too.

    It begins with an underscore. The name of a feed begins with a letter, so the two never meet.

    Attributes:
        host: Six hexadecimal digits that stand for the machine.
        process: The id of the process.
        since: When the process began, in seconds since 1970.
    """

    host: str
    process: int
    since: int

    @classmethod
    def of_this_process(cls) -> ScratchName:
        """Returns the name of the scratch tables and folders of this process."""
        return cls(_this_host(), os.getpid(), int(time.time()))

    @classmethod
    def parse(cls, text: str) -> ScratchName | None:
        """Parses a scratch name; returns None if the text is something else.

        >>> ScratchName.parse("_doctor_0a1b2c_42_1700000000")
        ScratchName(host='0a1b2c', process=42, since=1700000000)
        >>> ScratchName.parse("doctor")
        """
        match = _PATTERN.fullmatch(text)
        return cls(match[1], int(match[2]), int(match[3])) if match else None

    def __str__(self) -> str:
        return f"_doctor_{self.host}_{self.process}_{self.since}"

    def is_abandoned(self) -> bool:
        """Returns whether its `doctor` was killed: the process is gone, or began an hour ago."""
        if time.time() - self.since > _ABANDONED_AFTER_SECONDS:
            return True
        return self.host == _this_host() and not is_alive(self.process)


@dataclass
class Workbench:
    """The state that the checks of one `doctor` share.

    Attributes:
        declaration: What the retailer declares.
        engine: The engine that it declares.
        scratch: The name of the scratch tables and folders.
        probe: Our landing file, once it is written.
        rows: The rows of the scratch table, `id` -> `name`.
    """

    declaration: Declaration
    engine: Engine
    scratch: ScratchName = field(default_factory=ScratchName.of_this_process)
    probe: Path | None = None
    rows: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        folders = [self.lakehouse, *self.lakehouse.parents]
        self._missing = [folder for folder in folders if not folder.exists()]

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
        return self.table_in(SCRATCH_SCHEMAS[0])

    def table_in(self, schema: str) -> str:
        """Returns the name of the scratch table in a schema."""
        return f"{schema}.{self.scratch}"

    def scratch_folder(self, folder: Path) -> Path:
        """Returns our folder below the landing or lakehouse folder; its dot hides it from runs."""
        return folder / f".{self.scratch}"

    def remove_folders(self) -> list[str]:
        """Removes our folders and the abandoned ones; returns the latter."""
        abandoned = []
        for parent in (self.landing, self.lakehouse):
            for name, folder in _scratch_folders(parent):
                if name == self.scratch:
                    shutil.rmtree(folder)
                elif name.is_abandoned():
                    shutil.rmtree(folder)
                    abandoned.append(str(folder))
        for folder in self._missing:  # The lakehouse first, then the folders that contain it.
            with suppress(OSError):
                folder.rmdir()
        return abandoned

    def remove_tables(self) -> list[str]:
        """Removes our tables and the abandoned ones; returns the latter."""
        abandoned = []
        for schema in SCRATCH_SCHEMAS:
            for table in self.engine.tables(schema):
                name = ScratchName.parse(table.partition(".")[2])
                if name is not None and (name == self.scratch or name.is_abandoned()):
                    self.engine.drop(table)
                    abandoned += [] if name == self.scratch else [table]
        return abandoned


def _scratch_folders(parent: Path) -> Iterator[tuple[ScratchName, Path]]:
    folders: Mapping[str, Path] = {}
    with suppress(OSError):
        folders = {folder.name: folder for folder in parent.iterdir()}
    for text, folder in folders.items():
        name = ScratchName.parse(text[1:]) if text.startswith(".") else None
        if name is not None:
            yield name, folder


def _this_host() -> str:
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:6]
