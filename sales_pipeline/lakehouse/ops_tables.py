"""The ledger's tables, declared once: deliveries, runs, balances; and the row of the lease."""

from __future__ import annotations

from sales_pipeline.engines.statements import Column
from sales_pipeline.lakehouse.tables import FILE_ID, Table, required

_ROW_COUNTS = ("accepted", "quarantined", "duplicate", "displaced", "excluded", "superseded")

DELIVERIES = Table(
    "ops.deliveries",
    "The ledger: every file that was ever claimed, repeated or rejected, and where it stands.",
    (
        FILE_ID,
        required("feed", "STRING", "the feed"),
        required("name", "STRING", "path of the file below the landing folder of its feed"),
        required("path", "STRING", "path of the file below the landing folder"),
        required("sha256", "STRING", "of the bytes of the file"),
        required("bytes", "BIGINT", "size of the file"),
        required("state", "STRING", "where the delivery stands, as in docs/deliveries.md"),
        Column("reason", "STRING", "why it was rejected, repeated, held or abandoned"),
        Column("supersedes", "BIGINT", "the delivery that this one corrects"),
        required("months", "ARRAY<DATE>", "months of gold that its steps touch"),
        Column("rows", "BIGINT", "records in the file, once it is in bronze"),
        required("fingerprint", "STRING", "of the declaration that judged its records"),
        required("claimed_at", "TIMESTAMP", "when it was claimed, UTC"),
        required("run_id", "STRING", "the run that wrote this row last"),
        Column("seen", "STRING", "size, time of change and inode of the file when it was hashed"),
        Column("mends", "STRING", "JSON: file, first, last row of the records that a replay mends"),
        Column("rolled_back_by", "STRING", "the rollback that holds it until it is released"),
        Column(
            "headers", "STRING", "JSON: header in the file -> column of bronze, or null: _extra"
        ),
    ),
    ("_file_id",),
)

RUNS = Table(
    "ops.runs",
    "Every run that changed something.",
    (
        required("run_id", "STRING", "sorts by the second of its start"),
        required("verb", "STRING", "what was asked for: run, rebuild, rollback, …"),
        required("started_at", "TIMESTAMP", "UTC"),
        required("finished_at", "TIMESTAMP", "UTC"),
        required("outcome", "STRING", "done, failed where something was refused, or unfinished"),
        required("engine", "STRING", "the engine"),
        required("version", "STRING", "version of this package"),
        required("files", "BIGINT", "deliveries that were taken in"),
        required("rows", "BIGINT", "records that were taken in"),
        required("seconds", "DOUBLE", "how long it took"),
        required("versions", "STRING", "JSON: table -> Delta version at the end of the run"),
        Column("rules", "STRING", "JSON: feed -> rule -> sales checked, and sales that broke it"),
        Column("to_run", "STRING", "the run whose state a rollback brought back"),
        Column("revenue", "STRING", "what gold adds up: as_delivered or net_of_tax"),
    ),
    ("run_id",),
)

BALANCE = Table(
    "ops.balance",
    "Every delivery balanced, in rows and in money for each currency.",
    (
        FILE_ID,
        required("feed", "STRING", "the feed"),
        required("currency", "STRING", "currency of the amounts"),
        required("delivered_rows", "BIGINT", "records in bronze"),
        *(required(f"{status}_rows", "BIGINT", f"records {status}") for status in _ROW_COUNTS),
        required("delivered_amount", "DECIMAL(38,4)", "readable amounts in bronze"),
        *(
            required(f"{status}_amount", "DECIMAL(38,4)", f"readable amounts {status}")
            for status in _ROW_COUNTS
        ),
        required("run_id", "STRING", "the run that counted"),
    ),
    ("_file_id", "currency"),
)

OPS_TABLES = (DELIVERIES, RUNS, BALANCE)

LOCK = Table(
    "ops.lock",
    "Who works on the lakehouse, where the engine asks for a lease: one row. No run, rollback or "
    "rebuild counts it among the tables; it is made when it is first needed.",
    (
        required("name", "STRING", "what is held: `lakehouse`"),
        Column("token", "STRING", "of who holds it; null where nobody does"),
        Column("host", "STRING", "the machine of who holds it, or held it last"),
        Column("process", "BIGINT", "the process there"),
        Column("verb", "STRING", "what it does: run, rebuild, rollback, …"),
        Column("taken_at", "TIMESTAMP", "since when, UTC"),
        Column("renewed_at", "TIMESTAMP", "when it last said that it is at work, UTC"),
    ),
    ("name",),
)

CLOSINGS = Table(
    "ops.closings",
    "The months that are closed: `close` adds a row for each, `reopen` removes it. Made when the "
    "first month is closed, as the other tables of closed months are.",
    (
        required("month", "DATE", "first day of the month"),
        required("closed_at", "TIMESTAMP", "when it was closed, UTC"),
        required("run_id", "STRING", "the run that closed it"),
        required("of_run", "STRING", "the finished run whose figures are kept"),
        required("revenue", "DECIMAL(38,18)", "its revenue then, in the base currency, unrounded"),
        required("last_file_id", "BIGINT", "the last delivery that the ledger knew then"),
        required("on_hold", "BOOLEAN", "whether a rate was missing then, so gold was not current"),
        required("passed_over", "ARRAY<STRING>", "the obstacles that `--anyway` passed over"),
    ),
    ("month",),
)

CLOSED_RECORDS = Table(
    "ops.closed_records",
    "What the records of a month came to when it was closed, by delivery and day; later "
    "changes are explained from it.",
    (
        required("month", "DATE", "the closed month"),
        FILE_ID,
        required("store", "STRING", "the id of the store"),
        required("currency", "STRING", "the currency of the amount"),
        required("sold_on", "DATE", "the day of the sales"),
        required("status", "STRING", "sale, duplicate or displaced, as in silver.records"),
        Column("winner_file_id", "BIGINT", "the delivery whose record counts instead"),
        required("records", "BIGINT", "their number"),
        Column("amount", "DECIMAL(38,4)", "the sum of their amounts, in `currency`"),
    ),
    ("month", "_file_id", "store", "currency", "sold_on", "status", "winner_file_id"),
)

CLOSED_RATES = Table(
    "ops.closed_rates",
    "The rate of each currency and day of a closed month, as it was known when it was closed.",
    (
        required("month", "DATE", "the closed month"),
        required("sold_on", "DATE", "the day"),
        required("currency", "STRING", "the currency; one in which anything was ever sold"),
        required("rate", "DECIMAL(19,14)", "units of base currency for one unit"),
    ),
    ("sold_on", "currency"),
)

CLOSED_DELIVERIES = Table(
    "ops.closed_deliveries",
    "The deliveries of a closed month as the ledger had them: those with records of the month, "
    "those that did not count, and the last one of each feed.",
    (
        required("month", "DATE", "the closed month"),
        FILE_ID,
        required("feed", "STRING", "the feed"),
        required("name", "STRING", "as in ops.deliveries"),
        required("path", "STRING", "path of the file below the landing folder"),
        required("state", "STRING", "where the delivery stood"),
        Column("supersedes", "BIGINT", "the delivery that it corrects"),
        required("fingerprint", "STRING", "of the declaration that judged its records"),
        Column("mends", "STRING", "as in ops.deliveries"),
        Column("rolled_back_by", "STRING", "as in ops.deliveries"),
    ),
    ("month", "_file_id"),
)
