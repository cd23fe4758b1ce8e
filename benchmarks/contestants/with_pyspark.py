"""The main job as a script with PySpark and Delta Lake; it keeps none of the pipeline's promises.

    python with_pyspark.py FOLDER TABLES

SALES_PIPELINE_JARS names a folder with Delta's jars; without it Spark fetches them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from delta import configure_spark_with_delta_pip
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

# Store -> delimiter, decimal mark, date format, currency, language.
STORES = {
    "paris": (";", ",", "dd/MM/yyyy", "EUR", "fr"),
    "new_york": (",", ".", "MM/dd/yyyy", "USD", "en"),
    "tokyo": (",", ".", "yyyy/MM/dd", "JPY", "en"),
}
EUROS = {"EUR": "1", "USD": "0.85", "JPY": "0.0055"}
COLUMNS = ("sale_id", "sold_on", "product", "category", "unit_price", "quantity", "amount")


def main(folder: Path, tables: Path) -> None:
    """Reads all landing files and writes a raw table, a typed table and the four answers."""
    spark = session()

    def write(table: str, rows: DataFrame) -> DataFrame:
        rows.write.format("delta").save(str(tables / table))
        return spark.read.format("delta").load(str(tables / table))

    landing = folder / "landing"
    catalogue = spark.read.csv(str(landing / "catalogue"), header=True)
    raw = write("raw", union([landed(spark, landing, store) for store in STORES]))
    sales = write(
        "sales",
        union([typed(raw, store, catalogue) for store in STORES]).dropDuplicates(
            ["store", "sale_id"]
        ),
    )
    rates = spark.createDataFrame([*EUROS.items()], "currency STRING, rate STRING")
    cube = (
        sales.groupBy(
            F.year("sold_on").alias("year"),
            F.month("sold_on").alias("month"),
            *("store", "product", "category", "currency"),
        )
        .agg(F.sum("quantity").alias("units"), F.sum("amount").alias("amount"))
        .join(F.broadcast(rates), "currency")
        .withColumn("revenue", F.col("amount") * F.col("rate").cast("DECIMAL(5,4)"))
        .cache()
    )
    revenue = F.round(F.sum("revenue"), 2).alias("revenue")
    products = cube.groupBy("product", "category").agg(F.sum("units").alias("units"), revenue)
    for answer, rows in {
        "revenue_per_month": cube.groupBy("year", "month").agg(revenue).orderBy("year", "month"),
        "revenue_per_month_and_shop": cube.groupBy("year", "month", "store")
        .agg(revenue)
        .orderBy("year", "month", "store"),
        "top_selling_products": products.orderBy(F.desc("units"), "product"),
        "top_selling_products_by_revenue": products.orderBy(F.desc("revenue"), "product"),
    }.items():
        write(answer, rows.coalesce(1))
    spark.stop()


def session() -> SparkSession:
    """Starts Spark on all cores, set up for one machine."""
    cores = str(os.cpu_count())
    builder = SparkSession.builder.master("local[*]")
    if jars := os.environ.get("SALES_PIPELINE_JARS"):
        builder = builder.config("spark.jars", ",".join(map(str, Path(jars).glob("*.jar"))))
    else:
        builder = configure_spark_with_delta_pip(builder)
    for key, value in {
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.shuffle.partitions": cores,
        "spark.databricks.delta.snapshotPartitions": cores,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
    }.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def landed(spark: SparkSession, landing: Path, store: str) -> DataFrame:
    """Returns the records of a store's files, with every column as text."""
    schema = ", ".join(f"{column} STRING" for column in COLUMNS)
    files = spark.read.csv(str(landing / store), schema, sep=STORES[store][0], header=True)
    return files.select(F.lit(store).alias("store"), *COLUMNS)


def typed(raw: DataFrame, store: str, catalogue: DataFrame) -> DataFrame:
    """Returns a store's sales, without what cannot be read."""
    _, decimal, date_format, currency, language = STORES[store]

    def money(column: str) -> Column:
        return F.replace(column, F.lit(decimal), F.lit(".")).try_cast("DECIMAL(18,4)").alias(column)

    names = catalogue.select(
        F.col(f"product_{language}").alias("product"),
        F.col("product_en").alias("name"),
        F.col("category_en").alias("category"),
    )
    return (
        raw.where(F.col("store") == store)
        .drop("category")
        .join(F.broadcast(names), "product")
        .select(
            *("store", "sale_id"),
            F.try_to_date("sold_on", date_format).alias("sold_on"),
            F.col("name").alias("product"),
            "category",
            money("unit_price"),
            F.col("quantity").try_cast("INT").alias("quantity"),
            money("amount"),
            F.lit(currency).alias("currency"),
        )
        .dropna()
    )


def union(parts: list[DataFrame]) -> DataFrame:
    """Returns the rows of several frames of the same columns."""
    rows, *others = parts
    for other in others:
        rows = rows.unionAll(other)
    return rows


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
