"""Named statistics that several findings rest on."""

from math import sqrt

__all__ = ["wilson_upper"]

Z_95 = 1.96
"""Standard normal quantile of a two-sided interval of 95 %."""


def wilson_upper(failures: int, total: int, z: float = Z_95) -> float:
    """Upper end of the Wilson score interval of a failure rate, a ratio 0..1.

    Unlike failures / total it does not call 0 of 3 perfect: few observations leave a high
    bound. E. B. Wilson, "Probable inference, the law of succession, and statistical
    inference", JASA 22 (1927). Raises `ValueError` unless 0 <= failures <= total and total > 0.
    """
    if total <= 0 or not 0 <= failures <= total:
        raise ValueError(f"want 0 <= failures <= total and total > 0, not {failures} of {total}")
    rate = failures / total
    centre = rate + z * z / (2 * total)
    half_width = z * sqrt(rate * (1 - rate) / total + z * z / (4 * total * total))
    return min(1.0, (centre + half_width) / (1 + z * z / total))
