"""One side of a comparison: a run on one engine, in a process of its own.

    python -m sales_pipeline.certify.side FOLDER ENGINE [SCHEMA]

A process can have a session of Spark or one of Spark Connect, never both. It finds the declaration
beside its folder, and leaves what it found in it as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import closing
from pathlib import Path

from sales_pipeline import pipeline
from sales_pipeline.bronze.feed_files import folders_of
from sales_pipeline.config.model import Declaration
from sales_pipeline.engines.spark_session import open_engine
from sales_pipeline.errors import SalesPipelineError
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.opening import opened_lakehouse
from sales_pipeline.lakehouse.removal import remove_tables
from sales_pipeline.lakehouse.tables import LOCK
from sales_pipeline.selftest.comparing import what_is_there

LANDING, LAKEHOUSE = "landing", "lakehouse"
DECLARED, SIDE = "declared.json", "side.json"


def run_side(folder: Path, engine: str, schema: str | None = None) -> None:
    """Runs over the landing files in a folder; writes down rows, versions and seconds.

    Args:
        folder: Where the landing files are, and the lakehouse comes to be.
        engine: The name of the engine.
        schema: How the schemas begin that are made in the declared catalog, and dropped again;
            without it the tables lie in the folder.
    """
    text = (folder.parent / DECLARED).read_text(encoding="utf-8")
    declared = Declaration.model_validate_json(text)
    places = {"landing": str(folder / LANDING), "lakehouse": str(folder / LAKEHOUSE)}
    tables = {"schema_name": schema} if schema else {"catalog": None}
    declaration = declared.model_copy(update={**places, **tables, "engine": engine})
    try:
        found = _found(declaration)
    finally:
        if schema:
            _drop_schemas(declaration)
    (folder / SIDE).write_text(json.dumps(found), encoding="utf-8")


def _found(declaration: Declaration) -> dict[str, object]:
    began = time.monotonic()
    pipeline.run(declaration)
    seconds = time.monotonic() - began
    with opened_lakehouse(declaration) as lakehouse:
        return {
            "seen": what_is_there(lakehouse, folders_of(declaration)),
            "versions": dict(lakehouse.engine.versions()),
            "seconds": seconds,
        }


def _drop_schemas(declaration: Declaration) -> None:
    with closing(open_engine(declaration)) as engine:
        lakehouse = Lakehouse(declaration, engine)
        remove_tables(lakehouse, ())
        engine.drop(LOCK.name)
        for schema in {engine.table_name(name).rpartition(".")[0] for name in lakehouse.tables}:
            engine.spark().sql(f"DROP SCHEMA IF EXISTS {schema}")


if __name__ == "__main__":
    try:
        run_side(Path(sys.argv[1]), *sys.argv[2:])
    except SalesPipelineError as error:
        sys.exit(str(error))
