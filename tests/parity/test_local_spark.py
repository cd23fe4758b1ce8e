"""The engine `spark` beside a program's own Spark, as in a notebook: nothing of it changes.

A process has one Spark, so each test is a process of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("spark")

PROGRAM = """\
import os, sys
from pathlib import Path
from pyspark import SparkContext
from pyspark.sql import SparkSession
from sales_pipeline import pipeline
from sales_pipeline.engines.jvm_spark import DELTA_SETTINGS, JARS_VARIABLE, LocalSparkSession
from sales_pipeline.errors import UsageError
from tests.retailer import Retailer, sale

JDBC = "org.apache.spark.sql.execution.datasources.v2.jdbc.JDBCTableCatalog"
OTHER_CATALOG = {
    "spark.sql.catalog.other": JDBC,
    "spark.sql.catalog.other.url": "jdbc:derby:memory:other;create=true",
    "spark.sql.catalog.other.driver": "org.apache.derby.jdbc.EmbeddedDriver",
    "spark.sql.defaultCatalog": "other",
}

def program(delta, settings={}):
    os.environ["PYSPARK_PYTHON"] = sys.executable  # As in an environment that is activated.
    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    for key, value in settings.items():
        builder = builder.config(key, value)
    if delta:
        for key, value in DELTA_SETTINGS.items():
            builder = builder.config(key, value)
        if folder := os.environ.get(JARS_VARIABLE):
            jars = ",".join(map(str, Path(folder).glob("*.jar")))
            builder = builder.config("spark.jars", jars)
        else:
            from delta import configure_spark_with_delta_pip
            builder = configure_spark_with_delta_pip(builder)
    return builder.getOrCreate()

def refusal(catalog=None):
    try:
        LocalSparkSession(catalog).spark()
    except UsageError as error:
        return str(error)

def run(folder):
    retailer = Retailer(folder)
    retailer.declared["engine"] = "spark"
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    assert retailer.run().rows == 4
    assert retailer.rows("silver.sales", "sale_id") == [("1",)]

def is_running():
    return SparkContext._active_spark_context is not None
"""
BESIDE = """\
spark = program(delta=True, settings=OTHER_CATALOG)
spark.conf.set("spark.sql.session.timeZone", "Europe/Paris")
spark.conf.set("spark.sql.ansi.enabled", "false")
spark.conf.set("spark.sql.shuffle.partitions", "7")
spark.range(3).createOrReplaceTempView("of_the_program")
before = spark.conf.getAll
run(Path(sys.argv[1]))
assert spark.conf.getAll == before
assert spark.catalog.currentCatalog() == "other"
assert SparkSession.getActiveSession() is spark
assert SparkSession.builder.getOrCreate() is spark
assert spark.table("of_the_program").count() == 3
ours = LocalSparkSession()
assert ours.spark().conf.get("spark.sql.session.timeZone") == "UTC"
spark.stop()
ours.close()
"""
WITHOUT_DELTA = """\
spark = program(delta=False)
said = refusal()
assert said.startswith("engine: this process has a session of Spark without Delta Lake, got "), said
assert "Do: stop it, and Spark is started with Delta Lake, or start it with spark.sql.ext" in said
assert spark.range(3).count() == 3
spark.stop()
context = SparkContext("local[1]", "a program")
assert refusal().startswith("engine: this process has a SparkContext without a session. Do: ")
assert context.parallelize([1]).count() == 1
context.stop()
"""
OWN = """\
first = LocalSparkSession()
assert "forgets spark_catalog with its end" in refusal("spark_catalog")
assert not is_running()
assert first.spark().range(3).count() == 3
assert "forgets spark_catalog with its end" in refusal("spark_catalog")
assert is_running()
second = LocalSparkSession()
assert second.spark() is first.spark()
first.close()
assert second.spark().range(3).count() == 3
second.close()
assert not is_running()
third = LocalSparkSession()
assert third.spark().range(3).count() == 3
third.close()
assert not is_running()
"""


@pytest.mark.parametrize("script", [BESIDE, WITHOUT_DELTA, OWN], ids=["beside", "no_delta", "own"])
def test_a_spark_of_the_program_stays_as_it_is_and_one_of_ours_ends(
    tmp_path: Path, script: str
) -> None:
    # Sessions of Spark Connect in this process say so in its environment.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SPARK_")}
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM + script, str(tmp_path)],
        env=kept | {"PYTHONPATH": str(Path(__file__).parents[2])},
        cwd=tmp_path,
        text=True,
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
