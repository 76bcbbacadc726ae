"""What a worker is expected to do, and by how much it differs: the rungs of the ladder."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import numpy as np

from analytics.anomalies.histories import BoolArray, FloatArray, Grid
from analytics.anomalies.robust import known_median, spread

__all__ = ["LEAST_WORKERS", "NEWEST_STEPS", "Baseline", "Rung", "enough_peers", "learn", "rung_of"]

LEAST_WORKERS = 5
"""Of a pool, to compare them: a median of four others outvotes one that is odd."""

LEAVE_OUT_UP_TO = 30
"""Workers. In larger pools a worker moves the median too little to be left out of it."""

NEWEST_STEPS = 3
"""A worker that has told nothing for longer is not judged, and is no peer."""

OWN_DAYS, PROFILE_DAYS = 1, 7
LEAST_KNOWN_RATIO = 0.8
LEAST_LEARNT_DAYS = 0.5
"""Of known steps of a metric, for its spread to be learnt."""

PROFILE_WIDTH = timedelta(minutes=10)
"""Before and after, over which a profile is averaged."""

FLOOR_RATIO = 1e-3
"""Of the largest value of a metric in the pool: less is no difference."""

NEVER_BEFORE = 1 / FLOOR_RATIO
"""Deviation of a value other than 0 of a metric that was always 0."""


class Rung(StrEnum):
    """What a worker is compared with, the poorest first."""

    PEERS = "peers"
    OWN = "own history"
    OWN_PEERS = "own history and peers"
    PROFILE = "day profile"
    PROFILE_PEERS = "day profile and peers"

    @property
    def with_peers(self) -> bool:
        return self in (Rung.PEERS, Rung.OWN_PEERS, Rung.PROFILE_PEERS)

    @property
    def with_profile(self) -> bool:
        return self in (Rung.PROFILE, Rung.PROFILE_PEERS)


@dataclass(frozen=True)
class Baseline:
    """Learnt of each worker and metric; arrays are (workers, .., metrics)."""

    rung: Rung
    floor: FloatArray
    profile: FloatArray | None = None
    follows: FloatArray | None = None
    centre: FloatArray | None = None
    scale: FloatArray | None = None

    def differences(self, grid: Grid) -> FloatArray:
        """Measured less expected, in the metric's own unit."""
        rest = _without_profile(grid, self.profile)
        if self.follows is not None:
            rest = rest - self.follows[:, None] * _others(rest)
        elif self.rung is Rung.PEERS:
            rest = rest - _others(rest)
        return rest if self.centre is None else rest - self.centre[:, None]

    def deviations(self, grid: Grid) -> FloatArray:
        """Differences in units of what is usual."""
        rest = self.differences(grid)
        scale = spread(rest, axis=0)[None] if self.scale is None else self.scale[:, None]
        scale = np.broadcast_to(np.maximum(scale, self.floor), rest.shape)
        never = np.where(np.isfinite(rest), NEVER_BEFORE * np.sign(rest), np.nan)
        found: FloatArray = np.divide(rest, scale, out=never, where=scale > 0)
        return found


def enough_peers(grid: Grid) -> bool:
    """Whether the newest steps know enough workers to compare them."""
    return int(grid.known[:, -NEWEST_STEPS:].any(axis=1).sum()) >= LEAST_WORKERS


def rung_of(past: Grid, *, peers_now: bool) -> list[Rung | None]:
    """The best rung that each worker's past allows; None: too young, and too few peers.

    Peers help only who has had them for most of the past, and has them now.
    """
    known = past.known
    peers_then = known.sum(axis=0) >= LEAST_WORKERS
    peers = peers_now and float(peers_then.mean()) >= LEAST_KNOWN_RATIO
    found: list[Rung | None] = []
    for each in known:
        days = _days(each, past.day_steps)
        if days >= PROFILE_DAYS:
            found.append(Rung.PROFILE_PEERS if peers else Rung.PROFILE)
        elif days >= OWN_DAYS:
            found.append(Rung.OWN_PEERS if peers else Rung.OWN)
        else:
            found.append(Rung.PEERS if peers_now else None)
    return found


def _days(known: BoolArray, day_steps: int) -> float:
    """Since a worker is known; 0 where most of them are gaps."""
    if not known.any():
        return 0.0
    since = known[np.argmax(known) :]
    return len(since) / day_steps if since.mean() >= LEAST_KNOWN_RATIO else 0.0


def learn(grid: Grid, rung: Rung) -> Baseline:
    """What is usual, from the steps of `grid` alone.

    The profile is the median over the days at each step of the day. What is left follows the
    peers' median by least squares, both limited to five spreads, so that no spike bends it.
    """
    peak = np.where(np.isfinite(grid.values), np.abs(grid.values), 0.0).max(
        axis=(0, 1), initial=0.0
    )
    floor: FloatArray = FLOOR_RATIO * peak
    if rung is Rung.PEERS:
        return Baseline(rung, floor)
    profile = _profile(grid) if rung.with_profile else None
    rest = _without_profile(grid, profile)
    follows = None
    if rung.with_peers:
        common = _others(rest)
        follows = _slope(common, rest)
        rest = rest - follows[:, None] * common
    centre = known_median(rest, axis=1)
    scale = spread(rest - centre[:, None], axis=1)
    known = np.isfinite(rest).sum(axis=1) >= LEAST_LEARNT_DAYS * grid.day_steps
    return Baseline(rung, floor, profile, follows, centre, np.where(known, scale, np.nan))


def _profile(grid: Grid) -> FloatArray:
    workers, _, metrics = grid.values.shape
    days = -(-grid.values.shape[1] // grid.day_steps)
    padded = np.full((workers, days * grid.day_steps, metrics), np.nan)
    padded[:, : grid.values.shape[1]] = grid.values
    shape = (workers, days, grid.day_steps, metrics)
    from_start = known_median(padded.reshape(shape), axis=1)
    daily = np.roll(from_start, int(grid.slots[0]), axis=1)
    width = PROFILE_WIDTH // grid.step
    near = [np.roll(daily, shift, axis=1) for shift in range(-width, width + 1)]
    known = np.isfinite(near).sum(axis=0)
    total = np.where(np.isfinite(near), near, 0.0).sum(axis=0)
    profile: FloatArray = np.divide(total, known, out=np.full(total.shape, np.nan), where=known > 0)
    return profile


def _without_profile(grid: Grid, profile: FloatArray | None) -> FloatArray:
    return grid.values if profile is None else grid.values - profile[:, grid.slots]


def _others(values: FloatArray) -> FloatArray:
    """The median of a worker's peers; unknown where fewer than four of them are known."""
    workers = len(values)
    if workers > LEAVE_OUT_UP_TO:
        common = np.broadcast_to(known_median(values, axis=0), values.shape)
    else:
        common = np.stack(
            [known_median(np.delete(values, each, axis=0), axis=0) for each in range(workers)]
        )
    known = np.isfinite(values)
    enough = known.sum(axis=0) - known >= LEAST_WORKERS - 1
    return np.where(enough, common, np.nan)


def _slope(common: FloatArray, rest: FloatArray) -> FloatArray:
    """Of `rest` on `common` over axis 1; 0 where they do not move."""
    both = np.isfinite(common) & np.isfinite(rest)
    limited = []
    for each in (common, rest):
        centred = each - known_median(each, axis=1)[:, None]
        most = 5 * spread(centred, axis=1)[:, None]
        limited.append(np.where(both, np.clip(centred, -most, most), 0.0))
    x, y = limited
    square, product = (x * x).sum(axis=1), (x * y).sum(axis=1)
    slope: FloatArray = np.divide(product, square, out=np.zeros_like(square), where=square > 0)
    return slope
