"""Kills runs of a retailer's own declaration, on copies, and compares how they end."""
