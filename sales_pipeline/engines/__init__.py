"""Ways to run Spark code over Delta tables: sessions and what each can do."""
