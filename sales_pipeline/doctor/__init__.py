"""Checks an engine in the user's own place, with tables and a file of its own."""
