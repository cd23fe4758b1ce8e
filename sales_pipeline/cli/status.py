"""`sales-pipeline status`: deliveries, runs, quarantine and the landing folder."""

from __future__ import annotations

from sales_pipeline.cli.options import JsonOption, Shared
from sales_pipeline.cli.screen import show, show_json
from sales_pipeline.engines.private_network import network_of_a_run

EXAMPLE = """\b
Examples:
  sales-pipeline status
  sales-pipeline status --json | jq '.feeds[] | {feed, last_at}'
"""


def status(
    *,
    as_json: JsonOption = False,
    shared: Shared,
) -> None:
    """Shows deliveries, runs, quarantine and landing folder.

    That is: deliveries by feed and state with the last one of each, the last runs, the records
    in quarantine and why they wait, the sales that later files displaced with another day or
    amount, and what the next run would make of the files in the landing folder. A feed that never
    delivered is shown, too. Nothing is changed.
    """
    declaration = shared.declaration()
    # Asked first: the answer is known only before the imports below start threads.
    network = network_of_a_run() if shared.verbose else None
    # Arrow and delta-rs come with these imports, and --help must not wait for them.
    from sales_pipeline.report import status as report

    lakehouse = report.status(declaration)
    if as_json:
        show_json(report.status_document(lakehouse) | ({"network": network} if network else {}))
    else:
        show(report.status_text(lakehouse))
        if network:
            show(f"\nEngine: {network}.")
