"""database.md: every table and view of schema.sql."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from docs.generate.text import NOTE, cell, code, table
from store.partition_plan import keeping
from store.settings import RetentionSettings

__all__ = ["Relation", "database_page", "relations", "undocumented_relations"]

SCHEMA = Path(__file__).parent.parent.parent / "schema.sql"

PURPOSES = {
    "orchestrators": "Every orchestrator that was ever heard of.",
    "worker_pools": "Every worker pool.",
    "queues": "Every queue.",
    "orchestrator_metrics": "What each sample of an orchestrator said; its queues are in "
    "`queue_metrics`.",
    "worker_pool_metrics": "What each sample of a pool said; its workers are in "
    "`worker_instances`.",
    "queue_metrics": "What each sample said of a queue.",
    "load_balancing_metrics": "How evenly work lay on the workers of a pool.",
    "coordination_metrics": "How the parts of an orchestrator agreed.",
    "orchestrator_rollup_1m": "An orchestrator's minute: last values, sums, extremes.",
    "orchestrator_rollup_1h": "Its hour.",
    "worker_pool_rollup_1m": "A pool's minute.",
    "worker_pool_rollup_1h": "Its hour.",
    "queue_rollup_1m": "A queue's minute.",
    "queue_rollup_1h": "Its hour.",
    "scheduling_latency_rollup_1m": "Latency histogram of an orchestrator's minute; histograms "
    "of one set of bounds merge by addition.",
    "scheduling_latency_rollup_1h": "Of its hour.",
    "orchestrator_performance_summary": "The specification's summary by type and hour.",
    "scheduling_decisions": "Sampled decisions: which work got which place, and when.",
    "coordination_events": "Elections, lost leases, locks.",
    "scaling_events": "The ledger of what happened to the sizes of pools.",
    "orchestrator_latest": "The present of an orchestrator: of each section the last good value "
    "and when it was observed.",
    "worker_pool_latest": "The present of a pool.",
    "worker_instances": "The present workers of a pool.",
    "queue_latest": "The present of a queue.",
    "load_balancing_latest": "The newest record of each pool.",
    "coordination_latest": "The newest record of each orchestrator.",
    "outbox": "What changed, for readers that follow; `xid` and `seq` are their cursor.",
    "dead_letters": "Messages that could not be read, as they came.",
    "api_tokens": "Who may ask: hashes of tokens, sessions and login codes.",
}
"""What each relation is for. One that is missing here is undocumented."""

KEPT = {
    "scaling_events": "`retention.scaling_event_days`",
    "outbox": "`retention.outbox_hours`",
    "dead_letters": "`retention.dead_letter_days`",
    "api_tokens": "until a while after it ran out",
}


@dataclass(frozen=True)
class Relation:
    """A table or view. `columns` are pairs of name and type; a view's have no types."""

    name: str
    columns: tuple[tuple[str, str], ...]
    key: str
    partitioned_by: str | None
    is_view: bool


def relations(schema: str) -> tuple[Relation, ...]:
    """What a schema makes, partitions left out, in its order."""
    found: dict[str, Relation] = {}
    for kind, name, rest in re.findall(
        r"^CREATE (TABLE|VIEW) (\w+) (.*?);$", _without_comments(schema), re.M | re.S
    ):
        if rest.startswith("PARTITION OF"):
            continue
        found[name] = _view(name, rest) if kind == "VIEW" else _table(name, rest, found)
    return tuple(found.values())


def undocumented_relations(schema: str) -> list[str]:
    """Names of tables and views that nothing is said about."""
    return [relation.name for relation in relations(schema) if relation.name not in PURPOSES]


def database_page() -> str:
    """Every relation with its columns."""
    known = relations(SCHEMA.read_text())
    lines = [NOTE, "# Database", ""]
    lines += [
        "[schema.sql](../../schema.sql) is the whole of it; this is what is in it. Times are",
        "`TIMESTAMPTZ`; NULL is not known, never zero. How long a table is kept is a",
        "[setting](settings.md).",
        "",
    ]
    lines += table(
        ("table", "what for", "key", "kept"),
        (
            (
                f"[{relation.name}](#{relation.name})",
                cell(PURPOSES.get(relation.name, "")),
                code(relation.key) if relation.key else "",
                _kept(relation),
            )
            for relation in known
        ),
    )
    for relation in known:
        lines += ["", f"## {relation.name}", ""]
        if relation.partitioned_by:
            lines += [f"Partitioned by range of `{relation.partitioned_by}`.", ""]
        lines += table(("column", "type"), ((code(n), cell(t)) for n, t in relation.columns))
    return "\n".join(lines) + "\n"


def _kept(relation: Relation) -> str:
    if relation.partitioned_by is None:
        return KEPT.get(relation.name, "" if relation.is_view else "always")
    kept = keeping(relation.name, RetentionSettings())
    names = {
        "raw history": "`retention.raw_days`, `retention.raw_bytes`",
        "history in steps of a minute": "`retention.rollup_1m_days`, `retention.rollup_1m_bytes`",
        "history in steps of an hour": "`retention.rollup_1h_days`",
    }
    return names[kept.what]


def _without_comments(schema: str) -> str:
    return re.sub(r"--.*", "", schema)


def _table(name: str, rest: str, known: dict[str, Relation]) -> Relation:
    body, _, options = rest.partition("\n)")
    partitioned = re.search(r"PARTITION BY RANGE \((\w+)\)", options)
    like = re.search(r"LIKE (\w+)", body)
    if like:
        origin = known[like.group(1)]
        columns, key = origin.columns, origin.key
    else:
        columns, key = tuple(_columns(body)), _key(body)
    return Relation(name, columns, key, partitioned.group(1) if partitioned else None, False)


def _columns(body: str) -> Iterator[tuple[str, str]]:
    for line in body.splitlines():
        match = re.match(r"\s+([a-z_0-9]+) ([A-Z0-9]+(?: PRECISION)?(?:\(\d+\))?(?:\[\])?)", line)
        if match:
            yield match.group(1), match.group(2).lower()


def _key(body: str) -> str:
    whole = re.search(r"PRIMARY KEY \(([^)]+)\)", body)
    if whole:
        return whole.group(1)
    inline = re.search(r"^\s+(\w+) .*PRIMARY KEY", body, re.M)
    return inline.group(1) if inline else ""


def _view(name: str, rest: str) -> Relation:
    selected = rest.partition("SELECT")[2].partition("\nFROM")[0]
    flat = selected
    while (inner := re.sub(r"\([^()]*\)", "", flat)) != flat:  # commas inside brackets part nothing
        flat = inner
    names = [re.findall(r"\w+", each)[-1] for each in flat.split(",")]
    return Relation(name, tuple((each, "") for each in names), "", None, True)
