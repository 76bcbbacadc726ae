"""A worker for the live tests. Run: python worker.py ADDRESS NAMESPACE QUEUE IDENTITY [OPTIONS]

Prints `ready` when it polls. Ends orderly on SIGTERM.
"""

import argparse
import asyncio
import os
import signal
import sys
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.worker import Worker

ATTEMPT = timedelta(minutes=5)


@activity.defn
async def nap(seconds: float) -> None:
    """Takes its time."""
    await asyncio.sleep(seconds)


@activity.defn
async def break_down() -> None:
    """Never succeeds."""
    raise RuntimeError("it always fails")


@workflow.defn
class Quick:
    """One short activity."""

    @workflow.run
    async def run(self) -> None:
        await workflow.execute_activity(nap, 0.05, start_to_close_timeout=ATTEMPT)


@workflow.defn
class Slow:
    """One activity of the given seconds."""

    @workflow.run
    async def run(self, seconds: float) -> None:
        await workflow.execute_activity(nap, seconds, start_to_close_timeout=ATTEMPT)


@workflow.defn
class Failing:
    """Fails after two attempts of an activity that never succeeds."""

    @workflow.run
    async def run(self) -> None:
        await workflow.execute_activity(
            break_down,
            start_to_close_timeout=ATTEMPT,
            retry_policy=RetryPolicy(
                maximum_attempts=2, initial_interval=timedelta(milliseconds=50)
            ),
        )


@workflow.defn
class Poisoned:
    """Its workflow task fails each time, so the workflow never gets anywhere."""

    @workflow.run
    async def run(self) -> None:
        raise RuntimeError("no workflow error: the task fails and is tried again")


@workflow.defn
class Elsewhere:
    """Waits for an activity on a queue that nobody polls."""

    @workflow.run
    async def run(self, queue: str) -> None:
        await workflow.execute_activity(nap, 0.0, task_queue=queue, start_to_close_timeout=ATTEMPT)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    for name in ("address", "namespace", "queue", "identity"):
        parser.add_argument(name)
    parser.add_argument("--heartbeat-s", type=float, default=1.0)
    parser.add_argument("--slots", type=int, default=4)
    parser.add_argument("--metrics-port", type=int, help="of the SDK's Prometheus endpoint")
    parser.add_argument("--seconds", action="store_true", help="the SDK's timers in seconds")
    return parser.parse_args()


def sdk_metrics(asked: argparse.Namespace) -> PrometheusConfig | None:
    if asked.metrics_port is None:
        return None
    return PrometheusConfig(
        bind_address=f"127.0.0.1:{asked.metrics_port}", durations_as_seconds=asked.seconds
    )


async def main() -> None:
    asked = options()
    runtime = Runtime(
        telemetry=TelemetryConfig(metrics=sdk_metrics(asked)),
        worker_heartbeat_interval=timedelta(seconds=asked.heartbeat_s),
    )
    client = await Client.connect(
        asked.address, namespace=asked.namespace, identity=asked.identity, runtime=runtime
    )
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    async with Worker(
        client,
        task_queue=asked.queue,
        workflows=[Quick, Slow, Failing, Poisoned, Elsewhere],
        activities=[nap, break_down],
        max_concurrent_activities=asked.slots,
        # An activity that is started together with its workflow task waits for nothing, and
        # the server then measures no wait.
        disable_eager_activity_execution=True,
        graceful_shutdown_timeout=timedelta(seconds=1),
    ):
        print("ready", flush=True)
        await stopped.wait()


if __name__ == "__main__":
    asyncio.run(main())
    # The client library may crash the interpreter at a regular exit.
    sys.stdout.flush()
    os._exit(0)
