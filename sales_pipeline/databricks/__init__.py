"""What is done with a Databricks workspace from outside: the gate, which runs a job and judges it.

It knows nothing of Spark. Everything of databricks-sdk is imported in `workspace.py`, when a
workspace is first asked for something.
"""
