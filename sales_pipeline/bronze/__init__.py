"""Landed bytes become one table a feed, untouched."""
