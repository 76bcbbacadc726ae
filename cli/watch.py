"""`woa watch`: what changes in a running woa, a line each."""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from random import Random
from uuid import UUID

from cli.api_client import ApiClient, ConnectionLostError, Item
from cli.exits import Exit
from cli.get import Wanted, rows_of
from cli.listings import orchestrator_name
from cli.tables import number, percent, printable
from contracts.live import (
    COORDINATION_EVENTS,
    MOST_TOPICS,
    SCALING_EVENTS,
    coordination_topic,
    orchestrator_topic,
    worker_pool_topic,
)

__all__ = ["run_watch"]

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
OF_ALL = (SCALING_EVENTS, COORDINATION_EVENTS)


def run_watch(client: ApiClient, name: str | None, count: int | None, *, as_json: bool) -> Exit:
    """Print messages until Ctrl-C, or so many. Raises `CommandError`."""
    subjects = _subjects(client, name)
    try:
        for message in islice(_messages(client, subjects.topics), count):
            line = json.dumps(message) if as_json else _line(message, subjects.names)
            print(line, flush=True)
    except KeyboardInterrupt:
        return Exit.OK
    return Exit.OK


@dataclass(frozen=True)
class _Subjects:
    """What is watched, and the names of what messages speak of, by id."""

    topics: list[str]
    names: Mapping[str, str]


def _subjects(client: ApiClient, name: str | None) -> _Subjects:
    rows = rows_of(client, Wanted("orchestrator", name))
    pools = rows_of(client, Wanted("pool", orchestrator=name))
    names = {row.item["id"]: row.name for row in rows}
    names |= {row.item["poolId"]: f"{row.owner}/{row.name}" for row in pools}
    states = [orchestrator_topic(UUID(row.item["id"])) for row in rows]
    states += [worker_pool_topic(UUID(row.item["poolId"])) for row in pools]
    events = [coordination_topic(UUID(row.item["id"])) for row in rows] if name else list(OF_ALL)
    room = MOST_TOPICS - len(events)
    if len(states) > room:
        left = len(states) - room
        _say(f"watching {room} of {len(states)}; name one to watch the other {left}")
    return _Subjects(events + states[:room], names)


def _messages(client: ApiClient, topics: list[str]) -> Iterator[Item]:
    """Those of any topic, over as many connections as it takes."""
    since: str | None = None
    pause_s, connected = FIRST_PAUSE_S, False
    random = Random()
    while True:
        try:
            for message in client.follow(topics, since):
                connected, pause_s = True, FIRST_PAUSE_S
                since = message["cursor"] or since
                if message["type"] == "error":
                    _say(message["payload"]["message"])
                elif message["type"] != "ack":
                    yield message
        except ConnectionLostError as error:
            if not connected:
                raise
            _say(f"{error}; trying again")
            time.sleep(pause_s * random.uniform(0.5, 1))
            pause_s = min(LONGEST_PAUSE_S, 2 * pause_s)


def _say(text: str) -> None:
    print(f"woa: {printable(text)}", file=sys.stderr, flush=True)


def _line(message: Item, names: Mapping[str, str]) -> str:
    payload = message["payload"]
    moment = datetime.fromisoformat(message["ts"])
    tell = {
        "orchestrator_update": _orchestrator,
        "worker_update": _pool,
        "scaling_event": _scaling,
        "coordination_event": _coordination,
    }.get(message["type"], _other)
    told = tell({**payload, "topic": message["topic"], "type": message["type"]}, names)
    return f"{moment:%H:%M:%S}Z  {printable(told)}"


def _orchestrator(payload: Item, names: Mapping[str, str]) -> str:
    record = payload["metrics"]
    health, capacity = record["health"], record["capacity"] or {}
    queuing = record["queuing"] or {}
    return (
        f"{orchestrator_name(record)}  {health['status']} {number(health['healthScore'], 2)}  "
        f"running {number(capacity.get('runningWorkflows'))}  "
        f"backlog {number(queuing.get('backlogSize'))}  "
        f"capacity {percent(capacity.get('capacityUtilization'))}"
    )


def _pool(payload: Item, names: Mapping[str, str]) -> str:
    pool = payload["pool"]
    told = (
        f"{names.get(payload['poolId'], pool['poolName'])}  "
        f"workers {number(pool['totalWorkers'])}, busy {number(pool['busyWorkers'])}, "
        f"failed {number(pool['failedWorkers'])}"
    )
    gone = payload["goneWorkers"]
    return f"{told}, gone: {', '.join(gone)}" if gone else told


def _scaling(payload: Item, names: Mapping[str, str]) -> str:
    pool = names.get(payload["poolId"], payload["poolId"])
    sizes = f"{number(payload['fromCount'])} -> {number(payload['toCount'])}"
    reason = f": {payload['reason']}" if payload["reason"] else ""
    return f"{pool}  {payload['action']} {sizes}{reason}"


def _coordination(payload: Item, names: Mapping[str, str]) -> str:
    owner = names.get(payload["orchestratorId"], payload["orchestratorId"])
    return f"{owner}  {payload['eventType']} {', '.join(payload['participants'])}".rstrip()


def _other(payload: Item, _: Mapping[str, str]) -> str:
    if payload["type"] == "gap":
        place = f"between {payload['after']} and {payload['before']}"
        return f"{payload['topic']}  events were lost {place}"
    return f"{payload['topic']}  {payload['type']}"
