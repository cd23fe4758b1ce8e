"""Assigns landing files to feeds, and says how they are read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from sales_pipeline.bronze.file_moves import Folders, changed_since_kept
from sales_pipeline.config.model import Declaration
from sales_pipeline.engines.engine import Engine
from sales_pipeline.errors import FileChanged, FileRejected, UsageError
from sales_pipeline.lakehouse.column_sources import headers_text
from sales_pipeline.lakehouse.declared_tables import catalogue_columns, rate_columns
from sales_pipeline.lakehouse.ledger import Delivery, Ledger, State
from sales_pipeline.lakehouse.runs import utc_now
from sales_pipeline.lakehouse.tables import CATALOGUE, EXCHANGE_RATES
from sales_pipeline.landing.discovery import Discovery, FoundFile, discover
from sales_pipeline.landing.file_names import declared_order, natural_order, natural_value
from sales_pipeline.landing.shape import FileShape
from sales_pipeline.visible_text import visible_form


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
    """Returns the folders of a retailer's files, and the feeds whose files stay where they land."""
    unarchived = (feed for feed in landing_patterns(declaration) if not declaration.archives(feed))
    return Folders(Path(declaration.landing), Path(declaration.lakehouse), frozenset(unarchived))


def file_shape(declaration: Declaration, feed: str) -> FileShape:
    """Returns how the files of a feed are read."""
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
    """Returns how the file of a delivery is read; a replay's file was written by this package."""
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
    changed: Iterable[Delivery] | None = None,
    on_hashed: Callable[[int], None] = lambda _: None,
) -> Discovery:
    """Looks at the landing folder; a file that stayed there untouched is not hashed again.

    Args:
        declaration: What the retailer declares.
        ledger: The deliveries.
        folders: Where the files lie.
        changed: Deliveries whose kept file was written to since, if they are known already.
        on_hashed: Called with the bytes of each file once it is hashed.
    """
    hashed = {
        (delivery.path, delivery.seen): delivery.sha256
        for delivery in ledger
        if delivery.seen and delivery.feed in folders.left
    }
    patterns = landing_patterns(declaration)
    discovery = discover(
        folders.landing,
        patterns,
        arrivals={feed: declaration.arrival_of(feed) for feed in patterns},
        hashed=hashed,
        on_hashed=on_hashed,
    )
    if changed is None:
        changed = changed_since_kept(ledger, folders, now=utc_now())
    for delivery in changed:
        discovery.left[delivery.path] = (
            f"changed after delivery {delivery.file_id} was taken from it; a run takes it again"
        )
    if discovery.files:  # Most runs of an old ledger find nothing new.
        ordered = _in_order(discovery.files, declaration, folders, known=hashed)
        discovery.files = _named_as_before(ordered, ledger)
    return discovery


def _named_as_before(files: Iterable[FoundFile], ledger: Ledger) -> list[FoundFile]:
    """Gives files that lie where an earlier one lay its name, whatever their pattern is now.

    A name begins below the folders of the landing pattern. If these change, a correction would
    else have another name than the file in the same place, and both would count.
    """
    names = {
        (delivery.feed, visible_form(delivery.path)): delivery.name
        for delivery in (*ledger.in_state(State.HELD), *ledger.in_force())
        if not delivery.mends
    }
    return [
        replace(file, name=names.get((file.feed, visible_form(file.path)), file.name))
        for file in files
    ]


def _in_order(
    files: Sequence[FoundFile],
    declaration: Declaration,
    folders: Folders,
    *,
    known: Collection[tuple[str, str]],
) -> list[FoundFile]:
    """The files in the order that their feeds declare, by default as they were found."""
    feeds = {feed: place for place, feed in enumerate(landing_patterns(declaration))}

    def key(file: FoundFile) -> tuple[object, ...]:
        order = declaration.order_of(file.feed)
        version = ""
        if order.by == "column" and (file.path, file.seen) not in known:
            shape = file_shape(declaration, file.feed)
            version = _version(folders.landing / file.path, shape, str(order.column))
        rule = declared_order(order, file.name, changed_at=file.changed_at, version=version)
        # The time distinguishes two forms of one name.
        return feeds[file.feed], rule, natural_order(visible_form(file.name)), file.changed_at

    return sorted(files, key=key)


def _version(path: Path, shape: FileShape, column: str) -> str:
    """The greatest value of a column in a file's records; nothing if it cannot be read."""
    # Modules that read files take a tenth of a second to import.
    import pyarrow.compute as pc

    from sales_pipeline.landing.reader import read_batches

    greatest = ""
    try:
        for batch in read_batches(str(path), shape, 0):
            texts = pc.unique(batch[column].drop_null()).to_pylist()
            greatest = max([greatest, *(text.strip() for text in texts)], key=natural_value)
    except (FileChanged, FileRejected):
        return ""
    return greatest
