"""A record as JSON is the same text on every engine."""

from __future__ import annotations

import json

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from sales_pipeline.engines.engine import Engine
from sales_pipeline.silver.parsing.spark_expressions import as_json

TEXTS = [f"a{chr(code)}b\\" for code in [*range(0x200), 0x2028, 0xFEFF, 0x1F600]]
TEXTS += ["\\u001B", "\\\\u001B\x1b\x1b", "\\\x0b\\u000B", '"/']


def made_of(spark: SparkSession) -> list[str]:
    """The texts as JSON, in order."""
    frame = spark.createDataFrame(list(enumerate(TEXTS)), "at INT, text STRING")
    rows = frame.select("at", as_json(F.struct("text")).alias("json")).collect()
    return [row["json"] for row in sorted(rows, key=lambda row: row["at"])]


def expected() -> list[str]:
    """What Python's own encoder makes of them."""
    return [json.dumps({"text": text}, ensure_ascii=False, separators=(",", ":")) for text in TEXTS]


def test_p7_it_is_what_pythons_own_encoder_gives(engine: Engine) -> None:
    assert made_of(engine.spark()) == expected()
