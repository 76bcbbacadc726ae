"""What a node uses, as its kubelet tells; unknown is never zero."""

from datetime import timedelta
from typing import Any, ClassVar

import pytest

from agents.collector import BadResponseError, CollectorError
from agents.kubernetes.node import NodeConfig
from contracts.identity import orchestrator_id, sample_id
from contracts.topics import Topic, decode, encode, schema_of, topic_of
from contracts.worker_usage import USAGES, WorkerUsage
from tests.agents.contract import NOW, leaves
from tests.agents.kubernetes.node.scenes import KUBELET, NAME, NODE, UID, Scene

OWNER = orchestrator_id("kubernetes", "default", "prod")


def usages(record: WorkerUsage) -> tuple[float | None, ...]:
    return tuple(getattr(record, name) for name in USAGES)


def unexplained(record: WorkerUsage) -> list[str]:
    nulls = [place for place, value in leaves(record.to_wire()) if value is None]
    return [
        place
        for place in nulls
        if not place.startswith("/metadata") and place not in record.metadata.unavailable
    ]


async def test_shares_are_of_what_the_node_may_use() -> None:
    scene = Scene()
    await scene.scrape()
    scene.server.sample(scene.at, received=300_000, sent=150_000)

    record = (await scene.scrape()).usage

    assert record.cpu_usage == pytest.approx(1.221060965 / 2)
    assert record.memory_usage == pytest.approx(3796942848 / (24581684 * 1024))
    assert record.disk_usage == pytest.approx(12288 / 67108864)
    assert record.network_usage == pytest.approx(30_000)
    details = record.metadata.model_extra or {}
    assert details["kubernetes"] == {
        "node": NAME,
        "interface": "eth0",
        "receivedBytesPerS": 20_000.0,
        "sentBytesPerS": 10_000.0,
        "clockSkewS": 0.0,
        "errors": [],
    }


async def test_the_record_is_of_the_cluster_s_worker() -> None:
    record = (await Scene().scrape()).usage

    assert (record.orchestrator_id, record.worker_id, record.collected_at) == (OWNER, UID, NOW)
    assert record.id == sample_id(OWNER, "worker-usage", NOW, UID)
    assert record.metadata.interval_s == 15
    assert record.metadata.source.versions == {"kubelet": "v1.37.2"}
    assert record.metadata.source.calls == 2
    assert topic_of(record) is Topic.WORKER_USAGE
    assert decode(Topic.WORKER_USAGE, schema_of(Topic.WORKER_USAGE), encode(record)) == record


async def test_first_scrape_knows_no_rate() -> None:
    record = (await Scene().scrape()).usage

    assert record.network_usage is None
    assert record.metadata.unavailable.keys() == {"/networkUsage"}
    assert "two scrapes" in record.metadata.unavailable["/networkUsage"]


async def test_rate_stands_until_the_kubelet_samples_again() -> None:
    scene = Scene()
    await scene.scrape()
    scene.server.sample(scene.at, received=15_000)
    rates = [(await scene.scrape()).usage.network_usage for _ in range(3)]
    scene.server.sample(scene.at)

    assert [*rates, (await scene.scrape()).usage.network_usage] == [1_000.0] * 3 + [0.0]


@pytest.mark.parametrize("what", ["counter", "start", "interface"])
async def test_counters_that_begin_anew_tell_no_rate(what: str) -> None:
    scene = Scene()
    await scene.scrape()
    scene.server.sample(scene.at, received=1_000)
    if what == "counter":
        scene.server.stats["network"]["rxBytes"] = 5
    elif what == "start":
        scene.server.stats["startTime"] = "2026-03-01T12:00:10Z"
    else:
        scene.server.stats["network"]["name"] = "eth1"
    record = (await scene.scrape()).usage
    scene.server.sample(scene.at, received=1_500)

    assert record.network_usage is None
    assert "began anew" in record.metadata.unavailable["/networkUsage"]
    assert (await scene.scrape()).usage.network_usage == 100.0


async def test_clock_that_goes_back_tells_no_rate() -> None:
    scene = Scene()
    await scene.scrape()
    scene.server.sample(scene.at - timedelta(seconds=60), received=1_000)

    record = (await scene.scrape()).usage

    assert record.network_usage is None
    assert "went back" in record.metadata.unavailable["/networkUsage"]


async def test_a_kubelet_with_one_sample_tells_no_use_of_cpu() -> None:
    scene = Scene()
    scene.server.stats["cpu"]["usageNanoCores"] = 0

    record = (await scene.scrape()).usage

    assert record.cpu_usage is None
    assert "two samples" in record.metadata.unavailable["/cpuUsage"]


@pytest.mark.parametrize(
    ("part", "place"),
    [
        ("cpu", "/cpuUsage"),
        ("memory", "/memoryUsage"),
        ("fs", "/diskUsage"),
        ("network", "/networkUsage"),
    ],
)
@pytest.mark.parametrize("how", ["left out", "empty", "old"])
async def test_what_the_kubelet_does_not_tell_is_null_alone(
    part: str, place: str, how: str
) -> None:
    scene = Scene()
    await scene.scrape()
    scene.server.sample(scene.at)
    known = scene.server.stats.pop(part)
    if how == "empty":
        scene.server.stats[part] = {"time": known["time"], "name": "eth0"}
    if how == "old":
        scene.server.stats[part] = known | {"time": "2026-03-01T11:50:00Z"}

    record = (await scene.scrape()).usage

    nulls = {name for name, value in record.to_wire().items() if value is None}
    assert nulls == {place.removeprefix("/")}
    assert record.metadata.unavailable.keys() == {place}


@pytest.mark.parametrize("told", [{}, {"cpu": "two", "memory": "?"}, {"cpu": "0", "memory": "0"}])
async def test_without_a_size_there_is_no_share(told: dict[str, str]) -> None:
    scene = Scene()
    scene.server.node["status"]["allocatable"] = told

    record = (await scene.scrape()).usage

    assert (record.cpu_usage, record.memory_usage) == (None, None)
    assert record.disk_usage is not None
    assert {"/cpuUsage", "/memoryUsage"} <= record.metadata.unavailable.keys()


async def test_every_null_has_a_reason() -> None:
    scene = Scene()
    for part in ("cpu", "memory", "fs", "network"):
        scene.server.stats.pop(part)

    record = (await scene.scrape()).usage

    assert usages(record) == (None,) * 4
    assert unexplained(record) == []


async def test_the_kubelet_is_where_the_node_says() -> None:
    scene = Scene()
    await scene.scrape()

    assert scene.server.urls == [
        f"https://kube.example/api/v1/nodes/{NAME}",
        "https://192.0.2.2:21261/stats/summary",
    ]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"addresses": [{"type": "Hostname", "address": "n1"}]}, "https://n1:10250"),
        (
            {"addresses": [{"type": "InternalIP", "address": "2001:db8::1"}]},
            "https://[2001:db8::1]:10250",
        ),
    ],
)
async def test_other_addresses(status: dict[str, Any], expected: str) -> None:
    scene = Scene()
    scene.server.node["status"] = status

    await scene.scrape()

    assert scene.server.urls[-1] == f"{expected}/stats/summary"


async def test_a_node_without_an_address_needs_the_setting() -> None:
    scene = Scene()
    scene.server.node["status"] = {}
    with pytest.raises(BadResponseError, match="kubelet_url"):
        await scene.scrape()

    told = Scene({"kubelet_url": "https://10.1.2.3:4194/"})
    await told.scrape()

    assert told.server.urls[-1] == "https://10.1.2.3:4194/stats/summary"


async def test_the_node_s_object_is_read_now_and_then() -> None:
    scene = Scene({"facts_interval_s": 30})
    for _ in range(5):
        await scene.scrape()

    assert scene.wire.requests.count(NODE) == 3
    assert scene.wire.requests.count(KUBELET) == 5


async def test_the_kubelet_of_another_node_is_not_believed() -> None:
    scene = Scene()
    scene.server.stats["nodeName"] = "another"

    with pytest.raises(BadResponseError, match="'another'"):
        await scene.scrape()


async def test_the_environment_names_the_node(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NODE_NAME", NAME)
    scene = Scene({"node_name": None})

    assert (await scene.scrape()).usage.worker_id == UID


async def test_a_node_without_a_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NODE_NAME", raising=False)
    scene = Scene({"node_name": None})

    with pytest.raises(CollectorError, match="NODE_NAME"):
        await scene.scrape()
    assert scene.collector.outage("x", "y", NOW) is None


async def test_it_closes_twice() -> None:
    scene = Scene()
    await scene.scrape()

    await scene.collector.aclose()
    await scene.collector.aclose()


class TestSettings:
    model: ClassVar[type[NodeConfig]] = NodeConfig

    def test_every_setting_is_described(self) -> None:
        fields = self.model.model_fields

        assert [name for name, field in fields.items() if not field.description] == []

    def test_a_misspelt_setting_is_refused(self) -> None:
        with pytest.raises(ValueError, match="no_such_setting"):
            self.model.model_validate({"instance_id": "x", "no_such_setting": 1})

    def test_trust_is_said_once(self) -> None:
        both = {"instance_id": "x", "kubelet_ca_file": "ca.pem", "kubelet_verify": False}

        with pytest.raises(ValueError, match="kubelet_verify"):
            self.model.model_validate(both)

    async def test_a_file_of_authorities_that_is_not_there_is_named(self) -> None:
        scene = Scene({"kubelet_ca_file": "/nowhere/ca.pem"})

        with pytest.raises(CollectorError, match=r"kubelet_ca_file /nowhere/ca\.pem"):
            await scene.scrape()
