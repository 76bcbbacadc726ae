"""DAGs whose tasks run elsewhere; imported by Airflow's own environment, not by ours.

Both words that Airflow looks for in a file, airflow and dag, stand in it.
"""

import time
from datetime import UTC, datetime
from pathlib import Path

from airflow.sdk import dag, task

COMMON = {"schedule": None, "start_date": datetime(2026, 1, 1, tzinfo=UTC), "catchup": False}


def until_told(name: str) -> None:
    """Until the test puts a file there."""
    while not Path(__file__).with_name(name).exists():
        time.sleep(0.2)


@dag(**COMMON)
def woa_celery() -> None:
    """Three tasks for a Celery worker of two slots."""

    @task
    def held(number: int) -> None:
        until_told("celery-goes-on")

    held.expand(number=[1, 2, 3])


@dag(**COMMON)
def woa_edge() -> None:
    """A task for an Edge worker."""

    @task(executor="EdgeExecutor", queue="far")
    def held() -> None:
        until_told("edge-goes-on")

    held()


woa_celery()
woa_edge()
