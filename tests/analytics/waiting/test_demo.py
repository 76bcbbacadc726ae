"""The demo's simulated orchestrators: whenever something waits, it is told why."""

from datetime import UTC, datetime, timedelta

import pytest

from agents.collector import Batch, UnreachableError
from analytics.waiting.chain import waiting_causes
from analytics.waiting.findings import Layer
from analytics.waiting.fleet import Fleet, Watched
from cli.demo.simulated import SimulatedCollector
from cli.demo.simulated_sites import SITES, Site

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
WEEK = 7 * 24 * 12


def batches(site: Site) -> list[Batch]:
    """A week, read every five minutes."""
    collector = SimulatedCollector(site, MONDAY, seed=1)
    found = []
    for step in range(1, WEEK + 1):
        try:
            found.append(collector.read(MONDAY + timedelta(minutes=5 * step)))
        except UnreachableError:
            continue
    return found


@pytest.mark.parametrize("site", SITES, ids=lambda site: site.instance_id)
def test_what_waits_waits_for_full_workers(site: Site) -> None:
    causes = [
        cause
        for batch in batches(site)
        for cause in waiting_causes(
            Fleet([Watched(batch.orchestrator, batch.pools)]), batch.orchestrator.orchestrator_id
        ).causes
    ]

    assert len(causes) > 10
    assert {link.layer for cause in causes for link in cause.links} == {Layer.WORKERS}
    full = [cause for cause in causes if "full" in cause.sentence]
    assert len(full) > 0.9 * len(causes)
    assert all(cause.unknown for cause in causes)  # what they run on is not simulated
