"""The cube and the four answers."""
