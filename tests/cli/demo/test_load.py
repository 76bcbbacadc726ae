"""The pace of the load, on a clock of the test."""

from dataclasses import dataclass, field

from cli.demo.load import pace
from cli.demo.plan import KillWorker, Step


@dataclass
class Watch:
    """A clock that stands still except when someone sleeps or works."""

    now_s: float = 1_000.0
    done_at: list[float] = field(default_factory=list)
    work_s: dict[float, float] = field(default_factory=dict)

    def monotonic_s(self) -> float:
        return self.now_s

    async def sleep(self, delay_s: float) -> None:
        self.now_s += delay_s

    async def do(self, step: Step) -> None:
        self.done_at.append(self.now_s - 1_000)
        self.now_s += self.work_s.get(step.at_s, 0)


async def run(watch: Watch, *moments: float) -> list[float]:
    await pace(map(KillWorker, moments), watch.do, watch.monotonic_s, watch.sleep)
    return watch.done_at


async def test_steps_are_done_at_their_moments() -> None:
    assert await run(Watch(), 1, 2, 5) == [1, 2, 5]


async def test_short_delay_is_caught_up() -> None:
    assert await run(Watch(work_s={1: 3}), 1, 2, 5) == [1, 4, 5]


async def test_long_delay_moves_the_schedule() -> None:
    assert await run(Watch(work_s={1: 100}), 1, 2, 5) == [1, 101, 104]
