"""One replica of the agent: `python -m tests.live.kubernetes.replica KUBECONFIG FILE`.

Appends to FILE the time of each record that it would publish, until it is killed or told to end.
"""

import asyncio
import signal
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from agents.collector import CollectorError, NothingNewError
from agents.registry import make_replica

EVERY_S = 0.5


async def main(kubeconfig: str, file: Path) -> None:
    """Collect again and again; end well on SIGTERM."""
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    settings = {"type": "kubernetes", "instance_id": "live", "kubeconfig": kubeconfig}
    lease = {"lease_name": "replicas", "lease_namespace": "default"}
    async with make_replica(settings | lease) as collector:
        while not over.is_set():
            with suppress(NothingNewError, CollectorError):
                await collector.collect(datetime.now(UTC))
                with file.open("a") as lines:
                    lines.write(f"{datetime.now(UTC).timestamp()}\n")
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY_S):
                    await over.wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
