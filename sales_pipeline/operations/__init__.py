"""Commands of a person other than `run`: decide, plan, roll back, rebuild, maintain."""
