"""The declaration of a retailer, loaded from `config.yaml` and validated.

`loader.load_config` is the entry point. Nothing here knows of Spark or of any data.
"""
