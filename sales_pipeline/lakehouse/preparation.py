"""Makes the tables of a lakehouse with their properties; adapts older ones to the declaration.

`ops.runs`, the last table that is made, has the format and the base currency that the lakehouse
was made with. Every table says for how long its earlier versions are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from hashlib import sha256

from sales_pipeline.commit_points import commit_point, together
from sales_pipeline.config.model import Declaration
from sales_pipeline.engines.engine import Engine
from sales_pipeline.errors import LakehouseMismatch
from sales_pipeline.lakehouse.declared_tables import (
    MADE_WHEN_NEEDED,
    declared_tables,
    declared_views,
    further_keys,
)
from sales_pipeline.lakehouse.ops_tables import RUNS
from sales_pipeline.lakehouse.tables import FORMAT_VERSION, Table

_FORMAT = "sales_pipeline.format"
_OTHER_GOLD = ("2", "3")
"""The earlier formats in which only gold was another, so that a run makes it again from silver."""
WHEN_REMOVED = {"sales_pipeline.removed": "true"}
"""The property of the last table while all others are removed."""
_CURRENCY = "sales_pipeline.base_currency"
_VIEWS = "sales_pipeline.views"
"""The views that were made last, as a checksum, because a declaration may change their columns."""
_KEPT_FOR = ("delta.deletedFileRetentionDuration", "delta.logRetentionDuration")
_LOG_CLEANUP = "delta.enableExpiredLogCleanup"


def properties_made_with(declaration: Declaration) -> dict[str, str]:
    """Returns the properties of a lakehouse that never change."""
    return {_FORMAT: str(FORMAT_VERSION), _CURRENCY: declaration.base_currency}


def properties_kept(declaration: Declaration, *, has_folder: bool) -> dict[str, str]:
    """Returns the properties of every table about its earlier versions, as declared now.

    Args:
        declaration: What the retailer declares.
        has_folder: True if the tables lie in a folder. There a log is shortened by nothing but
            maintenance, which knows what readers still need; in a catalog the platform does it.
    """
    interval = f"interval {declaration.keep_days} days"
    return dict.fromkeys(_KEPT_FOR, interval) | {_LOG_CLEANUP: str(not has_folder).lower()}


def check_properties(properties: Mapping[str, str], declaration: Declaration) -> None:
    """Checks that a lakehouse can be read by this version, and fits the declaration.

    Raises:
        LakehouseMismatch: Another format, or another base currency, or an unfinished reset.
    """
    if properties.keys() & WHEN_REMOVED:
        raise LakehouseMismatch("lakehouse: a reset did not finish. Do: sales-pipeline reset")
    if properties.get(_FORMAT) not in (str(FORMAT_VERSION), *_OTHER_GOLD):
        check_not_newer(properties)
        raise _other_format(
            properties,
            "use the version that made it, or sales-pipeline reset and then run, which takes "
            "every delivered file in again",
        )
    currency, declared = properties.get(_CURRENCY), declaration.base_currency
    if currency != declared:
        raise LakehouseMismatch(
            f"lakehouse: made with base currency {currency}, the declaration says {declared}. "
            f"Do: keep {currency}, or make a new lakehouse."
        )


def check_not_newer(properties: Mapping[str, str]) -> None:
    """Checks that a lakehouse is not of a later format, which this version cannot know.

    Raises:
        LakehouseMismatch: It is.
    """
    format_ = properties.get(_FORMAT, "")
    if format_.isdecimal() and int(format_) > FORMAT_VERSION:
        raise _other_format(properties, "use the version that made it, or a later one")


def _other_format(properties: Mapping[str, str], do: str) -> LakehouseMismatch:
    format_ = (
        f"has format {properties[_FORMAT]}" if _FORMAT in properties else "does not say its format"
    )
    return LakehouseMismatch(
        f"lakehouse: {format_}, this version of sales-pipeline reads {FORMAT_VERSION}. Do: {do}."
    )


_MADE_AT_ONCE = 4


class PreparedTables:
    """The tables of one retailer on one engine: declared, made, and adapted.

    Attributes:
        tables: The declared tables, by name.
        views: The views of them, by name; every reading method takes these names, too.
        further_keys: The key columns of all feeds other than `sale_id`.
        has_earlier_gold: True if gold is of an earlier format; known after `check`.
    """

    def __init__(self, declaration: Declaration, engine: Engine) -> None:
        self.declaration = declaration
        self.engine = engine
        self.further_keys = further_keys(declaration)
        self.tables = declared_tables(declaration)
        self.views = declared_views(declaration)
        self.has_earlier_gold = False

    def exists(self) -> bool:
        """Returns whether this lakehouse was ever made: its last table exists."""
        return self.engine.exists(RUNS.name)

    def existing(self) -> list[str]:
        """Returns the names of the declared tables that exist."""
        return [name for name in self.tables if self.engine.exists(name)]

    def is_readable(self, name: str) -> bool:
        """Returns whether a table exists and is not damaged."""
        return self.engine.exists(name) and self.engine.problem(name) is None

    def check(self, *, makes_again: bool = False) -> None:
        """Checks that this package and declaration can work on the lakehouse.

        Args:
            makes_again: True if the command makes gold of an earlier format again.

        Raises:
            LakehouseMismatch: Another format, or another base currency, or an unfinished reset.
        """
        if not self.exists():
            return
        properties = self.engine.properties(RUNS.name)
        check_properties(properties, self.declaration)
        self.has_earlier_gold = properties.get(_FORMAT) in _OTHER_GOLD
        if self.has_earlier_gold and not makes_again:
            do = "sales-pipeline run, which makes gold again from silver"
            raise _other_format(properties, do)

    def record_gold_format(self) -> None:
        """Records that gold now has the format of this version."""
        with commit_point(f"set the format of {RUNS.name}"):
            self.engine.set_properties(RUNS.name, properties_made_with(self.declaration))
        self.has_earlier_gold = False

    def prepare(self) -> None:
        """Makes the missing tables that a run needs; adds columns that were declared since.

        If the engine has a place for views, makes them again when they are declared otherwise.
        """
        tables = [
            table
            for table in self.tables.values()
            if table is not RUNS
            and (table.name not in MADE_WHEN_NEEDED or self.engine.exists(table.name))
        ]
        together((partial(self._prepare_table, table) for table in tables), at_once=_MADE_AT_ONCE)
        if self.engine.capabilities.has_folder:
            self._prepare_table(RUNS)
            return
        views = sha256(repr(list(self.views.values())).encode()).hexdigest()
        are_declared = self.exists() and self.engine.properties(RUNS.name).get(_VIEWS) == views
        self._make_views(only_missing=are_declared)
        self._prepare_table(RUNS)
        if not are_declared:
            self.engine.set_properties(RUNS.name, {_VIEWS: views})

    def make(self, name: str) -> None:
        """Makes one table, if it does not exist; the others stay as they are."""
        self._prepare_table(self.tables[name])

    def _make_views(self, *, only_missing: bool) -> None:
        for view in self.views.values():
            if not (only_missing and self.engine.exists(view.name)):
                columns = {name: name for name in view.column_names}
                self.engine.create_view(
                    view.name, view.table, columns=columns, where=view.where, comment=view.comment
                )

    def _prepare_table(self, table: Table) -> None:
        if self.engine.exists(table.name):
            self.adapt(table.name)
            return
        made_with = properties_made_with(self.declaration) if table is RUNS else {}
        properties = self._properties_kept() | made_with
        with commit_point(f"make {table.name}"):
            self.engine.create(table.name, table.columns, properties)

    def adapt(self, name: str) -> None:
        """Adds to an earlier table the columns and properties that it lacks now."""
        self._add_missing_columns(self.tables[name])
        existing = self.engine.properties(name)
        kept = self._properties_kept().items()
        changed = {key: value for key, value in kept if existing.get(key) != value}
        if changed:
            self.engine.set_properties(name, changed)

    def _properties_kept(self) -> dict[str, str]:
        has_folder = self.engine.capabilities.has_folder
        return properties_kept(self.declaration, has_folder=has_folder)

    def _add_missing_columns(self, table: Table) -> None:
        existing = set(self.engine.column_names(table.name))
        missing = {
            column.name: column.type for column in table.columns if column.name not in existing
        }
        if missing:
            with commit_point(f"add columns to {table.name}"):
                self.engine.add_columns(table.name, missing)
