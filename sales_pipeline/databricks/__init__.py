"""Work with a Databricks workspace from outside: the gate, and the files of a bundle.

Nothing here knows Spark. databricks-sdk is imported in `workspace.py` only, when a workspace is
asked for the first time.
"""
