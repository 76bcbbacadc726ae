"""How long work waits for one of many equal workers, and how many workers a wait needs.

Erlang C is the wait of M/M/c: A. K. Erlang, "Solution of some problems in the theory of
probabilities of significance in automatic telephone exchanges" (1917). Other arrivals and
services multiply it, as Allen and Cunneen do (A. O. Allen, "Probability, Statistics, and Queueing
Theory", 2nd ed., 1990), by the mean of both squared coefficients of variation. By itself that is
off by a factor where there are many workers, so it is corrected (`mean_wait_s`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import erfc, exp, floor, inf, isfinite, log, pi, sqrt

__all__ = ["MOST_LOAD", "Traffic", "arrival_rate_for", "erlang_c", "mean_wait_s", "workers_for"]

MOST_LOAD = 1e12
"""Erlangs. Above it floats no longer tell one worker from the next."""

EXACT_LOAD = 1e5
"""Erlangs up to which the sum is taken; from there on the limit of Halfin and Whitt is off by less
than 2 % where anybody waits."""

ENOUGH = 1e-16
OVERFLOW = 1e300
HALVINGS = 60
PEAK_VARIED, PEAK_EVEN = 0.24, 1.0
PEAKED_POWER, BURST_WEIGHT, EVEN_WEIGHT = 0.7, 1.5, 0.1


@dataclass(frozen=True)
class Traffic:
    """Work that arrives, and how long each piece keeps one worker busy.

    The squared coefficients of variation are those of the service times and of the times between
    arrivals: 1 for exponential ones. Raises `ValueError` for what is negative or not finite, and
    for a load above `MOST_LOAD`.
    """

    arrival_rate_per_s: float
    service_s: float
    service_cv2: float = 1.0
    arrival_cv2: float = 1.0

    def __post_init__(self) -> None:
        given = (self.arrival_rate_per_s, self.service_s, self.service_cv2, self.arrival_cv2)
        if not all(isfinite(each) and each >= 0 for each in given):
            raise ValueError(f"what is known of traffic must be finite and >= 0, not {given}")
        if self.load > MOST_LOAD:
            raise ValueError(f"a load of {self.load:.4g} workers is above {MOST_LOAD:.0e}")

    @property
    def load(self) -> float:
        """Workers that are busy on average (Little), in erlangs."""
        return self.arrival_rate_per_s * self.service_s


def erlang_c(load: float, workers: float) -> float:
    """The share of arrivals that must wait, 0..1: 1 where `workers` cannot keep up with `load`.

    `load` in erlangs. 1 / B (Erlang's loss) is summed as 1 + c/a + c(c-1)/a^2 + ..., in the order
    of sqrt(load) terms, and its logarithm is interpolated between whole numbers of workers. Above
    `EXACT_LOAD` it is the limit of S. Halfin and W. Whitt, "Heavy-traffic limits for queues with
    many exponential servers" (1981). Raises `ValueError` below 0.
    """
    if not (load >= 0 and workers >= 0):
        raise ValueError(f"load and workers must be >= 0, not {load} and {workers}")
    if workers <= load:
        return 1.0
    if load == 0:
        return 0.0
    if load > EXACT_LOAD:
        return _halfin_whitt((workers - load) / sqrt(load))
    return workers / (load + (workers - load) * _inverse_erlang_b(load, workers))


def mean_wait_s(traffic: Traffic, workers: int) -> float:
    """Seconds that an arrival waits on average; infinite where `workers` cannot keep up.

    Erlang C times the factor of Allen and Cunneen, with three corrections. Services: T. Kimura,
    "A two-moment approximation for the mean waiting time in the GI/G/s queue" (1986), with the
    M/D/c of G. P. Cosmetatos (1975). Arrivals: load and workers are divided by the peakedness as
    in Hayward's approximation (A. A. Fredericks, "Congestion in blocking systems", 1980); in
    bursts that is too much, and the power of 2/3 is what simulation left on the safe side.
    Bursts, too: W. Kraemer and M. Langenbach-Belz (1976). Exact for M/M/c and M/G/1; against
    simulation see `benchmarks.queueing`.
    """
    load = traffic.load
    if workers <= load:
        return inf
    if load / workers == 0:
        return 0.0
    peak = _peakedness(traffic)
    if peak == 0:
        return 0.0
    allen_cunneen = (traffic.arrival_cv2 + traffic.service_cv2) / 2
    corrected = allen_cunneen * _kimura(traffic, workers) * _bursts(traffic, workers)
    waiting = erlang_c(load / peak, workers / peak)
    return corrected * waiting * traffic.service_s / (workers - load)


def workers_for(traffic: Traffic, target_wait_s: float, most_utilization: float = 1.0) -> int:
    """The fewest workers whose mean wait is at most `target_wait_s`.

    They are busy for at most the share `most_utilization` of their time, and always more than
    the load. No traffic needs no workers. Raises `ValueError` for a target that is not above 0,
    and for a share outside 0..1.
    """
    if not target_wait_s > 0:
        raise ValueError(f"no number of workers keeps the wait at {target_wait_s} s")
    if not 0 < most_utilization <= 1:
        raise ValueError(f"the utilization must lie within 0..1, not {most_utilization}")
    if traffic.load == 0:
        return 0
    least = max(floor(traffic.load) + 1, _rounded_up(traffic.load / most_utilization))
    return _first(least, lambda workers: mean_wait_s(traffic, workers) <= target_wait_s)


def arrival_rate_for(
    traffic: Traffic, workers: int, target_wait_s: float, most_utilization: float = 1.0
) -> float:
    """The highest arrival rate per second that `workers` serve within the target.

    All but the rate is that of `traffic`, whose services must take time.
    """
    if traffic.service_s <= 0:
        raise ValueError("work that takes no time can arrive at any rate")
    low, high = 0.0, min(workers * most_utilization, MOST_LOAD) / traffic.service_s
    for _ in range(HALVINGS):
        rate = (low + high) / 2
        tried = Traffic(rate, traffic.service_s, traffic.service_cv2, traffic.arrival_cv2)
        if mean_wait_s(tried, workers) <= target_wait_s:
            low = rate
        else:
            high = rate
    return low


def _inverse_erlang_b(load: float, workers: float) -> float:
    whole = floor(workers)
    below = _inverse_sum(load, whole)
    part = workers - whole
    if not part or below >= OVERFLOW:
        return below
    # 1/B(c+1) = 1 + (c+1)/a / B(c), the recursion that Erlang B is mostly reckoned with.
    above = min(1 + (whole + 1) / load * below, OVERFLOW)
    return exp((1 - part) * log(below) + part * log(above))


def _inverse_sum(load: float, workers: int) -> float:
    total = term = 1.0
    for left in range(workers, 0, -1):
        term *= left / load
        total += term
        if total > OVERFLOW:
            return OVERFLOW
        if term < ENOUGH * total:
            break
    return total


def _halfin_whitt(spare: float) -> float:
    """`spare`: workers above the load, in square roots of the load."""
    density = exp(-spare * spare / 2) / sqrt(2 * pi)
    below = erfc(-spare / sqrt(2)) / 2
    return density / (density + spare * below)


def _kimura(traffic: Traffic, workers: int) -> float:
    """1 for exponential services and for one worker; constant services wait `1 + peak` halves.

    The peak is bounded so that the wait is rather too long: by the 0.24 of Kimura and Whitt
    where services vary more, and where they vary less so that it is not above M/M/c.
    """
    used = traffic.load / workers
    peak = (1 - used) * (workers - 1) * (sqrt(4 + 5 * workers) - 2) / (16 * workers * used)
    peak = min(peak, PEAK_VARIED if traffic.service_cv2 > 1 else PEAK_EVEN)
    return 1 / (traffic.service_cv2 + (1 - traffic.service_cv2) / (1 + peak))


def _peakedness(traffic: Traffic) -> float:
    """Variance / mean of busy workers if there were enough for all.

    Even arrivals show the more, the more even services are: by a half for exponential ones.
    """
    if traffic.arrival_cv2 > 1:
        peak: float = ((1 + traffic.arrival_cv2) / 2) ** PEAKED_POWER
        return peak
    return 1 - (1 - traffic.arrival_cv2) / (1 + sqrt(traffic.service_cv2))


def _bursts(traffic: Traffic, workers: int) -> float:
    arrivals, services = traffic.arrival_cv2, traffic.service_cv2
    used = traffic.load / workers
    if arrivals > 1:
        return exp(-BURST_WEIGHT * (1 - used) * (arrivals - 1) / (arrivals + 4 * services))
    if arrivals + services == 0:
        return 1.0
    even = 2 * (1 - used) * (1 - arrivals) ** 2 / (3 * used * (arrivals + services))
    return exp(-EVEN_WEIGHT * even)


def _rounded_up(workers: float) -> int:
    """Not for the sake of the last bits."""
    whole = floor(workers)
    return whole if workers - whole <= 1e-9 * workers else whole + 1


def _first(least: int, enough: Callable[[int], bool]) -> int:
    """The first number from `least` on that is enough; all after it are."""
    below, step = least - 1, 1
    while not enough(below + step):
        below, step = below + step, 2 * step
    while step > 1:
        step //= 2
        if not enough(below + step):
            below += step
    return below + 1
