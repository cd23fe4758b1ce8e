"""The main job as a script with DuckDB and delta-rs; it keeps none of the pipeline's promises.

python with_duckdb.py FOLDER TABLES
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb
from deltalake import DeltaTable, write_deltalake

# Store -> delimiter, decimal mark, date format, currency, language.
STORES = {
    "paris": (";", ",", "%d/%m/%Y", "EUR", "fr"),
    "new_york": (",", ".", "%m/%d/%Y", "USD", "en"),
    "tokyo": (",", ".", "%Y/%m/%d", "JPY", "en"),
}
EUROS = {"EUR": "1", "USD": "0.85", "JPY": "0.0055"}
COLUMNS = ("sale_id", "sold_on", "product", "category", "unit_price", "quantity", "amount")
TEXTS = ", ".join(f"'{column}': 'VARCHAR'" for column in COLUMNS)


def main(folder: Path, tables: Path) -> None:
    """Reads all landing files and writes a raw table, a typed table and the four answers."""
    con = duckdb.connect()
    con.sql("SET preserve_insertion_order = false")

    def write(table: str, query: str) -> None:
        path = tables / table
        write_deltalake(path, con.sql(query).to_arrow_reader(122_880))
        con.read_parquet(DeltaTable(path).file_uris()).create_view(table)

    landing = folder / "landing"
    con.read_csv(str(landing / "catalogue" / "*.csv")).create_view("catalogue")
    write("raw", " UNION ALL ".join(landed(landing, store) for store in STORES))
    # Far cheaper than DISTINCT ON over all sales.
    con.sql(
        """
        CREATE TABLE repeated AS
        SELECT store, sale_id FROM raw GROUP BY ALL HAVING count(*) > 1"""
    )
    write(
        "sales",
        " UNION ALL ".join(
            f"SELECT * FROM ({typed(store)}) ANTI JOIN repeated USING (store, sale_id) UNION ALL "
            f"SELECT DISTINCT ON (sale_id) * FROM ({typed(store)}) "
            "SEMI JOIN repeated USING (store, sale_id)"
            for store in STORES
        ),
    )
    rates = ", ".join(f"('{currency}', {rate}::DECIMAL(5,4))" for currency, rate in EUROS.items())
    con.sql(
        f"""
        CREATE TABLE cube AS
        SELECT year(sold_on) AS year, month(sold_on) AS month, store, product, category,
               sum(quantity) AS units, sum(amount) * any_value(rate) AS revenue
        FROM sales JOIN (VALUES {rates}) rates(currency, rate) USING (currency)
        GROUP BY ALL"""
    )
    revenue = "round(sum(revenue), 2)::DECIMAL(18,2) AS revenue"
    product = f"product, category, sum(units)::BIGINT AS units, {revenue}"
    for answer, query in {
        "revenue_per_month": f"year, month, {revenue} FROM cube GROUP BY ALL ORDER BY ALL",
        "revenue_per_month_and_shop": f"year, month, store, {revenue} FROM cube "
        "GROUP BY ALL ORDER BY ALL",
        "top_selling_products": f"{product} FROM cube GROUP BY ALL ORDER BY units DESC, product",
        "top_selling_products_by_revenue": f"{product} FROM cube "
        "GROUP BY ALL ORDER BY revenue DESC, product",
    }.items():
        write(answer, f"SELECT {query}")


def landed(landing: Path, store: str) -> str:
    """Returns the query of a store's files, with every column as text."""
    delimiter = STORES[store][0]
    return f"""
        SELECT '{store}' AS store, * FROM read_csv('{landing}/{store}/*.csv', delim='{delimiter}',
            quote='"', header=true, auto_detect=false, null_padding=true, columns={{{TEXTS}}})"""


def typed(store: str) -> str:
    """Returns the query of a store's sales, without what cannot be read."""
    _, decimal, date_format, currency, language = STORES[store]

    def money(column: str) -> str:
        text = column if decimal == "." else f"replace({column}, '{decimal}', '.')"
        return f"try_cast({text} AS DECIMAL(18,4)) AS {column}"

    return f"""
        SELECT * FROM (
            SELECT store, sale_id, try_strptime(sold_on, '{date_format}')::DATE AS sold_on,
                   product_en AS product, category_en AS category, {money("unit_price")},
                   try_cast(quantity AS INTEGER) AS quantity, {money("amount")},
                   '{currency}' AS currency
            FROM raw JOIN catalogue ON raw.product = catalogue.product_{language}
            WHERE store = '{store}')
        WHERE sold_on IS NOT NULL AND quantity IS NOT NULL AND amount IS NOT NULL"""


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
