"""A retailer with one store, as a person declares it in a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

DECLARATION = """\
catalogue:
  languages:
    fr: {product: produit, category: catégorie}
    en: {product: product, category: category}
feeds:
  lyon:
    landing: lyon/*.csv
    store: {id: lyon, name: Lyon, city: Lyon, country: FR}
    currency: EUR
    language: fr
    date_formats: yyyy-MM-dd
    max_quarantined: 100%
    columns: {sale_id: id, sold_on: day, product: item, quantity: units, amount: total}
"""
CATALOGUE = "produit,catégorie,product,category\nThé vert,Thé,Green tea,Tea\n"


def declare_lyon(folder: Path, files: Mapping[str, str], *, more: str = "") -> None:
    """Writes the declaration, the catalogue and files of sales.

    Args:
        folder: Where `config.yaml` and the landing folder come to be.
        files: The texts of the files, by their path below the landing folder.
        more: Lines that say more of the feed.
    """
    (folder / "config.yaml").write_text(DECLARATION + more, encoding="utf-8")
    for name, text in {"catalogue/names.csv": CATALOGUE, **files}.items():
        target = folder / "landing" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
