"""Names and codes as they are looked up, and what is most like one that is not known."""

from __future__ import annotations

import pytest

from sales_pipeline.silver.reference.products import CODE, Key, Names, NearNames, Product


def _known(*sources: tuple[str, str, str]) -> dict[Key, Product]:
    products = [
        Product(language, source, product, "Home", 1, row)
        for row, (language, source, product) in enumerate(sources, start=1)
    ]
    return {product.key: product for product in products}


KNOWN = _known(
    ("fr", "Thé vert", "Green tea"),
    ("fr", "Café moulu", "Ground coffee"),
    ("en", "Polish", "Shoe polish"),
    ("en", "polish", "Polish rye"),
    ("en", "VASE", "Vase"),
    ("en", "Vase", "Vase"),
    (CODE, "A-1", "Vase"),
)


@pytest.mark.parametrize(
    ("language", "source", "ignore_case", "product"),
    [
        ("fr", " The\u0301\u00a0 vert", False, "Green tea"),
        ("fr", "THÉ VERT", False, None),
        ("fr", "THÉ VERT", True, "Green tea"),
        ("en", "Thé vert", True, None),
        ("en", "polish", True, "Polish rye"),
        ("en", "POLISH", True, None),
        ("en", "vase", True, "Vase"),
        (CODE, " A-1 ", False, "Vase"),
        (CODE, "a-1", True, None),
        ("en", "A-1", False, None),
        ("en", "", True, None),
    ],
)
def test_a_name_is_found_by_its_form_and_caselessly_where_that_is_no_guess(
    language: str, source: str, *, ignore_case: bool, product: str | None
) -> None:
    looked_up = Names(KNOWN).lookup(language, source, ignore_case=ignore_case)
    assert (looked_up and looked_up.product) == product


def test_near_matches_are_the_likest_names_of_the_language() -> None:
    known = NearNames(KNOWN)
    assert known.like("fr", "THE VERT") == ["Thé vert"]
    assert known.like("fr", "Cafe moulu bio") == ["Café moulu"]
    assert known.like("en", "Thé vert") == []
    assert known.like(CODE, "A-7") == ["A-1"]
