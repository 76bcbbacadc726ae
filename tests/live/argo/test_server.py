"""Argo's own server, and who leads."""

import pytest

from agents.argo import ArgoCollector
from contracts.events import CoordinationEvent
from contracts.health import ComponentStatus
from tests.live.argo.argo import Argo
from tests.live.argo.test_agent import scrape, settings_of

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]


async def test_a_server_that_is_there_and_then_is_not(argo: Argo) -> None:
    async with ArgoCollector(settings_of(argo, server_url=argo.serve())) as collector:
        there = (await scrape(collector)).orchestrator
        argo.stop_serving()
        gone = (await scrape(collector)).orchestrator

    assert there.metadata.source.versions["argo"] == argo.version()
    statuses = [
        {each.name: each.status for each in record.health.components}["argo-server"]
        for record in (there, gone)
    ]
    assert statuses == [ComponentStatus.HEALTHY, ComponentStatus.UNHEALTHY]
    assert there.health.errors == ()
    assert "argo server" in {each.source for each in gone.health.errors}


async def test_who_leads_is_an_event(argo: Argo) -> None:
    (lease,) = argo.cluster.items("/apis/coordination.k8s.io/v1/namespaces/argo/leases")
    async with ArgoCollector(settings_of(argo)) as collector:
        events = (await scrape(collector)).events

    (event,) = [each for each in events if isinstance(each, CoordinationEvent)]
    assert event.event_type == "lease_acquired"
    assert event.participants == (lease["spec"]["holderIdentity"],)
    assert event.details == {
        "election": f"workflow-controller/{lease['metadata']['uid'][:8]}",
        "term": lease["spec"]["leaseTransitions"],
        "leaseDurationS": lease["spec"]["leaseDurationSeconds"],
    }
