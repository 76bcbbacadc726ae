"""Ids that every machine computes alike: the same thing has the same id everywhere.

An id of a *thing* (orchestrator, pool, queue) is a version 5 UUID of what names it; an id of
a *sample* is one of (owner, kind, time), so a retry is a duplicate by construction.
"""

from datetime import datetime
from uuid import NAMESPACE_URL, UUID, uuid5

__all__ = ["orchestrator_id", "pool_id", "queue_id", "sample_id", "workflow_id"]

NAMESPACE = uuid5(NAMESPACE_URL, "urn:woa")


def orchestrator_id(orchestrator_type: str, cluster_name: str, instance_id: str) -> UUID:
    """The id of one orchestrator instance."""
    return _named("orchestrator", orchestrator_type, cluster_name, instance_id)


def pool_id(orchestrator: UUID, pool_name: str) -> UUID:
    """The id of one worker pool of an orchestrator."""
    return _named("pool", str(orchestrator), pool_name)


def queue_id(orchestrator: UUID, queue_name: str) -> UUID:
    """The id of one queue of an orchestrator."""
    return _named("queue", str(orchestrator), queue_name)


def workflow_id(orchestrator: UUID, name: str) -> UUID:
    """The id of a workflow that its source names by a text instead of a UUID."""
    return _named("workflow", str(orchestrator), name)


def sample_id(owner: UUID, kind: str, collected_at: datetime, part: str = "0") -> UUID:
    """The id of one sample of `owner`.

    `part` tells samples of one moment apart: a page number, or the key of an event.
    """
    return _named("sample", str(owner), kind, str(_microseconds(collected_at)), part)


def _named(*parts: str) -> UUID:
    # Each part is length-prefixed: "a/b","c" and "a","b/c" are different things.
    return uuid5(NAMESPACE, "/".join(f"{len(part)}:{part}" for part in parts))


def _microseconds(moment: datetime) -> int:
    if moment.tzinfo is None:
        raise ValueError("a sample's time must carry its time zone")
    whole = int(moment.replace(microsecond=0).timestamp())
    return whole * 1_000_000 + moment.microsecond
