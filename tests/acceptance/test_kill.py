"""`kill -9` of the whole product at random moments: nothing lost, nothing twice, nothing left."""

import asyncio
import json
import os
import time
from pathlib import Path
from random import Random

import psycopg
import pytest

from benchmarks.product import Product, leftovers, start
from store.embedded import EmbeddedPostgres

KILLS = int(os.environ.get("WOA_KILLS", "20"))
SEED = int(os.environ.get("WOA_SEED", "1"))

ENVIRONMENT = {
    "WOA_LOG__LEVEL": "debug",
    "WOA_LOG__FORMAT": "json",
    "WOA_DEMO__INTERVAL_S": "0.5",
}
HISTORY = (
    *("orchestrator_metrics", "worker_pool_metrics", "load_balancing_metrics"),
    *("coordination_metrics", "scheduling_decisions", "coordination_events", "scaling_events"),
)
STORED = " UNION ALL ".join(f"SELECT id::text FROM {table}" for table in HISTORY)
NOT_NEWEST = """
SELECT count(*) FROM orchestrator_latest AS latest
WHERE latest.collected_at <> (
    SELECT max(collected_at) FROM orchestrator_metrics AS sample
    WHERE sample.orchestrator_id = latest.orchestrator_id
)
"""


def acknowledged(product: Product) -> set[str]:
    """The journal: ids that the product said were taken, read by this other process."""
    events = (json.loads(line) for line in product.output if line.startswith("{"))
    return {event["id"] for event in events if event["event"] == "record_acknowledged"}


def run_until_killed(state_dir: Path, random: Random) -> set[str]:
    product = start(state_dir, "--demo", env=ENVIRONMENT)
    if random.random() < 0.7:
        product.wait_for_line("record_acknowledged", timeout_s=180)
        time.sleep(random.uniform(0, 4))
    else:
        time.sleep(random.uniform(0, 3))  # in the middle of starting
    product.kill()
    return acknowledged(product)


async def query(state_dir: Path, *statements: str) -> list[list[tuple[object, ...]]]:
    postgres = EmbeddedPostgres(state_dir)
    url = await postgres.start()
    try:
        async with await psycopg.AsyncConnection.connect(url) as connection:
            return [await (await connection.execute(sql)).fetchall() for sql in statements]
    finally:
        await postgres.stop()


@pytest.mark.acceptance
@pytest.mark.timeout(1_800)
def test_kills_lose_nothing_double_nothing_and_leave_nothing(state_dir: Path) -> None:
    random = Random(SEED)
    journal: set[str] = set()
    for _ in range(KILLS):
        journal |= run_until_killed(state_dir, random)
    product = start(state_dir, "--demo", env=ENVIRONMENT)
    product.wait_for_link()
    code = product.stop()
    journal |= acknowledged(product)
    left = leftovers(state_dir)
    stored, [(stale,)], [(dead,)] = asyncio.run(
        query(state_dir, STORED, NOT_NEWEST, "SELECT count(*) FROM dead_letters")
    )
    ids = [str(row[0]) for row in stored]
    print(f"kills {KILLS}, acknowledged {len(journal)}, stored {len(ids)}")

    assert len(journal) >= KILLS, "the product hardly worked, so the test shows nothing"
    assert journal - set(ids) == set(), "acknowledged and lost"
    assert len(ids) == len(set(ids)), "stored twice"
    assert (stale, dead) == (0, 0)
    assert (code, left) == (0, [])
