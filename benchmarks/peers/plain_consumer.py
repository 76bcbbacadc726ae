"""A consumer as one writes it in an afternoon: json, executemany, offsets after the commit."""

import json
import sys

import psycopg
from confluent_kafka import Consumer

from benchmarks.peers.flat import COLUMNS, row_of

__all__ = ["main"]

BATCH = 500
WAIT_S = 0.25
INSERT = (
    f"INSERT INTO orchestrator_metrics ({', '.join(COLUMNS)}) "
    f"VALUES ({', '.join(f'%({column})s' for column in COLUMNS)}) ON CONFLICT DO NOTHING"
).encode()


def main(servers: str, group: str, topic: str, url: str) -> None:
    """Until it is killed."""
    consumer = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([topic])
    with psycopg.connect(url, application_name="plain-consumer") as connection:
        while True:
            messages = [m for m in consumer.consume(BATCH, WAIT_S) if m.error() is None]
            if not messages:
                continue
            rows = [row_of(json.loads(message.value() or b"")) for message in messages]
            connection.cursor().executemany(INSERT, rows)
            connection.commit()
            consumer.commit(asynchronous=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
