"""What surrounds every request."""

import httpx
import pytest

from api.settings import ApiSettings
from tests.api.world import PREFIX, World
from tests.records import orchestrator_record


async def test_every_answer_forbids_a_browser_what_it_can(passerby: httpx.AsyncClient) -> None:
    for path in ("/", "/healthz", "/login", "/metrics", "/assets/gone.js", f"{PREFIX}/queues"):
        headers = (await passerby.get(path)).headers
        policy = headers["content-security-policy"]

        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert "access-control-allow-origin" not in headers


async def test_a_sane_request_id_is_kept(passerby: httpx.AsyncClient) -> None:
    response = await passerby.get("/healthz", headers={"x-request-id": "req-1.A_b"})

    assert response.headers["x-request-id"] == "req-1.A_b"


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "<script>"])
async def test_any_other_request_id_is_replaced(given: str, passerby: httpx.AsyncClient) -> None:
    response = await passerby.get("/healthz", headers={"x-request-id": given})

    assert len(response.headers["x-request-id"]) == 32


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8650", "127.0.0.1:1", "[::1]:8650"])
async def test_loopback_names_are_ours(host: str, passerby: httpx.AsyncClient) -> None:
    response = await passerby.get("/healthz", headers={"host": host})

    assert response.status_code == 200


async def test_further_names_can_be_allowed(apart: World) -> None:
    app = apart.make_app(ApiSettings(allowed_hosts=("Woa.Example",)))
    async with apart.client(app, host="woa.example:443") as client:
        response = await client.get("/healthz")

    assert response.status_code == 200


async def test_an_answer_is_not_sent_twice(world: World, client: httpx.AsyncClient) -> None:
    url = f"{PREFIX}/orchestrators"
    first = await client.get(url)
    etag = first.headers["etag"]
    second = await client.get(url, headers={"if-none-match": f'"other", W/{etag}'})

    assert first.headers["cache-control"] == "private, no-cache"
    assert (second.status_code, second.content) == (304, b"")
    assert second.headers["etag"] == etag


async def test_a_changed_answer_has_another_etag(world: World, client: httpx.AsyncClient) -> None:
    url = f"{PREFIX}/orchestrators"
    etag = (await client.get(url)).headers["etag"]
    await world.write(orchestrator_record())
    response = await client.get(url, headers={"if-none-match": etag})

    assert response.status_code == 200
    assert response.headers["etag"] != etag


async def test_series_of_unchanged_data_keep_their_etag_within_a_step(
    world: World, client: httpx.AsyncClient
) -> None:
    record = orchestrator_record()
    await world.write(record)
    url = f"{PREFIX}/orchestrators/{record.orchestrator_id}/capacity"
    etag = (await client.get(url)).headers["etag"]
    world.clock.advance(seconds=20)
    response = await client.get(url, headers={"if-none-match": etag})

    assert response.status_code == 304


async def test_requests_are_counted_by_template_and_never_by_path(
    world: World, client: httpx.AsyncClient
) -> None:
    await client.get(f"{PREFIX}/worker-pools/7")
    await client.get("/some/page")
    await client.request("BREW", f"{PREFIX}/worker-pools/7")
    response = await client.get("/metrics")
    text = response.text
    template = f'route="{PREFIX}/worker-pools/{{pool_id}}"'

    assert f'woa_api_requests_total{{method="GET",{template},status="422"}} 1.0' in text
    assert f'woa_api_request_duration_seconds_count{{method="GET",{template}}} 1.0' in text
    assert 'woa_build_info{version="1.2.3"} 1.0' in text
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "/some/page" not in text
    assert "BREW" not in text
