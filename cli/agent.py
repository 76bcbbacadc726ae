"""`woa agent once`: collect once and say what was learnt."""

import asyncio
import sys
import tempfile
from pathlib import Path

from agents.collector import Batch, CollectorConfig, Reader, UsageBatch
from agents.forwarder import Forwarder
from agents.registry import ConfigError, make_collector
from agents.runner import AgentRunner
from agents.spool import Spool
from bus.direct import DirectBus
from cli.exits import Exit, UsageError
from cli.settings import Settings
from cli.surroundings import surroundings
from contracts.orchestrator import OrchestratorMetrics
from contracts.topics import PublishedRecord, decode, encode, schema_of, topic_of
from contracts.worker_usage import USAGES, WorkerUsage

__all__ = ["NO_AGENTS", "run_once"]

NO_AGENTS = """no agents are configured; give a file with -c, for example
  agents:
    - type: temporal
      instance_id: local
      address: 127.0.0.1:7233"""


def run_once(settings: Settings, *, instance: str | None, print_record: bool) -> Exit:
    """`Exit.UNHEALTHY` when the orchestrator could not be read. Raises `UsageError`."""
    try:
        collector = _chosen(settings, instance)
    except ConfigError as error:
        raise UsageError(str(error)) from error
    batch = asyncio.run(_collect(collector))
    if batch is None:
        print("nothing was read, not even whose usage it would be", file=sys.stderr)
        return Exit.UNHEALTHY
    records: tuple[PublishedRecord, ...] = batch.records()
    for record in records:
        topic = topic_of(record)
        validated = decode(topic, schema_of(topic), encode(record))
        if print_record:
            print(validated.model_dump_json())
    print(_summary(batch), file=sys.stderr)
    return Exit.OK if _was_read(batch) else Exit.UNHEALTHY


def _chosen(settings: Settings, instance: str | None) -> Reader[CollectorConfig]:
    if not settings.agents:
        raise UsageError(NO_AGENTS)
    chosen = [agent for agent in settings.agents if instance in {None, agent.get("instance_id")}]
    if not chosen:
        known = ", ".join(str(agent.get("instance_id")) for agent in settings.agents)
        raise UsageError(f"no agent has instance_id {instance!r}; there are: {known}")
    return make_collector(chosen[0])


async def _collect(collector: Reader[CollectorConfig]) -> Batch | UsageBatch | None:
    """One tick of a real runner, with a spool that nobody reads."""
    with tempfile.TemporaryDirectory(prefix="woa-once-") as folder:
        async with collector, Spool(Path(folder) / "spool.db") as spool, DirectBus() as bus:
            runner = AgentRunner(collector, Forwarder(spool, bus), surroundings())
            batch = await runner.tick()
            if batch is None and not runner.stats.failures:
                raise UsageError("nothing was told meanwhile: this agent waits to be told")
            return batch


def _was_read(batch: Batch | UsageBatch) -> bool:
    if isinstance(batch, UsageBatch):
        return any(getattr(batch.usage, name) is not None for name in USAGES)
    return batch.orchestrator.capacity is not None


def _summary(batch: Batch | UsageBatch) -> str:
    if isinstance(batch, UsageBatch):
        return _usage_summary(batch.usage)
    record = batch.orchestrator
    score = record.health.health_score
    return "\n".join(
        (
            f"{record.orchestrator_type} {record.instance_id}: {record.health.status}, score "
            + ("unknown" if score is None else f"{score:.3f}"),
            f"  because: {record.health.diagnostics.status_reason}",
            f"  pools {len(batch.pools)}, queues {_queues(record)}, "
            f"calls {record.metadata.source.calls}, "
            f"unavailable fields {len(record.metadata.unavailable)}",
            *(f"  error {error.code}: {error.message}" for error in record.health.errors),
        )
    )


def _queues(record: OrchestratorMetrics) -> str:
    queues = record.queuing.queues if record.queuing else None
    return "unknown" if queues is None else str(len(queues))


def _usage_summary(usage: WorkerUsage) -> str:
    told = {name: getattr(usage, name) for name in USAGES}
    return "\n".join(
        (
            f"worker {usage.worker_id}: calls {usage.metadata.source.calls}",
            *(
                f"  {name}: {'unknown' if value is None else f'{value:.3f}'}"
                for name, value in told.items()
            ),
            *(f"  {place or 'all'}: {why}" for place, why in usage.metadata.unavailable.items()),
        )
    )
