"""What is read of the metrics of Temporal's servers and of its workers' SDKs.

Label values are as the server writes them: sanitized, see `sanitized`.
"""

import re

from agents.exposition import Vocabulary

__all__ = ["SERVER", "WORKER", "sanitized"]

SERVER = Vocabulary(
    whose="a Temporal server",
    counters=(
        "acquire_lock_failed",
        "activity_fail",
        "activity_success",
        "activity_task_fail",
        "cache_miss",
        "cache_requests",
        "membership_changed_count",
        "persistence_error_with_type",
        "persistence_requests",
        "schedule_to_start_timeout",
        "service_errors",
        "service_errors_resource_exhausted",
        "service_errors_shard_ownership_lost",
        "service_requests",
        "sharditem_created_count",
        "task_dlq_failures",
    ),
    gauges=(
        "approximate_backlog_count",
        "gomaxprocs",
        "memory_heapinuse",
        "num_goroutines",
        "numshards_gauge",
        "service_grpc_conn_active",
        "service_pending_requests",
    ),
    summarized=(
        "activity_start_to_close_latency",
        "lock_latency",
        "persistence_latency",
        "service_latency",
        "workflow_schedule_to_close_latency",
    ),
    histograms=("task_schedule_to_start_latency",),
    mark="service_requests",
    unit_probe=b"service_latency_bucket",
)
WORKER = Vocabulary(
    whose="a Temporal worker's SDK",
    counters=(),
    gauges=("temporal_worker_task_slots_available", "temporal_worker_task_slots_used"),
    summarized=(),
    histograms=(
        "temporal_activity_schedule_to_start_latency",
        "temporal_workflow_task_schedule_to_start_latency",
    ),
    mark="temporal_worker_task_slots_available",
    unit_probe=b"temporal_request_latency_bucket",
)


def sanitized(value: str) -> str:
    """A task queue or namespace as the server writes it into a label."""
    return re.sub(r"[^A-Za-z0-9_]", "_", value)
