"""Runs Spark code over Delta tables: sessions, and the abilities of each."""
