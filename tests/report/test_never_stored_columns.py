"""A run warns of columns that may be those of never_store under new names."""

from __future__ import annotations

import pytest

from sales_pipeline.report.run import run_document
from tests.retailer import HEADER, Retailer, sale


def _warnings(retailer: Retailer, header: str, *never_store: str) -> list[str]:
    retailer.declared["feeds"]["lyon"]["never_store"] = [*never_store]
    retailer.deliver_catalogue()
    columns = header.count(",") - HEADER.count(",")
    retailer.deliver("lyon/a.csv", sale("1") + ",x" * columns, header=header)
    report = retailer.run()
    assert report.exit_code == 0
    return [warning["sentence"] for warning in run_document(report)["warnings"]]


def test_a_renamed_column_that_is_never_stored_is_warned_of(retailer: Retailer) -> None:
    [sentence] = _warnings(retailer, f"{HEADER},customer name,till", "customer", "phone")
    assert sentence.startswith(
        "lyon/a.csv: lacks 'customer', 'phone' of never_store and has 'customer name', 'till', "
    )
    assert "Do: add what is personal of it to never_store" in sentence


@pytest.mark.parametrize(
    ("header", "never_store"),
    [
        (f"{HEADER}, CUSTOMER ,till", ["customer"]),
        (HEADER, ["customer"]),
        (f"{HEADER},till", []),
        (f"{HEADER},customer", ["customer", "phone"]),
    ],
    ids=["it is there", "nothing is undeclared", "none is declared", "only these are undeclared"],
)
def test_no_other_file_is_warned_of(
    retailer: Retailer, header: str, never_store: list[str]
) -> None:
    assert not _warnings(retailer, header, *never_store)
