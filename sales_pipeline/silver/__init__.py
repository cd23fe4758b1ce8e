"""Validates, deduplicates and balances records: one typed table; the catalogue; the rates."""
