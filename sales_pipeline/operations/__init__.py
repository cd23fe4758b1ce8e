"""Commands of a person other than `run`: decide, plan, go back, make again, maintain."""
