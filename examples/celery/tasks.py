"""Tasks to watch. `BROKER` in the environment is the broker's address, redis://127.0.0.1:6379/0."""

import os
import sys
import time

from celery import Celery

app = Celery("tasks", broker=os.environ["BROKER"], backend=os.environ["BROKER"])
app.conf.worker_send_task_events = True  # without events Flower learns nothing
app.conf.task_send_sent_event = True


@app.task
def nap(seconds: float) -> None:
    """Take a while."""
    time.sleep(seconds)


@app.task
def fail() -> None:
    """Fail."""
    raise ValueError("as it was told")


if __name__ == "__main__":
    for _ in range(int(sys.argv[1])):
        nap.delay(1.0)
    for _ in range(int(sys.argv[2])):
        fail.delay()
