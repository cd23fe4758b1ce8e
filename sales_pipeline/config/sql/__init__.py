"""Declared SQL: expressions of one record, parsed before any engine is asked."""
