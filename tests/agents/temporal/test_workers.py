from datetime import timedelta

import pytest
from temporalio.api.worker.v1 import WorkerHeartbeat

from agents.temporal.config import TemporalConfig
from agents.temporal.queues import Poller, QueueKey, QueueReading, QueueStats, QueueView, TaskKind
from agents.temporal.workers import Worker, read_workers, unlisted_workers
from contracts.worker_pool import WorkerStatus
from tests.agents.contract import NOW
from tests.agents.temporal.fake import heartbeat

CONFIG = TemporalConfig(instance_id="x")
RUNNING, SHUTTING_DOWN = 1, 2


def read(found: WorkerHeartbeat) -> Worker:
    (worker,) = read_workers([found], CONFIG, NOW)
    return worker


def polled(*seen_s: tuple[str, float], kind: TaskKind = TaskKind.WORKFLOW) -> QueueView:
    pollers = tuple(Poller(name, NOW - timedelta(seconds=ago)) for name, ago in seen_s)
    stats = QueueStats(0, 0.0, 0.0, 0.0, {}, rate_limited=False)
    return QueueView(QueueKey("orders", kind), QueueReading(stats, pollers))


class TestStatus:
    @pytest.mark.parametrize(
        ("used", "status"),
        [(0, WorkerStatus.IDLE), (1, WorkerStatus.ACTIVE), (4, WorkerStatus.BUSY)],
    )
    def test_it_follows_the_slots(self, used: int, status: WorkerStatus) -> None:
        assert read(heartbeat(NOW, used=used)).instance.status is status

    def test_a_worker_full_of_workflow_tasks_is_busy(self) -> None:
        found = heartbeat(NOW)
        found.workflow_task_slots_info.current_used_slots = 100
        found.workflow_task_slots_info.ClearField("current_available_slots")

        assert read(found).instance.status is WorkerStatus.BUSY

    def test_an_elastic_worker_is_never_full(self) -> None:
        found = heartbeat(NOW, used=4)
        found.activity_task_slots_info.slot_supplier_kind = "ResourceBased"

        assert read(found).instance.status is WorkerStatus.ACTIVE
        assert read(found).instance.total_slots is None

    @pytest.mark.parametrize(("age_s", "failed"), [(149.0, False), (151.0, True)])
    def test_only_the_age_of_the_heartbeat_tells_a_failure(
        self, age_s: float, failed: bool
    ) -> None:
        found = heartbeat(NOW, age_s=age_s, used=1)
        found.elapsed_since_last_heartbeat.FromSeconds(2)

        assert (read(found).instance.status is WorkerStatus.FAILED) is failed

    def test_one_that_shuts_down_is_terminating(self) -> None:
        found = heartbeat(NOW, used=1, status=SHUTTING_DOWN)

        assert read(found).instance.status is WorkerStatus.TERMINATING

    def test_one_that_left_in_order_has_not_failed(self) -> None:
        found = heartbeat(NOW, age_s=200, status=SHUTTING_DOWN)

        assert read_workers([found], CONFIG, NOW) == ()

    def test_the_limit_is_a_setting(self) -> None:
        config = TemporalConfig(instance_id="x", worker_stale_after_s=5)

        (worker,) = read_workers([heartbeat(NOW, age_s=6)], config, NOW)

        assert worker.instance.status is WorkerStatus.FAILED


class TestInstance:
    def test_usage_is_the_hosts_share_and_says_so(self) -> None:
        instance = read(heartbeat(NOW)).instance

        assert (instance.cpu_usage, instance.memory_usage) == (0.5, 0.25)
        assert instance.labels["usage_scope"] == "host"

    def test_a_host_that_is_not_measured_is_unknown(self) -> None:
        found = heartbeat(NOW)
        found.host_info.ClearField("current_host_cpu_usage")
        found.host_info.ClearField("current_host_mem_usage")

        instance = read(found).instance

        assert (instance.cpu_usage, instance.memory_usage) == (None, None)
        assert "usage_scope" not in instance.labels

    def test_processed_tasks_include_the_failed_ones(self) -> None:
        instance = read(heartbeat(NOW, processed=30, failed=12)).instance

        assert (instance.tasks_completed, instance.tasks_failed) == (18, 12)

    def test_a_worker_for_workflows_only_has_no_activity_slots(self) -> None:
        found = heartbeat(NOW)
        found.activity_task_slots_info.ClearField("current_available_slots")

        instance = read(found).instance

        assert (instance.used_slots, instance.total_slots) == (0, 0)
        assert instance.status is WorkerStatus.IDLE

    def test_a_first_heartbeat_without_any_slots_does_not_tell_them(self) -> None:
        found = heartbeat(NOW)
        found.activity_task_slots_info.ClearField("current_available_slots")
        found.workflow_task_slots_info.ClearField("current_available_slots")

        worker = read(found)

        assert worker.slots == {}
        assert (worker.instance.used_slots, worker.instance.total_slots) == (None, None)
        assert worker.instance.tasks_completed is None
        assert worker.instance.status is WorkerStatus.ACTIVE

    def test_times_are_measured_from_now(self) -> None:
        instance = read(heartbeat(NOW, age_s=7, started_s=90)).instance

        assert instance.uptime == 90
        assert instance.last_heartbeat == NOW - timedelta(seconds=7)


class TestUnlisted:
    def test_a_poller_without_a_heartbeat_is_an_active_worker(self) -> None:
        (worker,) = unlisted_workers([polled(("young@host", 3))], [], CONFIG, NOW)

        assert worker.instance.id == "young@host"
        assert worker.instance.status is WorkerStatus.ACTIVE
        assert worker.instance.used_slots is None

    def test_one_identity_on_both_kinds_is_one_worker(self) -> None:
        views = [polled(("w@h", 30)), polled(("w@h", 3), kind=TaskKind.ACTIVITY)]

        (worker,) = unlisted_workers(views, [], CONFIG, NOW)

        assert worker.instance.last_heartbeat == NOW - timedelta(seconds=3)

    def test_a_listed_worker_is_not_counted_again(self) -> None:
        found = unlisted_workers([polled(("w1@host", 3))], [heartbeat(NOW)], CONFIG, NOW)

        assert found == ()

    def test_the_polls_of_one_that_left_are_no_worker(self) -> None:
        left = heartbeat(NOW, age_s=200, status=SHUTTING_DOWN)

        assert unlisted_workers([polled(("w1@host", 80))], [left], CONFIG, NOW) == ()

    @pytest.mark.parametrize(("ago_s", "count"), [(89.0, 1), (91.0, 0)])
    def test_where_workers_are_listed_an_old_poll_is_no_worker(
        self, ago_s: float, count: int
    ) -> None:
        assert len(unlisted_workers([polled(("w@h", ago_s))], [], CONFIG, NOW)) == count

    @pytest.mark.parametrize(
        ("ago_s", "status"), [(120.0, WorkerStatus.ACTIVE), (160.0, WorkerStatus.FAILED)]
    )
    def test_where_they_are_not_silence_is_failure(
        self, ago_s: float, status: WorkerStatus
    ) -> None:
        (worker,) = unlisted_workers([polled(("w@h", ago_s))], None, CONFIG, NOW)

        assert worker.instance.status is status
