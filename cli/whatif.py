"""`woa whatif`: what scaling policies would have done for a pool."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.api_client import ApiClient, Item
from cli.exits import Exit
from cli.get import Wanted, rows_of
from cli.settings_file import read_settings
from cli.tables import UNKNOWN, number, percent, printable, show_table

__all__ = ["Question", "run_whatif"]

HEADERS = ["POLICY", "SHORT", "SATURATED", "WORKER HOURS", "COST", "CHANGES/DAY", "MEAN WAIT"]


@dataclass(frozen=True)
class Question:
    """Which pool, which policies (YAML files; none: the API's own choice), over what."""

    pool: str
    orchestrator: str | None
    policies: Sequence[Path]
    since: str
    delay_s: float


def run_whatif(client: ApiClient, question: Question, *, as_json: bool) -> Exit:
    """Print how each policy did. Raises `CommandError`."""
    body: Item = {"time_range": question.since, "delay_s": question.delay_s}
    if question.policies:
        body["policies"] = [
            read_settings(path, "--policy", "kind: default") for path in question.policies
        ]
    wanted = Wanted("pool", question.pool, orchestrator=question.orchestrator)
    (row,) = rows_of(client, wanted)
    found = client.ask(f"/worker-pools/{row.item['poolId']}/what-if", body)
    if as_json:
        print(json.dumps(found, indent=2))
        return Exit.OK
    print(f"{row.owner}/{row.name}")
    if found["reason"] is not None:
        print(printable(f"nothing to replay: {found['reason']}"))
        return Exit.OK
    names = [path.name for path in question.policies]
    names = names or [str(each["policy"]["kind"]) for each in found["outcomes"]]
    replays = [each["replay"] for each in found["outcomes"]]
    show_table(HEADERS, map(_row, names, replays), HEADERS[1:])
    print()
    for line in (*found["evidence"], *_grounds(replays)):
        print(printable(line))
    return Exit.OK


def _row(name: str, replay: Item) -> list[str]:
    wait = replay["mean_wait_s"]
    return [
        name,
        percent(replay["under_provisioned"]),
        percent(replay["saturated"]),
        number(replay["worker_hours"], 1),
        number(replay["cost_to_oracle"], 3),
        number(replay["changes_per_day"], 1),
        UNKNOWN if wait is None else f"{number(wait, 1)} s",
    ]


def _grounds(replays: Sequence[Item]) -> Iterator[str]:
    """What is the same for all of them, once."""
    for line in replays[0]["evidence"]:
        if all(line in each["evidence"] for each in replays):
            yield line
    yield "COST is worker hours / those of whoever knows the load until a worker is ready."
    yield f"confidence: {replays[0]['confidence']}"
