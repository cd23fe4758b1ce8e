"""P7: a record as JSON is the same text on a JVM."""

from __future__ import annotations

from contextlib import closing

from sales_pipeline.engines.spark_connect import RemoteSparkSession
from tests.silver.test_as_json import expected, made_of


def test_p7_a_spark_connect_server_gives_what_pythons_own_encoder_gives(server: str) -> None:
    with closing(RemoteSparkSession(server)) as session:
        assert made_of(session.spark()) == expected()
