from typing import Any

import pytest

from agents.collector import CollectorError
from agents.prefect import PrefectCollector, PrefectConfig
from tests.agents.contract import CollectorContract, records_of, unexplained_nulls
from tests.agents.http_faults import EVERYWHERE, FAULTS, FaultyTransport
from tests.agents.prefect.fake_cloud import API_KEY, CLOUD_URL, FakeCloud
from tests.agents.prefect.scenes import Scene, busy, busy_before


class Workspace:
    """The busy scene, read as a workspace of Cloud."""

    def __init__(self, **settings: Any) -> None:
        self.scene: Scene = busy()
        self.cloud = FakeCloud(self.scene.server)
        self.scene.wire = FaultyTransport(self.cloud)
        chosen = {"instance_id": "flows", "api_url": CLOUD_URL, "api_key": API_KEY} | settings
        self.scene.config = PrefectConfig.model_validate(chosen)
        self.scene.collector = PrefectCollector(
            self.scene.config, self.scene.wire, clock=lambda: 0.0
        )


class TestContract(CollectorContract):
    def collector(self) -> PrefectCollector:
        return Workspace().scene.collector

    def broken(self) -> PrefectCollector:
        scene = Workspace().scene
        scene.wire.fail(EVERYWHERE, FAULTS["refused"])
        return scene.collector


async def test_it_tells_what_a_server_tells_but_for_its_process() -> None:
    scene, served = Workspace().scene, busy()
    await scene.scrape()
    await served.scrape()
    await busy_before(scene)
    await busy_before(served)

    batch, of_server = await scene.scrape(), await served.scrape()

    record = batch.orchestrator
    assert record.health.errors == ()
    assert record.execution == of_server.orchestrator.execution
    assert record.scheduling == of_server.orchestrator.scheduling
    assert record.capacity == of_server.orchestrator.capacity
    assert [each.total_workers for each in batch.pools] == [
        each.total_workers for each in of_server.pools
    ]
    assert record.metadata.source.versions == {"prefect": "cloud"}
    assert "Prefect Cloud" in record.metadata.unavailable["/health/uptime"]
    assert [place for each in records_of(batch) for place in unexplained_nulls(each)] == []


async def test_what_cloud_does_not_have_is_not_asked_for() -> None:
    scene = Workspace().scene

    await scene.scrape()

    asked = [line for line in scene.wire.requests if line.endswith(("version", "metrics"))]
    assert asked == []
    assert all("/accounts/" in line for line in scene.wire.requests)


async def test_a_wrong_key_is_unauthorized() -> None:
    with pytest.raises(CollectorError) as caught:
        await Workspace(api_key="pnu_other").scene.scrape()

    assert caught.value.code == "unauthorized"


async def test_a_right_that_is_missing_is_no_lack_of_a_token() -> None:
    workspace = Workspace()
    workspace.cloud.forbidden = ("work_queues/",)

    record = (await workspace.scene.scrape()).orchestrator

    assert [error.source for error in record.health.errors] == ["work_queues"]
    assert not [line for line in workspace.scene.wire.requests if "csrf" in line]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"api_url": "https://api.prefect.cloud/api"}, "ACCOUNT/workspaces/WORKSPACE"),
        ({"api_url": CLOUD_URL.replace("api.", "app.", 1)}, "not its pages"),
        ({"api_url": CLOUD_URL.replace("https", "http")}, "https"),
        ({"api_key": None}, "needs api_key"),
        ({"api_key": None, "auth_string": "a:b"}, "no auth_string"),
    ],
)
def test_an_address_of_cloud_is_whole(settings: dict[str, str | None], said: str) -> None:
    chosen = {"instance_id": "x", "api_url": CLOUD_URL, "api_key": API_KEY}

    with pytest.raises(ValueError, match=said):
        PrefectConfig.model_validate(chosen | settings)


@pytest.mark.parametrize("url", [CLOUD_URL, f"{CLOUD_URL}/"])
def test_a_slash_at_its_end_changes_nothing(url: str) -> None:
    config = PrefectConfig.model_validate({"instance_id": "x", "api_url": url, "api_key": "k"})

    assert config.cloud
