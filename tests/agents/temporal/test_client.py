import asyncio
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr, ValidationError
from temporalio.service import RPCStatusCode

from agents.collector import CollectorError, UnauthorizedError, UnreachableError
from agents.registry import make_collector
from agents.temporal import TemporalCollector, TemporalConfig
from agents.temporal.pace import Pace
from tests.agents.contract import NOW
from tests.agents.temporal.fake import refusal
from tests.agents.temporal.scenes import busy_shop, queue_of

GENEROUS_S = 60


class TestDeadlines:
    async def test_a_call_that_never_answers_costs_its_deadline_only(self) -> None:
        shop = busy_shop()
        shop.configure(call_timeout_s=0.05)
        shop.temporal.hanging = {"DescribeTaskQueue"}

        async with asyncio.timeout(GENEROUS_S):
            batch = await shop.scrape()

        assert queue_of(batch, "orders/workflow").size is None
        assert {error.code for error in batch.orchestrator.health.errors} == {"timeout"}
        assert batch.orchestrator.capacity is not None
        assert batch.orchestrator.capacity.running_workflows == 28

    async def test_a_scrape_ends_within_its_time_and_makes_no_further_calls(self) -> None:
        shop = busy_shop()
        shop.configure(timeout_s=0.5, call_timeout_s=60)
        shop.temporal.hanging = {"ListWorkers"}

        async with asyncio.timeout(GENEROUS_S):
            batch = await shop.scrape()

        codes = {error.source: error.code for error in batch.orchestrator.health.errors}
        assert codes["ListWorkers"] == "timeout"
        assert codes["ListWorkflowExecutions"] == "deadline"

    async def test_a_server_that_hangs_is_unreachable(self) -> None:
        shop = busy_shop()
        shop.configure(call_timeout_s=0.05)
        shop.temporal.hanging = {"Health.Check", "GetSystemInfo"}

        async with asyncio.timeout(GENEROUS_S):
            with pytest.raises(UnreachableError, match="no answer within"):
                await shop.scrape()

    async def test_a_metrics_endpoint_that_hangs_leaves_the_rest(self) -> None:
        shop = busy_shop()

        async def hang(request: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            raise AssertionError

        collector = TemporalCollector(
            shop.collector.config.model_copy(update={"timeout_s": 0.5}),
            shop.temporal,
            httpx.MockTransport(hang),
        )

        async with asyncio.timeout(GENEROUS_S):
            batch = await collector.collect(NOW)

        assert batch.orchestrator.resources is None
        assert "timeout" in batch.orchestrator.metadata.unavailable["/resources"]


class TestPoliteness:
    async def test_few_queues_are_described_at_once(self) -> None:
        shop = busy_shop()
        shop.configure(task_queues=[f"q{number}" for number in range(20)])

        await shop.scrape()

        assert shop.temporal.most_in_flight["DescribeTaskQueue"] == 4

    async def test_pace_lets_a_seconds_worth_pass_and_then_the_rate(self) -> None:
        loop, pace = asyncio.get_running_loop(), Pace(50)
        started_s = loop.time()

        for _ in range(60):
            await pace.turn()

        # The first 50 pass at once; ten more take at least a fifth of a second.
        assert loop.time() - started_s >= 0.19

    async def test_calls_are_counted(self) -> None:
        shop = busy_shop()

        record = (await shop.scrape()).orchestrator

        # The metrics endpoint is a call as well.
        assert record.metadata.source.calls == len(shop.temporal.calls) + 1


class TestConnecting:
    async def test_a_port_nobody_listens_on_is_unreachable(self) -> None:
        shop = busy_shop()
        refused = RuntimeError("Failed client connect: ... ConnectionRefused")
        for call in ("Health.Check", "GetSystemInfo"):
            shop.temporal.fail(call, refused)

        with pytest.raises(UnreachableError, match="ConnectionRefused"):
            await shop.scrape()

    async def test_a_key_refused_while_connecting_is_unauthorized(self) -> None:
        shop = busy_shop()
        refused = RuntimeError("`get_system_info` call error: Status { code: Unauthenticated, ...")
        for call in ("Health.Check", "GetSystemInfo"):
            shop.temporal.fail(call, refused)
        for call in ("GetClusterInfo", "DescribeNamespace", "ListWorkers"):
            shop.temporal.fail(call, refused)
        for call in ("CountWorkflowExecutions", "ListWorkflowExecutions"):
            shop.temporal.fail(call, refused)
        shop.temporal.fail("ListWorkerDeployments", refused)

        with pytest.raises(UnauthorizedError):
            await shop.scrape()

    async def test_a_certificate_that_cannot_be_read_names_its_file(self, tmp_path: Path) -> None:
        missing = tmp_path / "ca.pem"
        config = TemporalConfig.model_validate(
            {"instance_id": "x", "tls": {"server_root_ca": missing}}
        )

        async with TemporalCollector(config) as collector:
            with pytest.raises(CollectorError, match=r"cannot read .*ca\.pem"):
                await collector.collect(NOW)

    async def test_a_long_message_is_cut_to_one_line(self) -> None:
        shop = busy_shop()
        shop.temporal.fail("ListWorkers", refusal(RPCStatusCode.INTERNAL, "line\n" * 1000))

        record = (await shop.scrape()).orchestrator

        assert "\n" not in record.health.errors[0].message
        assert len(record.health.errors[0].message) < 400


class TestConfig:
    def test_the_registry_makes_the_collector(self) -> None:
        collector = make_collector({"type": "temporal", "instance_id": "prod"})

        assert isinstance(collector, TemporalCollector)

    def test_an_address_needs_a_port(self) -> None:
        with pytest.raises(ValidationError, match="address"):
            TemporalConfig(instance_id="x", address="https://temporal.example")

    def test_the_key_is_not_shown(self) -> None:
        config = TemporalConfig(instance_id="x", api_key=SecretStr("hunter2"))

        assert "hunter2" not in repr(config)
