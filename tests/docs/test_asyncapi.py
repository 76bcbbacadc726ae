"""The contract of the topics: whole, and true of what is really sent."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from agents.forwarder import message_of
from contracts.topics import PublishedRecord, Topic
from docs.generate.pages import ASYNCAPI
from tests.records import one_of_each

CONTRACT: dict[str, Any] = json.loads(ASYNCAPI.read_text())


def references(node: Any) -> Iterator[str]:
    match node:
        case {"$ref": str(reference)}:
            yield reference
        case dict():
            for each in node.values():
                yield from references(each)
        case list():
            for each in node:
                yield from references(each)


def resolved(reference: str) -> Any:
    """What it points to, in this document or in a file beside it. Raises `KeyError`, `OSError`."""
    file, _, pointer = reference.partition("#")
    node = json.loads((ASYNCAPI.parent / file).read_text()) if file else CONTRACT
    for part in pointer.split("/")[1:]:
        node = node[part]
    return node


def test_every_reference_leads_somewhere() -> None:
    found = list(references(CONTRACT))

    assert len(found) >= 4 * len(Topic)
    assert all(resolved(reference) for reference in found)


def test_it_has_what_version_3_asks_for() -> None:
    assert CONTRACT["asyncapi"] == "3.0.0"
    assert CONTRACT["info"].keys() >= {"title", "version"}
    for operation in CONTRACT["operations"].values():
        assert operation["action"] in {"send", "receive"}
        channel = resolved(operation["channel"]["$ref"])
        assert [resolved(message["$ref"]) for message in operation["messages"]] == list(
            channel["messages"].values()
        )


def test_it_has_a_channel_for_every_topic() -> None:
    addresses = {channel["address"] for channel in CONTRACT["channels"].values()}

    assert addresses == set(Topic)


@pytest.mark.parametrize("record", one_of_each(), ids=lambda record: type(record).__name__)
def test_a_message_of_ours_is_as_it_says(record: PublishedRecord) -> None:
    message = message_of(record)
    (channel,) = (
        each for each in CONTRACT["channels"].values() if each["address"] == message.topic
    )
    (reference,) = channel["messages"].values()
    described = resolved(reference["$ref"])
    schema = resolved(described["payload"]["schema"]["$ref"])

    jsonschema.validate(dict(message.headers), described["headers"])
    jsonschema.validate(message.key, described["bindings"]["kafka"]["key"])
    jsonschema.Draft202012Validator(schema).validate(json.loads(message.value))
    assert set(message.headers) == set(described["headers"]["properties"])
