"""`sales-pipeline restore`: the ledger again, from bronze and the archive."""

from __future__ import annotations

from sales_pipeline.cli.options import Changing, JsonOption
from sales_pipeline.cli.screen import show_report

EXAMPLE = """\b
Examples:
  sales-pipeline restore
  sales-pipeline restore && sales-pipeline run
"""


def restore(*, as_json: JsonOption = False, shared: Changing) -> None:
    """Makes a lost ledger again, from bronze and the archive.

    Use it if a command says that ops.deliveries or ops.runs is missing or damaged. Each archived
    file is found again in bronze by its records; what cannot be known is said. Then a run makes
    silver and gold again from the deliveries. No delivered file is moved or removed.
    """
    declaration = shared.declaration()
    # Arrow and delta-rs come with these imports, and --help must not wait for them.
    from sales_pipeline.cli.stopping import stopped_by_signals
    from sales_pipeline.operations import restore as operation
    from sales_pipeline.report.restored import restored_document, restored_text

    with stopped_by_signals("the same again, which begins anew"):
        restored = operation.restore(declaration, wait_seconds=shared.wait)
    show_report(restored, restored_document, restored_text, as_json=as_json)
