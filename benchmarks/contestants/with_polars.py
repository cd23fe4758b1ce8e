"""The main job as a script with Polars and delta-rs; it keeps none of the pipeline's promises.

python with_polars.py FOLDER TABLES
"""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path

import polars as pl

# Store -> delimiter, decimal mark, date format, currency, language.
STORES = {
    "paris": (";", ",", "%d/%m/%Y", "EUR", "fr"),
    "new_york": (",", ".", "%m/%d/%Y", "USD", "en"),
    "tokyo": (",", ".", "%Y/%m/%d", "JPY", "en"),
}
EUROS = {"EUR": "1", "USD": "0.85", "JPY": "0.0055"}
COLUMNS = ["sale_id", "sold_on", "product", "category", "unit_price", "quantity", "amount"]


def main(folder: Path, tables: Path) -> None:
    """Reads all landing files and writes a raw table, a typed table and the four answers."""
    landing = folder / "landing"
    catalogue = pl.scan_csv(landing / "catalogue" / "*.csv")
    pl.concat([landed(landing, store) for store in STORES]).sink_delta(tables / "raw")
    raw = pl.scan_delta(tables / "raw")
    # Far cheaper than unique() over all sales.
    key = ["store", "sale_id"]
    repeated = raw.group_by(key).len().filter(pl.col("len") > 1).collect(engine="streaming").lazy()
    sales = [typed(raw, store, catalogue) for store in STORES]
    once = [lines.join(repeated, on=key, how="anti") for lines in sales]
    again = [lines.join(repeated, on=key, how="semi").unique(key, keep="any") for lines in sales]
    pl.concat([*once, *again]).sink_delta(tables / "sales")
    rates = pl.LazyFrame(
        {"currency": list(EUROS), "rate": [Decimal(rate) for rate in EUROS.values()]},
        schema_overrides={"rate": pl.Decimal(5, 4)},
    )
    cube = (
        pl.scan_delta(tables / "sales")
        .group_by(
            pl.col("sold_on").dt.year().alias("year"),
            pl.col("sold_on").dt.month().alias("month"),
            *("store", "product", "category", "currency"),
        )
        .agg(units=pl.sum("quantity").cast(pl.Int64), amount=pl.sum("amount"))
        .join(rates, on="currency")
        .with_columns(revenue=pl.col("amount") * pl.col("rate"))
        .collect(engine="streaming")
    )
    revenue = pl.sum("revenue").round(2, mode="half_away_from_zero")
    products = cube.group_by("product", "category").agg(pl.sum("units"), revenue)
    answers = {
        "revenue_per_month": cube.group_by("year", "month").agg(revenue).sort("year", "month"),
        "revenue_per_month_and_shop": cube.group_by("year", "month", "store")
        .agg(revenue)
        .sort("year", "month", "store"),
        "top_selling_products": products.sort("units", "product", descending=[True, False]),
        "top_selling_products_by_revenue": products.sort(
            "revenue", "product", descending=[True, False]
        ),
    }
    for answer, rows in answers.items():
        rows.write_delta(tables / answer)


def landed(landing: Path, store: str) -> pl.LazyFrame:
    """Returns the records of a store's files, with every column as text."""
    return pl.scan_csv(
        landing / store / "*.csv",
        separator=STORES[store][0],
        infer_schema=False,
        new_columns=COLUMNS,
    ).select(pl.lit(store).alias("store"), *COLUMNS)


def typed(raw: pl.LazyFrame, store: str, catalogue: pl.LazyFrame) -> pl.LazyFrame:
    """Returns a store's sales, without what cannot be read."""
    _, decimal, date_format, currency, language = STORES[store]

    def money(column: str) -> pl.Expr:
        text = pl.col(column).str.replace(decimal, ".", literal=True)
        return (pl.col(column) if decimal == "." else text).cast(pl.Decimal(18, 4), strict=False)

    names = catalogue.select(
        pl.col(f"product_{language}").alias("product"),
        pl.col("product_en").alias("name"),
        pl.col("category_en").alias("category"),
    )
    return (
        raw.filter(pl.col("store") == store)
        .drop("category")
        .join(names, on="product")
        .select(
            *("store", "sale_id"),
            pl.col("sold_on").str.to_date(date_format, strict=False),
            pl.col("name").alias("product"),
            "category",
            money("unit_price"),
            pl.col("quantity").cast(pl.Int32, strict=False),
            money("amount"),
            pl.lit(currency).alias("currency"),
        )
        .drop_nulls()
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
