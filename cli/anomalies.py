"""`woa anomalies`: workers that are unlike the others, and who cannot be judged."""

import json
from collections import Counter
from collections.abc import Iterator

from cli.api_client import ApiClient, Item
from cli.exits import Exit
from cli.get import Wanted, rows_of
from cli.tables import printable, show_table

__all__ = ["run_anomalies"]

HEADERS = ["WORKER", "SCORE", "TYPE", "WHAT STANDS OUT", "WHAT TO DO"]


def run_anomalies(client: ApiClient, wanted: Wanted, *, as_json: bool) -> Exit:
    """Print who is odd in the pool. Raises `CommandError`."""
    (row,) = rows_of(client, wanted)
    answer = client.look(f"/worker-pools/{row.item['poolId']}/anomalies")
    if as_json:
        print(json.dumps(answer, indent=2))
        return Exit.OK
    print(row.title)
    found = answer["judgement"]
    if found["anomalies"]:
        show_table(HEADERS, map(_cells, found["anomalies"]), ("SCORE",))
        print()
    for line in _summary(found):
        print(printable(line))
    return Exit.OK


def _cells(each: Item) -> list[str]:
    metrics = ", ".join(f"{it['name']} {it['value']:.4g}" for it in each["metrics"])
    return [
        each["worker_id"],
        f"{each['anomaly_score']:.2f}",
        each["anomaly_type"],
        metrics,
        each["recommended_action"],
    ]


def _summary(found: Item) -> Iterator[str]:
    odd, judged = len(found["anomalies"]), len(found["scores"])
    yield f"{odd} of {judged} workers that could be judged are odd"
    for reason, count in Counter(each["reason"] for each in found["unjudged"]).most_common():
        yield f"{count} not judged: {reason}"
