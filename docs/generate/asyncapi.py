"""asyncapi.json: the topics as a contract for programs of others, as AsyncAPI 3."""

import json
from dataclasses import dataclass
from typing import Any

from agents.forwarder import RECORD_ID_HEADER
from contracts.topics import SCHEMA_HEADER, SCHEMA_VERSION, Topic, schema_of

__all__ = ["asyncapi_page"]

SCHEMA_FORMAT = "application/schema+json;version=draft-2020-12"


@dataclass(frozen=True)
class _Channel:
    """One topic, in words for those who read or write it."""

    sender: str
    receiver: str
    about: str
    key: str = "The orchestrator's id: records of one orchestrator keep their order."


CHANNELS = {
    Topic.ORCHESTRATOR_METRICS: _Channel(
        "agents", "ingest", "One scrape of one orchestrator: health, capacity, scheduling, queues."
    ),
    Topic.WORKER_POOL_METRICS: _Channel(
        "agents",
        "ingest",
        "One worker pool with its workers. A pool of very many comes in pages, one after the "
        "other: each says all about its range of worker ids.",
    ),
    Topic.WORKER_USAGE: _Channel(
        "agents",
        "ingest",
        "What one worker uses, from an agent beside it; the newest counts, in any order.",
    ),
    Topic.LOAD_BALANCING_METRICS: _Channel(
        "agents", "ingest", "How work is spread over the workers of an orchestrator or a pool."
    ),
    Topic.COORDINATION_METRICS: _Channel(
        "agents", "ingest", "How the processes of an orchestrator agree with one another."
    ),
    Topic.EVENTS: _Channel(
        "agents", "ingest", "What happened once: scheduling decisions, coordination, scaling."
    ),
    Topic.COMMANDS: _Channel(
        "the API",
        "agents",
        "What an operator asked for. An agent executes it only if its own policy allows it.",
    ),
    Topic.DEAD_LETTERS: _Channel(
        "agents",
        "ingest",
        "Messages that could not be sent, with their beginning; ingest keeps those that cannot be "
        "read in the database.",
        "The key of the message that it tells of.",
    ),
}


def asyncapi_page() -> str:
    """The document."""
    document = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "woa topics",
            "version": SCHEMA_VERSION,
            "description": (
                "What agents publish to Apache Kafka, for programs of others that read it or "
                "write it. Delivery is at least once: a record's id names its sample, so the same "
                "id again is the same record. A version changes by optional fields only: ignore "
                "fields that you do not know, refuse a major version that you do not know (header "
                f"{SCHEMA_HEADER}), and read null as unknown, never as zero. "
                "examples/consumer is a program to start from."
            ),
            "license": {
                "name": "Apache-2.0",
                "url": "https://www.apache.org/licenses/LICENSE-2.0.html",
            },
        },
        "defaultContentType": "application/json",
        "servers": {
            "kafka": {
                "host": "{bootstrap}",
                "protocol": "kafka-secure",
                "description": "The cluster of WOA_KAFKA__BOOTSTRAP_SERVERS.",
                "variables": {"bootstrap": {"description": "host:port of a broker."}},
            }
        },
        "channels": {_name(topic): _channel(topic) for topic in Topic},
        "operations": {
            name: operation for topic in Topic for name, operation in _operations(topic).items()
        },
        "components": {"messages": {_name(topic): _message(topic) for topic in Topic}},
    }
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def _name(topic: Topic) -> str:
    return topic.value.removeprefix("woa.")


def _channel(topic: Topic) -> dict[str, Any]:
    return {
        "address": topic.value,
        "description": CHANNELS[topic].about,
        "messages": {_name(topic): {"$ref": f"#/components/messages/{_name(topic)}"}},
        "bindings": {"kafka": {"topic": topic.value, "bindingVersion": "0.5.0"}},
    }


def _operations(topic: Topic) -> dict[str, Any]:
    words = CHANNELS[topic]
    channel = f"#/channels/{_name(topic)}"
    message = {"$ref": f"{channel}/messages/{_name(topic)}"}
    return {
        f"{action}.{_name(topic)}": {
            "action": action,
            "summary": f"Done by {who}.",
            "channel": {"$ref": channel},
            "messages": [message],
        }
        for action, who in (("send", words.sender), ("receive", words.receiver))
    }


def _message(topic: Topic) -> dict[str, Any]:
    return {
        "name": _name(topic),
        "contentType": "application/json",
        "headers": {
            "type": "object",
            "properties": {
                SCHEMA_HEADER: {
                    "type": "string",
                    "description": "Name and version of the schema, <name>/<major>.<minor>.",
                    "examples": [schema_of(topic)],
                },
                RECORD_ID_HEADER: {
                    "type": "string",
                    "format": "uuid",
                    "description": "The record's id, for those who skip what they have.",
                },
            },
            "required": [SCHEMA_HEADER],
        },
        "payload": {
            "schemaFormat": SCHEMA_FORMAT,
            "schema": {"$ref": f"./schemas/{_name(topic)}.json"},
        },
        "bindings": {
            "kafka": {
                "key": {
                    "type": "string",
                    "format": "uuid",
                    "description": CHANNELS[topic].key,
                },
                "bindingVersion": "0.5.0",
            }
        },
    }
