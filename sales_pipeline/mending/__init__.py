"""Quarantined records out to a person and back in: chosen, exported, mended, replayed."""
