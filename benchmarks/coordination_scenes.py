"""Seeded scenes of a cluster's coordination, as its members' own clocks tell them.

What happens is reckoned in true time; each member writes it down by a clock that is off by a
fixed amount. No two clocks differ by more than `SKEW_S`.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from contracts.events import CoordinationEvent

__all__ = ["FAULTS", "SKEW_S", "healthy", "planted"]

SKEW_S = 1.0
SCENE_S = 7200.0
# What clocks may hide is less than twice the bound; a fault must be larger to be told.
TOLD_S = 2 * SKEW_S + 0.01
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
ORCHESTRATOR = UUID(int=1)


class Scene:
    """What the members have written down."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.members = [f"member-{i}" for i in range(self.random.choice([3, 5, 7]))]
        self.off_s = {it: self.random.uniform(-SKEW_S / 2, SKEW_S / 2) for it in self.members}
        # The extremes are where a detector would err.
        self.off_s[self.members[0]], self.off_s[self.members[1]] = SKEW_S / 2, -SKEW_S / 2
        self.events: list[CoordinationEvent] = []
        self.term = 0

    def tell(self, at_s: float, member: str, kind: str, **details: object) -> None:
        """Write an event down by the member's clock."""
        took_ms = details.pop("consensus_ms", None)
        self.events.append(
            CoordinationEvent.model_validate(
                {
                    "id": UUID(int=self.random.getrandbits(128)),
                    "orchestrator_id": ORCHESTRATOR,
                    "event_type": kind,
                    "event_time": BEGIN + timedelta(seconds=at_s + self.off_s[member]),
                    "participants": (member,),
                    "details": details,
                    "consensus_time": took_ms,
                }
            )
        )

    def two(self) -> tuple[str, str]:
        """Two members, at times those whose clocks differ the most."""
        first, second = self.random.sample(self.members, 2)
        if self.random.random() < 0.5:
            first, second = self.random.sample(self.members[:2], 2)
        return first, second

    def reign(self, member: str, from_s: float, to_s: float, term: int | None) -> None:
        """The member leads, and stands down at the end."""
        known = {} if term is None else {"term": term}
        self.tell(from_s, member, "leader_elected", election="controller", **known)
        self.tell(to_s, member, "leader_lost", election="controller")


def healthy(seed: int) -> list[CoordinationEvent]:
    """A scene without a fault."""
    return _shuffled(_healthy(seed))


def planted(fault: str, seed: int) -> list[CoordinationEvent]:
    """The same with one fault of the kind."""
    scene = _healthy(seed)
    FAULTS[fault](scene)
    return _shuffled(scene)


def _shuffled(scene: Scene) -> list[CoordinationEvent]:
    """As a bus delivers: in any order, some twice."""
    events = scene.events + scene.random.sample(scene.events, len(scene.events) // 20)
    scene.random.shuffle(events)
    return events


def _healthy(seed: int) -> Scene:
    scene = Scene(seed)
    _hand_overs(scene)
    _leases(scene)
    _lock_turns(scene)
    _chain(scene)
    _lost_word(scene)
    _writes(scene)
    _rollout(scene)
    _decisions(scene, 0.0, SCENE_S, scene.random.randint(5, 80), (2.0, 900.0))
    return scene


def _hand_overs(scene: Scene) -> None:
    """Leaders follow one another without a pause, at most two changes in ten minutes."""
    numbered = scene.random.random() < 0.5
    at_s, member = 0.0, scene.members[0]
    while at_s < SCENE_S - 1000:
        length_s = scene.random.uniform(320, 1500)
        scene.term += 1
        scene.reign(member, at_s, at_s + length_s, scene.term if numbered else None)
        at_s += length_s
        member = scene.random.choice([it for it in scene.members if it != member])


def _leases(scene: Scene) -> None:
    """A holder vanishes without a word; another takes the lease once it has run out."""
    first, second = scene.two()
    lease_s = scene.random.uniform(5, 60)
    scene.tell(100, first, "lease_acquired", election="janitor", leaseDurationS=lease_s)
    last_s = 100.0
    for _ in range(scene.random.randint(0, 20)):
        last_s += lease_s / 3
        scene.tell(last_s, first, "lease_renewed", election="janitor", leaseDurationS=lease_s)
    scene.tell(last_s + lease_s, second, "lease_acquired", election="janitor", leaseDurationS=1000)


def _lock_turns(scene: Scene) -> None:
    """Members take two locks in one order; the waits are shorter than the holds."""
    at_s = 50.0
    for _ in range(scene.random.randint(5, 40)):
        member, hold_s = scene.random.choice(scene.members), scene.random.uniform(0.5, 20)
        waiter = scene.random.choice([it for it in scene.members if it != member])
        for lock in ("accounts", "orders"):
            scene.tell(at_s, member, "lock_acquired", lock=lock, waitMs=0)
        if scene.random.random() < 0.5:
            scene.tell(at_s + hold_s * 0.6, waiter, "lock_waiting", lock="accounts")
            scene.tell(at_s + hold_s, waiter, "lock_acquired", lock="accounts")
            scene.tell(at_s + hold_s + 5, waiter, "lock_released", lock="accounts")
        for lock in ("orders", "accounts"):
            scene.tell(at_s + hold_s, member, "lock_released", lock=lock)
        at_s += hold_s + scene.random.uniform(6, 30)


def _rollout(scene: Scene) -> None:
    """All members begin again one after the other, twice within ten minutes at the most."""
    for begin_s in (30.0, 400.0):
        for number, member in enumerate(scene.members):
            scene.tell(begin_s + 20 * number, member, "member_left")
            scene.tell(begin_s + 20 * number + 5, member, "member_joined")


def _chain(scene: Scene) -> None:
    """Long waits one behind the other, and a time-out: no circle. Locks change owners at once."""
    one, other = scene.two()
    third = next(it for it in scene.members if it not in {one, other})
    scene.tell(3000, one, "lock_acquired", lock="left")
    scene.tell(3001, other, "lock_acquired", lock="right")
    scene.tell(3002, other, "lock_waiting", lock="left")
    scene.tell(3003, third, "lock_waiting", lock="right")
    scene.tell(3030, third, "lock_timeout", lock="right")
    # In true time `one` has let go before it waits; by the clocks it may look otherwise.
    scene.tell(3040, one, "lock_released", lock="left")
    scene.tell(3040, other, "lock_acquired", lock="left")
    scene.tell(3040.001, one, "lock_waiting", lock="right")
    scene.tell(3060, other, "lock_released", lock="right")
    scene.tell(3060, one, "lock_acquired", lock="right")
    scene.tell(3061, other, "lock_released", lock="left")
    scene.tell(3062, one, "lock_released", lock="right")


def _lost_word(scene: Scene) -> None:
    """The first holder's release never arrives. Others get the lock: it holds it no more."""
    one, other = scene.two()
    third = next(it for it in scene.members if it not in {one, other})
    scene.tell(4000, one, "lock_acquired", lock="gone")
    scene.tell(4005, other, "lock_acquired", lock="kept")
    scene.tell(4026, third, "lock_acquired", lock="gone")
    scene.tell(4030, one, "lock_waiting", lock="kept")
    scene.tell(4030, other, "lock_waiting", lock="gone")
    scene.tell(4050, third, "lock_released", lock="gone")
    scene.tell(4050, other, "lock_acquired", lock="gone")
    for lock in ("gone", "kept"):
        scene.tell(4060, other, "lock_released", lock=lock)
    scene.tell(4060, one, "lock_acquired", lock="kept")
    scene.tell(4070, one, "lock_released", lock="kept")


def _writes(scene: Scene) -> None:
    """Each write bears the token of its time; half of the stores number them."""
    numbered = scene.random.random() < 0.5
    at_s = 0.0
    for revision in range(scene.random.randint(2, 20)):
        order = {"revision": revision} if numbered else {}
        writer = scene.random.choice(scene.members)
        scene.tell(at_s, writer, "write_accepted", resource="plan", fencingToken=revision, **order)
        at_s += scene.random.uniform(0.001, 30)


def _decisions(
    scene: Scene, from_s: float, to_s: float, count: int, took_ms: tuple[float, float]
) -> None:
    for _ in range(count):
        at_s, member = scene.random.uniform(from_s, to_s), scene.random.choice(scene.members)
        scene.tell(at_s, member, "proposal_committed", consensus_ms=scene.random.uniform(*took_ms))


def _two_leaders(scene: Scene) -> None:
    """Two at one time; or two of one term; or a write of a leader that had been replaced."""
    first, second = scene.two()
    kind = scene.random.randrange(3)
    if kind == 0:
        # The second begins before the first has ended, its lease or its word.
        overlap_s = scene.random.uniform(TOLD_S, 60)
        scene.tell(8000, first, "lease_acquired", election="planner", leaseDurationS=100)
        scene.tell(8100 - overlap_s, second, "lease_acquired", election="planner")
        scene.tell(8200, second, "lease_released", election="planner")
    elif kind == 1:
        for member in (first, second):
            scene.tell(8000, member, "leader_elected", election="planner", term=7)
    else:
        scene.tell(8000, second, "write_accepted", resource="map", fencingToken=5)
        scene.tell(8000 + TOLD_S, first, "write_accepted", resource="map", fencingToken=4)


def _circle(scene: Scene) -> None:
    """Two or three members, each with a lock that the next one wants."""
    members = scene.random.sample(scene.members, scene.random.choice([2, 3]))
    lasts_s = scene.random.uniform(TOLD_S, 100)
    for i, member in enumerate(members):
        scene.tell(8000 + i * 0.01, member, "lock_acquired", lock=f"row-{i}")
        scene.tell(8005, member, "lock_waiting", lock=f"row-{(i + 1) % len(members)}")
    if scene.random.random() < 0.5:
        scene.tell(8005 + lasts_s, members[0], "lock_timeout", lock="row-1")
        scene.tell(8005 + lasts_s, members[0], "lock_released", lock="row-0")
    else:
        scene.tell(8005 + lasts_s, members[0], "heartbeat")


def _contention(scene: Scene) -> None:
    """A lock for which is waited longer than it is held, in at least twenty turns."""
    wait_share = scene.random.uniform(0.52, 0.95)
    at_s = 10.0
    for _ in range(scene.random.randint(20, 60)):
        member, hold_s = scene.random.choice(scene.members), scene.random.uniform(0.1, 3)
        wait_s = hold_s * wait_share / (1 - wait_share)
        at_s += wait_s
        scene.tell(at_s - wait_s, member, "lock_waiting", lock="hot")
        scene.tell(at_s, member, "lock_acquired", lock="hot")
        scene.tell(at_s + hold_s, member, "lock_released", lock="hot")
        at_s += hold_s


def _storm(scene: Scene) -> None:
    """Three or more elections within what ten minutes by any clock are."""
    count = scene.random.randint(3, 8)
    step_s = (600 - TOLD_S) / (count - 1)
    for i in range(count):
        member = scene.members[i % len(scene.members)]
        scene.tell(i * step_s, member, "leader_elected", election="shard", term=100 + i)


def _restarts(scene: Scene) -> None:
    """A member that ends three or more times within ten minutes."""
    count, member = scene.random.randint(3, 12), scene.random.choice(scene.members)
    step_s = scene.random.uniform(1, 599 / (count - 1))
    for number in range(count):
        at_s = 3000 + number * step_s
        scene.tell(at_s - 0.5, member, "member_left")
        scene.tell(at_s, member, "member_joined")


def _slow(scene: Scene) -> None:
    """Decisions that take more than a second for half an hour."""
    from_s = scene.random.uniform(9000, 12000)
    _decisions(scene, from_s, from_s + 1500, scene.random.randint(20, 60), (1050, 8000))


FAULTS: dict[str, Callable[[Scene], None]] = {
    "split_brain": _two_leaders,
    "deadlock": _circle,
    "lock_contention": _contention,
    "election_storm": _storm,
    "restart_storm": _restarts,
    "consensus_delays": _slow,
}
