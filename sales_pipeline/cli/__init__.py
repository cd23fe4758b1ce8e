"""The commands: each module parses its options, calls one function, prints what it returns.

Everything heavy (Spark, Arrow, delta-rs, pydantic, rich) is imported inside the commands, so that
`--help` stays quick.
"""
