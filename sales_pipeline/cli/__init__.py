"""The commands: each module parses its options, calls one function, prints what it returns.

Everything heavy is imported inside the commands, so that `--help` stays quick.
"""
