"""The tables of a lakehouse, how they are written, and the ledger."""
