"""Texts of files become numbers, days and products."""
