"""Lets pyspark's client start in the worker processes of pytest-xdist."""

from __future__ import annotations

import sys

# A program without a file is taken for a doctest of pyspark, which needs a whole Spark. pytest
# loads this file before any test of a run of tests/ begins.
main = sys.modules["__main__"]
if not hasattr(main, "__file__"):
    main.__file__ = "pytest-xdist"
