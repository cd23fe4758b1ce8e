"""Proofs that users run in their own place: `selftest`, `certify` and `doctor`."""
