"""Writes the generated pages of docs/reference from the code: `make generate`.

tests/docs fails when a page is not what this would write, and when something that exists is
documented nowhere.
"""
