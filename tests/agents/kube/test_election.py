"""One holder at a time, whatever the clocks say; nobody waits for who has said goodbye."""

import asyncio
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from agents.collector import (
    Batch,
    Collector,
    NothingNewError,
    UnauthorizedError,
    UnreachableError,
)
from agents.kube.election import LEASE_S, RENEW_S, Candidate, replica_of
from agents.kube.settings import KubeSettings
from contracts.orchestrator import OrchestratorType
from tests.agents.contract import NOW
from tests.agents.http_faults import FAULTS, FaultyTransport
from tests.records import orchestrator_record

PATH = "/apis/coordination.k8s.io/v1/namespaces/woa/leases"


@dataclass
class LeaseServer(httpx.AsyncBaseTransport):
    """Keeps leases; a write that names another version than the newest is refused."""

    lease: dict[str, Any] | None = None
    version: int = 0
    writes: list[str] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return (
                httpx.Response(404, json={})
                if self.lease is None
                else httpx.Response(200, json=self.lease)
            )
        body = json.loads(request.content)
        known = None if self.lease is None else self.lease["metadata"]["resourceVersion"]
        if body["metadata"].get("resourceVersion") != known:
            return httpx.Response(409, json={})
        self.version += 1
        body["metadata"]["resourceVersion"] = str(self.version)
        self.lease = body
        self.writes.append(body["spec"]["holderIdentity"])
        return httpx.Response(200, json=body)


@dataclass
class Scene:
    """Two candidates, a lease, and a clock."""

    server: LeaseServer = field(default_factory=LeaseServer)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.wires = {name: FaultyTransport(self.server) for name in ("a", "b")}
        self.a, self.b = (self.candidate(name) for name in ("a", "b"))

    def candidate(self, name: str) -> Candidate:
        http = httpx.AsyncClient(base_url="http://kube", transport=self.wires[name])
        return Candidate(http, "woa", "agent", name, lambda: self.seconds)

    async def aclose(self) -> None:
        for each in (self.a, self.b):
            await each.aclose()


async def test_the_first_leads_and_the_other_stands_by() -> None:
    scene = Scene()
    for _ in range(20):
        await scene.a.attempt()
        await scene.b.attempt()
        scene.seconds += 2
        assert (scene.a.leads, scene.b.leads) == (True, False)

    assert scene.b.holder == "a"
    await scene.aclose()


async def test_a_silent_holder_stops_before_another_begins() -> None:
    scene = Scene()
    await scene.a.attempt()
    both, nobody, taken_s = 0, 0, None
    while taken_s is None:
        await scene.b.attempt()
        both += scene.a.leads and scene.b.leads
        nobody += not scene.a.leads and not scene.b.leads
        taken_s = scene.seconds if scene.b.leads else None
        scene.seconds += 0.5

    assert both == 0
    assert nobody == (LEASE_S - RENEW_S) / 0.5
    assert taken_s == LEASE_S
    assert scene.server.lease is not None
    assert scene.server.lease["spec"]["leaseTransitions"] == 1
    await scene.aclose()


@pytest.mark.parametrize("renewed", ["1999-01-01T00:00:00Z", "2999-01-01T00:00:00Z"])
async def test_the_holders_clock_does_not_matter(renewed: str) -> None:
    scene = Scene()
    await scene.a.attempt()
    assert scene.server.lease is not None
    scene.server.lease["spec"]["renewTime"] = renewed
    await scene.b.attempt()
    early = scene.b.leads
    scene.seconds += LEASE_S
    await scene.b.attempt()

    assert not early
    assert scene.b.leads
    await scene.aclose()


async def test_of_two_that_write_at_once_one_leads() -> None:
    scene = Scene()
    await asyncio.gather(scene.a.attempt(), scene.b.attempt())
    await scene.a.attempt()
    await scene.b.attempt()

    assert scene.a.leads != scene.b.leads
    await scene.aclose()


async def test_a_clean_end_hands_over_at_once() -> None:
    scene = Scene()
    await scene.a.attempt()
    await scene.b.attempt()
    await scene.a.aclose()
    await scene.b.attempt()

    assert not scene.a.leads
    assert scene.b.leads
    await scene.aclose()


async def test_who_never_led_gives_nothing_up() -> None:
    scene = Scene()
    await scene.a.attempt()
    await scene.b.attempt()
    await scene.b.aclose()

    assert scene.server.writes == ["a"]
    assert scene.a.leads
    await scene.aclose()


async def test_a_holder_that_cannot_reach_the_lease_stops_in_time_and_may_come_back() -> None:
    scene = Scene()
    await scene.a.attempt()
    scene.wires["a"].fail(PATH, FAULTS["refused"])
    scene.seconds += RENEW_S - 1
    await scene.a.attempt()
    still = scene.a.leads
    scene.seconds += 1
    over = scene.a.leads
    failure = scene.a.failure
    scene.wires["a"].heal()
    await scene.a.attempt()

    assert (still, over) == (True, False)
    assert isinstance(failure, UnreachableError)
    assert scene.a.leads
    assert scene.a.failure is None
    await scene.aclose()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("403", UnauthorizedError),
        ("401", UnauthorizedError),
        ("500", UnreachableError),
        ("HTML", UnreachableError),
        ("null", UnreachableError),
        ("half a JSON", UnreachableError),
        ("another shape", UnreachableError),
    ],
)
async def test_what_keeps_it_from_the_lease_is_told(fault: str, error: type[Exception]) -> None:
    scene = Scene()
    scene.wires["a"].fail(PATH, FAULTS[fault])
    await scene.a.attempt()

    assert not scene.a.leads
    assert isinstance(scene.a.failure, error)
    await scene.aclose()


class Source(Collector[KubeSettings]):
    """Remembers how many there are."""

    orchestrator_type = OrchestratorType.KUBERNETES
    config_model = KubeSettings
    open: int = 0

    def __init__(self, config: KubeSettings) -> None:
        super().__init__(config)
        Source.open += 1

    async def collect(self, now: datetime) -> Batch:
        return Batch(orchestrator_record())

    async def aclose(self) -> None:
        Source.open -= 1


class TestReplica:
    def replica(self, scene: Scene, name: str) -> Collector[KubeSettings]:
        config = KubeSettings(instance_id="x", lease_name="agent")
        return replica_of(Source)(config, lambda: scene.candidate(name))  # type: ignore[call-arg]

    async def test_one_collects_and_the_other_keeps_nothing(self) -> None:
        scene, before = Scene(), Source.open
        one, other = self.replica(scene, "a"), self.replica(scene, "b")
        assert (await one.collect(NOW)).orchestrator
        with pytest.raises(NothingNewError, match="stands by: a holds the lease"):
            await other.collect(NOW)
        assert Source.open == before + 1
        scene.seconds += RENEW_S  # nothing renews here: the tasks sleep
        with pytest.raises(NothingNewError):
            await one.collect(NOW)

        assert Source.open == before
        await one.aclose()
        await other.aclose()
        await scene.aclose()

    async def test_without_the_lease_the_outage_is_told_by_all(self) -> None:
        scene = Scene()
        scene.wires["a"].fail(PATH, FAULTS["refused"])
        replica = self.replica(scene, "a")

        with pytest.raises(UnreachableError, match="lease agent"):
            await replica.collect(datetime.now(UTC))
        await replica.aclose()
        await replica.aclose()
        await scene.aclose()
