"""The verdict on one record: its reasons, rules, money, key, store and currency."""
