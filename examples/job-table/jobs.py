"""Puts jobs into the table and works them off. `DSN` in the environment names the database."""

import argparse
import os
import time
from pathlib import Path

import psycopg

HERE = Path(__file__).parent
TAKE = """
UPDATE jobs SET state = 'running', started_at = now(), worker = %(worker)s
WHERE id = (
    SELECT id FROM jobs WHERE state = 'waiting'
    ORDER BY priority DESC, id LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING id
"""
DONE = "UPDATE jobs SET state = %(state)s, finished_at = now() WHERE id = %(job)s"
ALIVE = """
INSERT INTO workers (name) VALUES (%(worker)s)
ON CONFLICT (name) DO UPDATE SET last_seen = now()
"""


def init(database: psycopg.Connection) -> None:
    """Make the tables and the role that may read them."""
    for name in ("schema.sql", "rights.sql"):
        database.execute((HERE / name).read_bytes())


def add(database: psycopg.Connection, queue: str, priority: int, count: int) -> None:
    """Put jobs into a queue."""
    database.execute(
        "INSERT INTO jobs (queue, priority) SELECT %s, %s FROM generate_series(1, %s)",
        (queue, priority, count),
    )


def work(database: psycopg.Connection, worker: str, count: int, state: str, seconds: float) -> None:
    """Take so many jobs, one after the other, until there are none."""
    for _ in range(count):
        database.execute(ALIVE, {"worker": worker})
        taken = database.execute(TAKE, {"worker": worker}).fetchone()
        database.commit()
        if taken is None:
            return
        time.sleep(seconds)
        database.execute(DONE, {"state": state, "job": taken[0]})
        database.commit()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    does = parser.add_subparsers(dest="do", required=True)
    does.add_parser("init", help="make the tables and the role")
    adds = does.add_parser("add", help="put jobs into a queue")
    adds.add_argument("--queue", default="default")
    adds.add_argument("--priority", type=int, default=0)
    adds.add_argument("--count", type=int, default=1)
    works = does.add_parser("work", help="work jobs off")
    works.add_argument("--name", required=True)
    works.add_argument("--count", type=int, default=10)
    works.add_argument("--seconds", type=float, default=0.0, help="how long each takes")
    works.add_argument("--failing", action="store_true", help="let each of them fail")
    asked = parser.parse_args()
    with psycopg.connect(os.environ["DSN"]) as database:
        if asked.do == "init":
            init(database)
        elif asked.do == "add":
            add(database, asked.queue, asked.priority, asked.count)
        else:
            state = "failed" if asked.failing else "done"
            work(database, asked.name, asked.count, state, asked.seconds)


if __name__ == "__main__":
    main()
