"""Kubernetes' quantities: `250m`, `1.5`, `128Mi`, `1e3`, `2k`."""

from functools import lru_cache

__all__ = ["SUFFIXES", "quantity"]

SUFFIXES = {
    "n": 1e-9,
    "u": 1e-6,
    "m": 1e-3,
    "": 1.0,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "P": 1e15,
    "E": 1e18,
    "Ki": 2.0**10,
    "Mi": 2.0**20,
    "Gi": 2.0**30,
    "Ti": 2.0**40,
    "Pi": 2.0**50,
    "Ei": 2.0**60,
}
LETTERS = "".join(SUFFIXES)


@lru_cache(maxsize=4096)
def quantity(text: str) -> float:
    """The amount, in the resource's own unit: cores, bytes, pieces. Raises `ValueError`."""
    number = text.rstrip(LETTERS)
    suffix = text[len(number) :]
    try:
        return float(number) * SUFFIXES[suffix]
    except (KeyError, ValueError) as error:
        raise ValueError(f"{text!r} is no quantity") from error
