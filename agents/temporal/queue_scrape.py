"""Asking about the queues: all of them when the rate allows it, else in turn."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueKind
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest

from agents.missing import Missing, over
from agents.temporal.client import TemporalClient
from agents.temporal.config import TemporalConfig
from agents.temporal.pace import Pace
from agents.temporal.queues import (
    Look,
    QueueKey,
    QueueReading,
    QueueView,
    TaskKind,
    existing,
    plan,
    read_queue,
    view,
)
from agents.temporal.rpcs import WorkflowRpcs

__all__ = ["QueueScraper"]

DESCRIBE_SHARE = 0.5
"""Share of a scrape's time, or of the interval if shorter, planned for DescribeTaskQueue."""


class QueueScraper:
    """Remembers what every queue said last."""

    def __init__(self, config: TemporalConfig, client: TemporalClient) -> None:
        self._config = config
        self._client = client
        self._pace = Pace(config.describe_calls_per_s)
        self._gate = asyncio.Semaphore(config.describe_concurrency)
        self._looks: dict[QueueKey, Look] = {}

    async def scrape(
        self, rpcs: WorkflowRpcs, names: Iterable[str], now: datetime
    ) -> tuple[QueueView, ...]:
        """Both kinds of tasks of the named queues, in the order of the names."""
        keys = [QueueKey(name, kind) for name in names for kind in TaskKind]
        self._looks = {key: self._looks.get(key, Look()) for key in keys}
        idle_for = timedelta(seconds=self._config.idle_queue_interval_s)
        resting = {key for key, look in self._looks.items() if look.rests(now, idle_for)}
        chosen = plan(keys, self._looks, self._budget(), resting)
        answers = await asyncio.gather(*(self._ask(rpcs, key, now) for key in chosen))
        asked = dict(zip(chosen, answers, strict=True))
        exist = existing(self._looks, self._config.task_queues)
        return tuple(
            view(key, look, asked.get(key), resting=key in resting, exists=key in exist)
            for key, look in self._looks.items()
        )

    def _budget(self) -> int:
        time_s = min(self._config.interval_s, self._config.timeout_s) * DESCRIBE_SHARE
        return max(1, int(self._config.describe_calls_per_s * time_s))

    async def _ask(
        self, rpcs: WorkflowRpcs, key: QueueKey, now: datetime
    ) -> QueueReading | Missing:
        request = DescribeTaskQueueRequest(
            namespace=self._config.namespace,
            task_queue=TaskQueue(name=key.queue, kind=TaskQueueKind.TASK_QUEUE_KIND_NORMAL),
            task_queue_type=key.kind.wire,
            report_stats=True,
        )
        async with self._gate:
            await self._pace.turn()
            answer = await self._client.ask(rpcs.describe_task_queue, request, subject=str(key))
        reading = over(read_queue, answer)
        self._looks[key].remember(reading, now)
        return reading
