"""Figures that say whether a period was good: comparisons, growth, shares, and causes of change."""
