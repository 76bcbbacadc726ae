"""Records in, findings out: pure functions and small classes.

Nothing here does I/O, looks at a clock or draws random numbers without a seed parameter.
"""
