import re
from pathlib import Path

import pytest

from contracts.health import ComponentStatus
from tests.agents.argo.scenes import (
    BESIDE,
    EXPOSED,
    LEASES,
    METRICS,
    busy,
    details,
    queues,
    scraped,
)
from tests.agents.http_faults import FAULTS

EXPOSITIONS = Path(__file__).with_name("expositions")


class TestController:
    async def test_a_lease_that_ran_out(self) -> None:
        scene = busy()
        scene.lease(age_s=40)
        batch = await scene.scrape()
        await scene.collector.aclose()

        parts = {each.name: each for each in batch.orchestrator.health.components}
        assert parts["workflow-controller"].status is ComponentStatus.UNHEALTHY
        assert batch.coordination is not None
        assert batch.coordination.leader_election is not None
        assert batch.coordination.leader_election.current_leader is None

    async def test_without_a_lease_the_metrics_tell_whether_it_lives(self) -> None:
        scene = busy(**BESIDE)
        scene.server.delete(LEASES, "/workflow-controller")
        told = await scraped(scene)
        blind = busy()
        blind.server.delete(LEASES, "/workflow-controller")
        untold = await scraped(blind)

        assert told.health.components[0].status is ComponentStatus.HEALTHY
        assert untold.health.components[0].status is None

    async def test_its_queues_and_errors(self) -> None:
        scene = busy(**BESIDE)
        await scene.scrape()
        scene.server.exposed = EXPOSED.format(panics=1, looked=40, looked_s=4)
        record = await scraped(scene)

        queue = queues(record)["controller/workflow_queue"]
        assert (queue.size, queue.in_flight) == (4, 3)
        assert queue.arrival_rate == pytest.approx(30 / 15)
        assert queue.avg_processing_time == pytest.approx(100)
        controller = record.health.components[0]
        assert controller.latency == pytest.approx(100)
        assert controller.error_rate == pytest.approx(1 / 30)

    async def test_how_long_it_has_run(self) -> None:
        record = await scraped(busy(**BESIDE))

        assert record.health.uptime == pytest.approx(3600, abs=1)

    @pytest.mark.parametrize(
        ("version", "names", "told"),
        [
            ("4.0.5", "3.6 and later", "v4.0.5+unknown"),
            ("3.6.12", "3.6 and later", "v3.6.12+unknown"),
            ("3.5.14", "3.5 and before", None),
        ],
    )
    async def test_what_controllers_of_each_version_export(
        self, version: str, names: str, told: str | None
    ) -> None:
        """Of real ones with three workflows that run: see expositions/README.md."""
        exposed = EXPOSITIONS.joinpath(f"{version}.txt").read_text()
        scene = busy(controller_metrics_url=METRICS)
        scene.server.exposed = exposed
        await scene.scrape()
        scene.server.exposed = re.sub(r"(queue_adds_count{.*) \d+", r"\1 1000", exposed)
        record = await scraped(scene)

        assert details(record)["metricNames"] == names
        assert details(record)["controllerWorkflows"] == 3
        assert record.metadata.source.versions.get("argo") == told
        queue = queues(record)["controller/workflow_queue"]
        assert (queue.size, queue.in_flight) == (0, 0)
        assert queue.arrival_rate is not None
        assert queue.arrival_rate > 900 / 15
        assert (record.health.uptime is None) is (told is None)

    async def test_a_restarted_controller_counts_anew_and_nothing_is_negative(self) -> None:
        scene = busy(**BESIDE)
        await scene.scrape()
        scene.server.exposed = EXPOSED.format(panics=0, looked=2, looked_s=0.1)
        record = await scraped(scene)

        assert queues(record)["controller/workflow_queue"].arrival_rate is None
        assert record.health.components[0].error_rate is None

    async def test_a_gauge_that_falls_is_no_restart(self) -> None:
        """Some are called a count: the workers that are busy."""
        scene = busy(**BESIDE)
        scene.server.exposed = scene.server.exposed.replace('"} 3\n', '"} 9\n')
        await scene.scrape()
        scene.server.exposed = EXPOSED.format(panics=0, looked=40, looked_s=4)
        record = await scraped(scene)

        assert queues(record)["controller/workflow_queue"].in_flight == 3
        assert queues(record)["controller/workflow_queue"].arrival_rate == pytest.approx(30 / 15)

    async def test_another_leader_is_an_election(self) -> None:
        scene = busy()
        await scene.scrape()
        scene.lease("controller-b")
        batch = await scene.scrape()
        await scene.collector.aclose()

        assert batch.coordination is not None
        assert batch.coordination.metadata.model_extra
        assert batch.coordination.metadata.model_extra["argo"]["electionsSeen"] == 1

    async def test_a_server_that_is_down_is_unhealthy(self) -> None:
        scene = busy(**BESIDE)
        scene.wire.fail("/api/v1/info", FAULTS["refused"])
        record = await scraped(scene)

        parts = {each.name: each for each in record.health.components}
        assert parts["argo-server"].status is ComponentStatus.UNHEALTHY
