"""The server behind the namespace: its components, and what its processes use."""

import pytest

from contracts.health import ComponentStatus
from tests.agents.temporal.scenes import busy_shop


class TestComponents:
    async def status(self, **requests: float) -> dict[str, ComponentStatus | None]:
        shop = busy_shop()
        await shop.scrape()
        for series, amount in requests.items():
            kind, _, service = series.partition("__")
            labels = f'operation="StartWorkflowExecution",service_name="{service}"'
            shop.metrics.add(f"service_{kind}{{{labels}}}", amount)
        components = (await shop.scrape()).orchestrator.health.components
        return {component.name: component.status for component in components}

    async def test_without_errors_they_are_healthy(self) -> None:
        status = await self.status(requests__frontend=100)

        assert status == {
            "api": ComponentStatus.HEALTHY,
            "matching": ComponentStatus.HEALTHY,
            "history": ComponentStatus.HEALTHY,
            "database": ComponentStatus.HEALTHY,
            "cache": None,
            "task queues": ComponentStatus.DEGRADED,
        }

    @pytest.mark.parametrize(
        ("errors", "expected"),
        [
            (4, ComponentStatus.HEALTHY),
            (5, ComponentStatus.DEGRADED),
            (50, ComponentStatus.UNHEALTHY),
        ],
    )
    async def test_errors_make_them_worse(self, errors: int, expected: ComponentStatus) -> None:
        status = await self.status(requests__history=100, errors__history=errors)

        assert status["history"] is expected

    async def test_a_frontend_that_does_not_serve_is_unhealthy(self) -> None:
        shop = busy_shop()
        shop.temporal.serving = False

        (api, *_) = (await shop.scrape()).orchestrator.health.components

        assert api.status is ComponentStatus.UNHEALTHY
        assert [issue.code for issue in api.issues] == ["not_serving"]

    async def test_long_polls_and_waiting_calls_are_no_latency(self) -> None:
        shop = busy_shop()
        await shop.scrape()
        for operation, seconds in (
            ("PollWorkflowTaskQueue", 60),
            ("AddActivityTask", 30),
            ("DescribeTaskQueue", 0.002),
        ):
            labels = f'operation="{operation}",service_name="matching"'
            shop.metrics.add(f"service_latency_sum{{{labels}}}", seconds)
            shop.metrics.add(f"service_latency_count{{{labels}}}", 1)
            shop.metrics.add(f"service_requests{{{labels}}}", 15)

        matching = (await shop.scrape()).orchestrator.health.components[1]

        assert matching.latency == pytest.approx(2)
        assert matching.throughput == pytest.approx(2)

    async def test_harmless_errors_of_the_database_do_not_count(self) -> None:
        shop = busy_shop()
        await shop.scrape()
        shop.metrics.add(
            'persistence_requests{operation="UpdateShard",service_name="history"}', 100
        )
        for error, count in (
            ("serviceerror_NotFound", 40),
            ("persistence_CurrentWorkflowConditionFailedError", 20),
            ("persistence_TimeoutError", 10),
        ):
            shop.metrics.add(f'persistence_error_with_type{{error_type="{error}"}}', count)

        record = (await shop.scrape()).orchestrator

        assert record.persistence is not None
        assert record.persistence.error_rate == pytest.approx(0.1)
        assert record.health.components[3].status is ComponentStatus.DEGRADED

    async def test_a_service_no_endpoint_shows_is_unknown(self) -> None:
        shop = busy_shop()
        shop.metrics.values = {
            series: value
            for series, value in shop.metrics.values.items()
            if '"history"' not in series
        }
        await shop.scrape()

        record = (await shop.scrape()).orchestrator

        assert record.health.components[2].status is None
        assert record.metadata.unavailable["/health/components/2/status"] == (
            "no endpoint of metrics_urls shows the history service"
        )


class TestServer:
    async def test_what_the_servers_processes_use(self) -> None:
        record = (await busy_shop().scrape()).orchestrator

        assert record.resources is not None
        assert (record.resources.memory_bytes, record.resources.tasks) == (1_000_000, 900)
        assert record.networking is not None
        assert record.networking.open_connections == 5
        assert record.networking.pending_requests == 6

    async def test_what_it_stores_in(self) -> None:
        persistence = (await busy_shop().scrape()).orchestrator.persistence

        assert persistence is not None
        assert (persistence.store, persistence.shards) == ("postgres12", 4)
        assert persistence.retention_s == 86400
