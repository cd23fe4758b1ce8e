"""Which landing files belong to which feed, and how they are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from sales_pipeline.bronze.file_moves import Folders
from sales_pipeline.config.model import Declaration
from sales_pipeline.engines.engine import Engine
from sales_pipeline.errors import UsageError
from sales_pipeline.lakehouse.column_sources import headers_text
from sales_pipeline.lakehouse.declared_tables import catalogue_columns, rate_columns
from sales_pipeline.lakehouse.ledger import Delivery, Ledger
from sales_pipeline.lakehouse.tables import CATALOGUE, EXCHANGE_RATES
from sales_pipeline.landing.discovery import Discovery, discover
from sales_pipeline.landing.shape import FileShape


def landing_patterns(declaration: Declaration) -> dict[str, str]:
    """Feed -> landing pattern, in the order of claiming: catalogue, rates, then the feeds."""
    patterns = {CATALOGUE: declaration.catalogue.landing}
    if declaration.rates.landing is not None:
        patterns[EXCHANGE_RATES] = declaration.rates.landing
    return patterns | {name: feed.landing for name, feed in declaration.feeds.items()}


def check_reader(declaration: Declaration, engine: Engine) -> None:
    """Checks that the engine has the declared reader.

    Raises:
        UsageError: It has not.
    """
    if declaration.reader == "builtin" and not engine.capabilities.has_spark_csv:
        raise UsageError(
            f"reader: builtin is Spark's own CSV reader, which the {engine.name} engine does not "
            "have. Do: declare reader: python, which reads the same, or choose another engine."
        )


def folders_of(declaration: Declaration) -> Folders:
    """Where the files of a retailer lie, and which feeds' files stay in the landing folder."""
    left = (feed for feed in landing_patterns(declaration) if not declaration.archives(feed))
    return Folders(Path(declaration.landing), Path(declaration.lakehouse), frozenset(left))


def file_shape(declaration: Declaration, feed: str) -> FileShape:
    """How the files of a feed are read."""
    ratio = declaration.max_unpacked_ratio
    return replace(_declared_shape(declaration, feed), max_unpacked_ratio=ratio)


def _declared_shape(declaration: Declaration, feed: str) -> FileShape:
    if feed == CATALOGUE:
        return FileShape.from_dialect(catalogue_columns(declaration), declaration.catalogue.csv)
    if feed == EXCHANGE_RATES:
        return FileShape.from_dialect(rate_columns(declaration), declaration.rates.csv)
    declared = declaration.feeds[feed]
    never = declared.never_store
    return FileShape.from_dialect(declared.columns, declared.csv, never_store=never)


def shape_of(declaration: Declaration, delivery: Delivery) -> FileShape:
    """How the file of a delivery is read; that of a replay was written by this package."""
    shape = file_shape(declaration, delivery.feed)
    return shape.plain if delivery.mends else shape


def file_headers(shape: FileShape, texts: Sequence[str]) -> str:
    """The headers of a file as the ledger keeps them, by which its values are found later.

    Args:
        shape: How the file is read.
        texts: Its header texts, or the fields of its first record.
    """
    match = shape.match(texts)
    keys = [text or f"column {at}" for at, text in enumerate(shape.texts(texts), start=1)]
    columns = {
        name: keys[at]
        for (name, _), at in zip(shape.columns, match.positions, strict=True)
        if at is not None
    }
    return headers_text(columns, [key for _, key in match.undeclared])


def find_files(
    declaration: Declaration,
    ledger: Ledger,
    folders: Folders,
    *,
    on_hashed: Callable[[int], None] = lambda _: None,
) -> Discovery:
    """Looks at the landing folder; a file that stayed there untouched is not hashed again."""
    hashed = {
        (each.path, each.seen): each.sha256
        for each in ledger
        if each.seen and each.feed in folders.left
    }
    patterns = landing_patterns(declaration)
    return discover(folders.landing, patterns, hashed=hashed, on_hashed=on_hashed)
