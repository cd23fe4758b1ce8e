"""What a run did and what the sales come to, as data, text, JSON and CSV.

Functions here build; only `cli` prints. Nothing here imports Spark.
"""
