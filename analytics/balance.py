"""How evenly something lies on the workers that could have it."""

from collections.abc import Sequence
from math import fsum

__all__ = ["jain_index"]


def jain_index(loads: Sequence[float]) -> float | None:
    """Jain's fairness index of loads >= 0: from 1/n (one has all) to 1 (all have the same).

    `(sum x)^2 / (n * sum x^2)`, R. Jain, D. Chiu, W. Hawe, "A quantitative measure of fairness and
    discrimination for resource allocation in shared computer systems", DEC TR-301 (1984). None
    without loads, and where all are 0: nothing is shared out then. Raises `ValueError` for a
    negative load.
    """
    if any(load < 0 for load in loads):
        raise ValueError("a load is negative")
    largest = max(loads, default=0.0)
    if largest == 0:
        return None
    shares = [load / largest for load in loads]  # so that no square is too large or too small
    return min(1.0, fsum(shares) ** 2 / (len(shares) * fsum(share**2 for share in shares)))
