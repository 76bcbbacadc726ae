"""What Prefect's own client reads of a server, as JSON: an opinion that owes nothing to ours.

Run by Prefect's environment: python oracle.py POOL
"""

import asyncio
import json
import sys
from collections import Counter
from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import WorkPoolFilter, WorkPoolFilterName


async def read(pool: str) -> dict[str, Any]:
    """Runs of a pool by state, their waits, the pool and its workers."""
    async with get_client() as client:
        runs = await client.read_flow_runs(
            work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[pool])), limit=200
        )
        about = await client.read_work_pool(pool)
        workers = await client.read_workers_for_work_pool(pool)
    ran = [run for run in runs if run.run_count and run.start_time and run.expected_start_time]
    return {
        "states": Counter(run.state_type.value for run in runs if run.state_type),
        "waits_ms": sorted(
            (run.start_time - run.expected_start_time).total_seconds() * 1000 for run in ran
        ),
        "retries": sum(run.run_count - 1 for run in ran),
        "limit": about.concurrency_limit,
        "workers": {worker.name: worker.status.value for worker in workers if worker.status},
        "running": [str(run.id) for run in runs if run.state_type.value == "RUNNING"],
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(read(sys.argv[1]))))
