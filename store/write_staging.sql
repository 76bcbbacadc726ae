-- write_staging: where a batch lands before it is sorted into the tables.
-- One set a connection, empty at the start of every transaction. Beside the columns of history
-- stand the samples that the rollups take from its sections. Long rows are not compressed here: what
-- reads them compresses what it keeps.

CREATE TEMPORARY TABLE IF NOT EXISTS staged_orchestrators (
    LIKE orchestrator_metrics INCLUDING DEFAULTS,
    status TEXT NOT NULL,
    health_score DOUBLE PRECISION,
    restarts DOUBLE PRECISION,
    interval_s DOUBLE PRECISION,
    total_slots DOUBLE PRECISION,
    used_slots DOUBLE PRECISION,
    capacity_utilization DOUBLE PRECISION,
    running_workflows DOUBLE PRECISION,
    pending_workflows DOUBLE PRECISION,
    completed_workflows DOUBLE PRECISION,
    failed_workflows DOUBLE PRECISION,
    scheduling_throughput DOUBLE PRECISION,
    queue_depth DOUBLE PRECISION,
    scheduling_latency_ms DOUBLE PRECISION,
    latency_bounds_ms DOUBLE PRECISION[],
    latency_counts DOUBLE PRECISION[],
    latency_sum_ms DOUBLE PRECISION,
    queue_wait_ms DOUBLE PRECISION,
    execution_completed_workflows DOUBLE PRECISION,
    execution_failed_workflows DOUBLE PRECISION
) WITH (toast_tuple_target = 8160) ON COMMIT DELETE ROWS;

CREATE TEMPORARY TABLE IF NOT EXISTS staged_queues (
    LIKE queue_metrics INCLUDING DEFAULTS
) ON COMMIT DELETE ROWS;

CREATE TEMPORARY TABLE IF NOT EXISTS staged_pools (
    LIKE worker_pool_metrics INCLUDING DEFAULTS,
    utilization DOUBLE PRECISION,
    used_slots DOUBLE PRECISION,
    total_slots DOUBLE PRECISION,
    throughput DOUBLE PRECISION,
    avg_task_duration_ms DOUBLE PRECISION,
    error_rate DOUBLE PRECISION,
    restart_count DOUBLE PRECISION
) WITH (toast_tuple_target = 8160) ON COMMIT DELETE ROWS;

CREATE TEMPORARY TABLE IF NOT EXISTS staged_worker_pages (
    id UUID NOT NULL,
    pool_id UUID NOT NULL,
    number INTEGER NOT NULL,
    after_id TEXT,
    up_to_id TEXT,
    collected_at TIMESTAMPTZ NOT NULL
) ON COMMIT DELETE ROWS;

CREATE TEMPORARY TABLE IF NOT EXISTS staged_workers (
    LIKE worker_instances INCLUDING DEFAULTS,
    collected_at TIMESTAMPTZ NOT NULL
) ON COMMIT DELETE ROWS;

CREATE TEMPORARY TABLE IF NOT EXISTS staged_worker_usage (
    LIKE worker_usage_latest INCLUDING DEFAULTS
) ON COMMIT DELETE ROWS;

CREATE TEMPORARY TABLE IF NOT EXISTS staged_load_balancing (
    LIKE load_balancing_metrics INCLUDING DEFAULTS
) ON COMMIT DELETE ROWS;

CREATE TEMPORARY TABLE IF NOT EXISTS staged_coordination (
    LIKE coordination_metrics INCLUDING DEFAULTS
) ON COMMIT DELETE ROWS;

CREATE TEMPORARY TABLE IF NOT EXISTS staged_scheduling_decisions (
    LIKE scheduling_decisions INCLUDING DEFAULTS
) ON COMMIT DELETE ROWS;

CREATE TEMPORARY TABLE IF NOT EXISTS staged_coordination_events (
    LIKE coordination_events INCLUDING DEFAULTS
) ON COMMIT DELETE ROWS;

CREATE TEMPORARY TABLE IF NOT EXISTS staged_scaling_events (
    LIKE scaling_events INCLUDING DEFAULTS
) ON COMMIT DELETE ROWS;
