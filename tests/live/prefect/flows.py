"""Flows that a real worker runs; imported by Prefect's own environment, not by ours."""

import time

from prefect import flow


@flow
def sleepy(seconds: float = 1.0) -> None:
    """Take a while."""
    time.sleep(seconds)


@flow(retries=1)
def failing() -> None:
    """Fail, and fail again."""
    raise ValueError("as it was told")
