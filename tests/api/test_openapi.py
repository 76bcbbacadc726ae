"""The OpenAPI document, and the page that describes the routes."""

from pathlib import Path

import httpx

from tests.api.routes_of import paths_of
from tests.api.world import PREFIX, World

REFERENCE = Path(__file__).parent.parent.parent / "docs" / "reference" / "api.md"


async def test_document_describes_answers_errors_and_credentials(
    client: httpx.AsyncClient,
) -> None:
    document = (await client.get(f"{PREFIX}/openapi.json")).json()
    operation = document["paths"][f"{PREFIX}/orchestrators/{{orchestrator_id}}/capacity"]["get"]
    answers = operation["responses"]

    assert document["openapi"].startswith("3.1")
    assert answers["200"]["content"]["application/json"]["schema"]["$ref"].endswith("CapacityFrame")
    for status in ("401", "404", "422", "503"):
        assert list(answers[status]["content"]) == ["application/problem+json"]
    assert set(document["components"]["schemas"]["Problem"]["properties"]) == {
        *("type", "title", "status", "detail", "instance", "code", "requestId", "errors")
    }
    assert document["security"] == [{"token": []}, {"session": []}]
    assert document["paths"]["/healthz"]["get"]["security"] == []


async def test_document_names_every_reference_it_makes(client: httpx.AsyncClient) -> None:
    response = await client.get(f"{PREFIX}/openapi.json")
    schemas = response.json()["components"]["schemas"]
    references = {part.split('"')[0] for part in response.text.split("#/components/schemas/")[1:]}

    assert references - schemas.keys() == set()


async def test_operation_names_are_unique(client: httpx.AsyncClient) -> None:
    document = (await client.get(f"{PREFIX}/openapi.json")).json()
    names = [
        operation["operationId"]
        for path in document["paths"].values()
        for operation in path.values()
    ]

    assert len(names) == len(set(names))


def test_every_route_is_described(apart: World) -> None:
    text = REFERENCE.read_text()
    missing = [path for path in paths_of(apart.app) if path.removeprefix(PREFIX) not in text]

    assert missing == []


async def test_every_time_range_says_its_grammar(client: httpx.AsyncClient) -> None:
    document = (await client.get(f"{PREFIX}/openapi.json")).json()
    operations = [each for path in document["paths"].values() for each in path.values()]
    fields = [
        parameter["schema"]
        for operation in operations
        for parameter in operation.get("parameters", ())
        if parameter["name"] == "time_range"
    ]
    fields += [
        schema["properties"]["time_range"]
        for schema in document["components"]["schemas"].values()
        if "time_range" in schema.get("properties", {})
    ]

    assert len(fields) > 8
    assert [each for each in fields if "pattern" not in each] == []
