"""The landing file of `doctor`: it has the shape of the first feed, and is read where tasks run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sales_pipeline.proofs import folder_checks
from sales_pipeline.proofs.diagnosis import Check, CheckFailed, run_check
from sales_pipeline.proofs.workbench import Workbench
from tests.retailer import Retailer

_NAMES = ("product", "sale_id", "sold_on", "unit_price", "amount", "quantity")


@pytest.mark.parametrize(
    ("csv", "columns"),
    [
        ({}, {}),
        ({"delimiter": ";", "quote": "'", "encoding": "utf-16"}, {}),
        (
            {"skip_lines": 2, "footer_lines": 1, "encoding": "cp932"},
            {"product": 'the "item", sold'},
        ),
        ({"header": False}, {name: at for at, name in enumerate(_NAMES, start=2)}),
    ],
)
def test_the_file_of_a_doctor_has_the_shape_of_the_first_feed(
    csv: dict[str, Any], columns: dict[str, Any], bench: Workbench, retailer: Retailer
) -> None:
    feed = retailer.declared["feeds"]["lyon"]
    feed["csv"] = csv
    feed["columns"] |= columns
    shaped = replace(bench, declaration=retailer.declaration, probe=retailer.folder / "probe.csv")
    assert shaped.probe
    shaped.probe.write_bytes(folder_checks.probe_bytes(shaped.declaration))
    assert folder_checks.reader(shaped).startswith("3 records in the shape of lyon")


def test_a_file_that_the_tasks_see_otherwise_is_told_so(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.probe = bench.landing / "probe.csv"
    bench.probe.write_bytes(folder_checks.probe_bytes(bench.declaration))
    monkeypatch.setattr(folder_checks, "sha256_of", lambda _: "0" * 64)
    with pytest.raises(
        CheckFailed, match="where the tasks run it is not there, or another"
    ) as wrong:
        folder_checks.reader(bench)
    assert wrong.value.remedy == "let them see the landing folder under the same path"


def test_a_reader_that_the_engine_has_not_is_told(bench: Workbench, retailer: Retailer) -> None:
    retailer.declared["reader"] = "builtin"
    declared = replace(bench, declaration=retailer.declaration, probe=bench.landing / "probe.csv")
    finding = run_check(Check("reader", folder_checks.reader, "do"), declared, [], hide=str)
    assert finding.detail.startswith("reader: builtin is Spark's own CSV reader")
    assert finding.remedy.startswith("declare reader: python")
