"""The version, for the package's metadata as well (pyproject.toml reads it from here).

A constant: to look it up with importlib.metadata costs more than three times the start of Python.
"""

__all__ = ["VERSION"]

VERSION = "0.1.0"
