"""One module for a subject, with its data, its text for a terminal, its JSON and its CSV.

Functions here return what they build; only `cli` prints. Only `first_records` needs Spark.
"""
