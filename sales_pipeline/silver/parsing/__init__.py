"""Parses texts of files as numbers, days and products."""
