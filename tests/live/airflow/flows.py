"""DAGs that a real Airflow runs; imported by its own environment, not by ours.

Both words that Airflow looks for in a file, airflow and dag, stand in it.
"""

import time
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec

if find_spec("airflow.sdk"):
    from airflow.sdk import dag, task
else:
    from airflow.decorators import dag, task

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
COMMON = {"schedule": None, "start_date": BEGIN, "catchup": False, "max_active_runs": 16}


@dag(**COMMON)
def woa_fast() -> None:
    """Two tasks, one after the other."""

    @task
    def one() -> None:
        return

    @task
    def two() -> None:
        return

    one() >> two()


@dag(**COMMON)
def woa_slow() -> None:
    """Four tasks that want one of the two slots of a pool."""

    @task(pool="tiny")
    def work(number: int) -> None:
        time.sleep(5 + number)

    work.expand(number=[0, 0, 0, 0])


@dag(**COMMON)
def woa_fail() -> None:
    """Fails, and fails again."""

    @task(retries=1, retry_delay=timedelta(seconds=1))
    def bad() -> None:
        raise ValueError("as it was told")

    bad()


@dag(**COMMON)
def woa_long() -> None:
    """Goes on until somebody ends it."""

    @task
    def endless() -> None:
        time.sleep(600)

    endless()


@dag(**COMMON | {"max_active_runs": 200})
def woa_held() -> None:
    """A task that waits until the test takes it (Airflow 3)."""

    @task(executor="HeldExecutor")
    def held() -> None:
        return

    held()


if find_spec("airflow.sdk"):
    woa_held()
woa_fast()
woa_slow()
woa_fail()
woa_long()
