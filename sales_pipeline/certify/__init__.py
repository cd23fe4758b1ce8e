"""The same files through two engines, every row compared, and a certificate of it."""
