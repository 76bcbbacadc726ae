"""A record as one row: columns of the history, its sections as JSON text.

JDBC sinks want each message to name its schema; without a registry that is done in the message.
"""

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["COLUMNS", "SECTIONS", "row_of", "with_schema"]

SECTIONS = (
    *("health", "capacity", "scheduling", "queuing", "execution", "resources", "networking"),
    *("persistence", "metadata"),
)
KEYS = {
    "id": "id",
    "orchestrator_id": "orchestratorId",
    "orchestrator_type": "orchestratorType",
    "instance_id": "instanceId",
    "cluster_name": "clusterName",
    "collected_at": "collectedAt",
}
COLUMNS = (*KEYS, *SECTIONS)
LOGICAL = {
    "id": "io.debezium.data.Uuid",
    "orchestrator_id": "io.debezium.data.Uuid",
    "collected_at": "io.debezium.time.ZonedTimestamp",
    **dict.fromkeys(SECTIONS, "io.debezium.data.Json"),
}


def row_of(record: Mapping[str, Any]) -> dict[str, str | None]:
    """Column -> value, of a record as it is on the wire."""
    row: dict[str, str | None] = {column: record[name] for column, name in KEYS.items()}
    for section in SECTIONS:
        value = record[section]
        row[section] = None if value is None else json.dumps(value, separators=(",", ":"))
    return row


def with_schema(record: Mapping[str, Any]) -> bytes:
    """The row as Kafka Connect's JsonConverter reads it."""
    return json.dumps({"schema": SCHEMA, "payload": row_of(record)}, separators=(",", ":")).encode()


def _field(column: str) -> dict[str, Any]:
    field: dict[str, Any] = {"type": "string", "optional": True, "field": column}
    if column in LOGICAL:
        field |= {"name": LOGICAL[column], "version": 1}
    return field


SCHEMA = {
    "type": "struct",
    "optional": False,
    "name": "orchestrator_metrics",
    "fields": [_field(column) for column in COLUMNS],
}
