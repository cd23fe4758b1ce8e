"""Handles files before they are rows: discovery, the reader, the archive."""
