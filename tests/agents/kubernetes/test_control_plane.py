"""The metrics of API server, scheduler and controller manager."""

from pathlib import Path
from typing import Any

import pytest

from agents.collector import Batch, CollectorError
from agents.kubernetes import KubernetesConfig
from agents.kubernetes.components import components_trust
from contracts.health import ComponentStatus
from tests.agents.contract import assert_null, records_of, unexplained_nulls
from tests.agents.http_faults import FAULTS
from tests.agents.kubernetes.scenes import Scene, busy

API, SCHEDULER, MANAGER = (
    "kube.example/metrics",
    "scheduler.example/metrics",
    "manager.example/metrics",
)
URLS = {
    "scheduler_urls": ["https://scheduler.example:10259"],
    "controller_manager_urls": ["https://manager.example:10257/"],
}
STARTED_S = 1_700_000_000.0


def process(cpu_s: float, started_s: float = STARTED_S) -> str:
    return (
        f"process_cpu_seconds_total {cpu_s}\n"
        "process_resident_memory_bytes 1e+08\n"
        "go_goroutines 50\n"
        f"process_start_time_seconds {started_s}\n"
    )


def apiserver(requests: int, conflicts: int = 0, broken: int = 0, **more: float) -> str:
    """Each request takes 20 ms, and one to etcd of 5 ms."""
    labels = 'resource="pods",scope="cluster",verb="LIST"'
    series = f'apiserver_request_total{{code="%s",{labels}}} %d\n'
    codes = {"200": requests, "409": conflicts, "500": broken}
    total = requests + conflicts + broken
    return (
        "".join(series % each for each in codes.items() if each[1])
        + f"apiserver_request_duration_seconds_sum{{{labels}}} {total * 0.02}\n"
        f"apiserver_request_duration_seconds_count{{{labels}}} {total}\n"
        'apiserver_request_duration_seconds_sum{verb="WATCH"} 90000\n'
        'apiserver_request_duration_seconds_count{verb="WATCH"} 300\n'
        f'etcd_requests_total{{operation="get"}} {total}\n'
        f'etcd_request_duration_seconds_sum{{operation="get"}} {total * 0.005}\n'
        f'etcd_request_duration_seconds_count{{operation="get"}} {total}\n'
        'apiserver_storage_size_bytes{storage_cluster_id="etcd-0"} 4194304\n'
        'apiserver_resource_objects{group="",resource="pods"} 7\n'
        'apiserver_resource_objects{group="",resource="odd"} -1\n'
        'apiserver_current_inflight_requests{request_kind="readOnly"} 3\n'
        + process(more.get("cpu_s", 0.0), more.get("started_s", STARTED_S))
    )


def scheduler(placed: int, errors: int = 0) -> str:
    """Each attempt takes 4 ms; the pods wait less than 10 ms."""
    name = "scheduler_pod_scheduling_sli_duration_seconds"
    return (
        'scheduler_pending_pods{queue="active"} 1\n'
        'scheduler_pending_pods{queue="unschedulable"} 2\n'
        'scheduler_unschedulable_pods{plugin="NodeResourcesFit",profile="default"} 2\n'
        'leader_election_master_status{name="kube-scheduler"} 1\n'
        f'scheduler_schedule_attempts_total{{result="scheduled"}} {placed}\n'
        f'scheduler_schedule_attempts_total{{result="error"}} {errors}\n'
        f"scheduler_scheduling_attempt_duration_seconds_sum {placed * 0.004}\n"
        f"scheduler_scheduling_attempt_duration_seconds_count {placed}\n"
        f'{name}_bucket{{attempts="1",le="0.01"}} {placed}\n'
        f'{name}_bucket{{attempts="1",le="+Inf"}} {placed}\n'
        f'{name}_sum{{attempts="1"}} {placed * 0.006}\n'
        f'{name}_count{{attempts="1"}} {placed}\n' + process(1.0)
    )


def manager(added: int) -> str:
    return (
        'leader_election_master_status{name="kube-controller-manager"} 1\n'
        f'workqueue_adds_total{{name="job"}} {added}\n'
        f'workqueue_work_duration_seconds_sum{{name="job"}} {added * 0.003}\n'
        f'workqueue_work_duration_seconds_count{{name="job"}} {added}\n' + process(2.0)
    )


async def read_twice(scene: Scene, before: dict[str, str], after: dict[str, str]) -> Batch:
    """Two scrapes, a minute apart."""
    scene.server.metrics = before
    await scene.scrape()
    scene.server.metrics = after
    scene.later(45)
    batch = await scene.scrape()
    await scene.collector.aclose()
    assert [place for each in records_of(batch) for place in unexplained_nulls(each)] == []
    return batch


def parts_of(batch: Batch) -> dict[str, Any]:
    return {each.name: each for each in batch.orchestrator.health.components}


def told(batch: Batch) -> dict[str, Any]:
    found: dict[str, Any] = batch.orchestrator.extra_metadata()["kubernetes"]["controlPlane"]
    return found


class TestApiServer:
    @pytest.fixture
    async def batch(self) -> Batch:
        before, after = apiserver(100), apiserver(694, conflicts=6, cpu_s=30.0)
        return await read_twice(busy(), {API: before}, {API: after})

    def test_requests_and_how_long_they_take(self, batch: Batch) -> None:
        api = parts_of(batch)["api"]

        assert api.throughput == pytest.approx(10)
        assert api.latency == pytest.approx(20)  # watches last as long as they like
        assert (api.error_rate, api.status) == (0, ComponentStatus.HEALTHY)
        assert told(batch)["conflictsPerS"] == pytest.approx(0.1)

    def test_etcd_as_the_server_sees_it(self, batch: Batch) -> None:
        store = batch.orchestrator.persistence
        assert store is not None
        assert store.latency == pytest.approx(5)
        assert store.request_rate == pytest.approx(10)
        assert store.error_rate == 0
        assert batch.coordination is not None
        state = batch.coordination.state_management
        assert state is not None
        assert (state.size_bytes, state.objects) == (4194304, 7)

    def test_what_its_process_uses(self, batch: Batch) -> None:
        used = batch.orchestrator.resources
        assert used is not None
        assert (used.cpu_cores, used.memory_bytes, used.tasks) == (0.5, 1e8, 50)
        assert "/resources/cpuCores" in batch.orchestrator.metadata.estimated
        assert batch.orchestrator.networking is not None
        assert batch.orchestrator.networking.pending_requests == 3
        age = batch.orchestrator.collected_at.timestamp() - STARTED_S
        assert batch.orchestrator.health.uptime == pytest.approx(age)


async def test_a_server_that_has_not_counted_its_objects_does_not_have_none() -> None:
    fresh = 'apiserver_resource_objects{group="",resource="pods"} 0\n' + process(0.0)
    batch = await read_twice(busy(), {API: fresh}, {API: fresh})

    assert batch.coordination is not None
    assert_null(batch.coordination, ("/stateManagement/objects",))


async def test_a_server_whose_requests_fail_is_degraded() -> None:
    batch = await read_twice(busy(), {API: apiserver(100)}, {API: apiserver(190, broken=10)})

    api = parts_of(batch)["api"]
    assert api.error_rate == pytest.approx(0.1)
    assert api.status is ComponentStatus.DEGRADED
    assert [issue.code for issue in api.issues] == ["errors"]


async def test_another_process_behind_the_address_is_no_increase() -> None:
    scene = busy()
    other = apiserver(5000, started_s=STARTED_S + 60)
    batch = await read_twice(scene, {API: apiserver(100)}, {API: other})

    reason = batch.orchestrator.metadata.unavailable["/health/components/0/throughput"]
    assert "another process" in reason
    assert_null(batch.orchestrator, ("/persistence/requestRate",))


async def test_each_process_is_compared_with_itself() -> None:
    scene, other = busy(), STARTED_S + 60
    for text in (apiserver(100), apiserver(5000, started_s=other), apiserver(700)):
        scene.server.metrics = {API: text}
        batch = await scene.scrape()
        scene.later(45)
    await scene.collector.aclose()

    assert parts_of(batch)["api"].throughput == pytest.approx(600 / 120)


async def test_metrics_are_read_once_a_minute() -> None:
    scene = busy()
    calls = []
    for _ in range(6):
        calls.append((await scene.scrape()).orchestrator.metadata.source.calls)
    await scene.collector.aclose()

    assert [number for number, count in enumerate(calls[1:], 1) if count > 1] == [4]


class TestScheduler:
    @pytest.fixture
    async def batch(self) -> Batch:
        before = {SCHEDULER: scheduler(10), MANAGER: manager(0)}
        after = {SCHEDULER: scheduler(70, errors=20), MANAGER: manager(120)}
        return await read_twice(busy(**URLS), before, after)

    def test_attempts(self, batch: Batch) -> None:
        part = parts_of(batch)["scheduler"]

        assert part.latency == pytest.approx(4)
        assert part.error_rate == pytest.approx(20 / 80)

    def test_its_queues_and_waits(self, batch: Batch) -> None:
        found = told(batch)

        assert found["read"] == ["apiserver", "scheduler", "controllers"]
        assert found["schedulerQueues"] == {"active": 1, "unschedulable": 2}
        assert found["rejectedBy"] == {"NodeResourcesFit": 2}
        assert found["queueToNode"]["count"] == 60
        assert found["queueToNode"]["avgMs"] == pytest.approx(6)

    def test_controllers(self, batch: Batch) -> None:
        part = parts_of(batch)["controller-manager"]

        assert part.throughput == pytest.approx(2)
        assert part.latency == pytest.approx(3)
        assert batch.coordination is not None
        assert batch.coordination.metadata.model_extra
        leading = batch.coordination.metadata.model_extra["kubernetes"]["leading"]
        assert leading == {"kube-scheduler": 1, "kube-controller-manager": 1}


async def test_names_of_older_versions() -> None:
    """Of 1.20, as researched: no server so old is run here."""

    def old(text: str) -> str:
        for new, name in (
            ("scheduler_pod_scheduling_sli_duration", "scheduler_pod_scheduling_duration"),
            ("scheduler_scheduling_attempt_duration", "scheduler_e2e_scheduling_duration"),
            ('apiserver_resource_objects{group="",', "etcd_object_counts{"),
            ("apiserver_storage_size_bytes", "etcd_db_total_size_in_bytes"),
        ):
            text = text.replace(new, name)
        return text

    before = {API: old(apiserver(1)), SCHEDULER: old(scheduler(10))}
    after = {API: old(apiserver(2)), SCHEDULER: old(scheduler(70))}
    batch = await read_twice(busy(scheduler_urls=URLS["scheduler_urls"]), before, after)

    assert told(batch)["queueToNode"]["count"] == 60
    assert parts_of(batch)["scheduler"].latency == pytest.approx(4)
    assert batch.coordination is not None
    state = batch.coordination.state_management
    assert state is not None
    assert (state.size_bytes, state.objects) == (4194304, 7)


async def test_what_is_not_configured_says_so() -> None:
    batch = await read_twice(busy(), {}, {})

    reasons = batch.orchestrator.metadata.unavailable
    assert "scheduler_urls is not set" in reasons["/health/components/2/errorRate"]
    assert told(batch)["schedulerQueues"] is None


BY_PATH = {
    "scheduler_urls": ["https://metrics.example/ksh/metrics"],
    "controller_manager_urls": ["https://metrics.example/kcm/metrics"],
}
FAILING = {
    "GET /metrics": ("/persistence/latency", "/resources/cpuCores", "/health/uptime"),
    "/ksh/metrics": ("/health/components/2/errorRate",),
    "/kcm/metrics": ("/health/components/3/throughput",),
}


@pytest.mark.parametrize("call", FAILING)
@pytest.mark.parametrize("fault", ["refused", "401", "403", "500", "503", "HTML", "nothing"])
async def test_each_endpoint_fails_by_itself(call: str, fault: str) -> None:
    scene = busy(**BY_PATH)
    scene.server.metrics = {
        API: apiserver(1),
        "metrics.example/ksh/metrics": scheduler(1),
        "metrics.example/kcm/metrics": manager(1),
    }
    await scene.scrape()
    scene.later(45)
    scene.wire.fail(call, FAULTS[fault])
    batch = await scene.scrape()
    await scene.collector.aclose()

    assert_null(batch.orchestrator, FAILING[call])
    (error,) = batch.orchestrator.health.errors
    assert error.source.startswith("metrics of ")
    assert batch.orchestrator.metadata.partial
    assert batch.orchestrator.scheduling is not None
    assert batch.orchestrator.scheduling.queue_depth == 2


def test_a_certificate_file_that_is_not_there_is_named() -> None:
    config = KubernetesConfig(instance_id="prod", components_ca_file=Path("/nowhere/ca.pem"))

    with pytest.raises(CollectorError, match="components_ca_file"):
        components_trust(config)
