"""Prices sales, and writes the cube and the four answers."""
