-- write_staging: where a batch lands before it is sorted into the tables.
-- One set a connection, empty at the start of every transaction.

CREATE TEMPORARY TABLE IF NOT EXISTS staged_orchestrators (
    LIKE orchestrator_metrics INCLUDING DEFAULTS
) ON COMMIT DELETE ROWS;

CREATE TEMPORARY TABLE IF NOT EXISTS staged_queues (
    LIKE queue_metrics INCLUDING DEFAULTS
) ON COMMIT DELETE ROWS;

CREATE TEMPORARY TABLE IF NOT EXISTS staged_pools (
    LIKE worker_pool_metrics INCLUDING DEFAULTS,
    workers_known BOOLEAN NOT NULL
) ON COMMIT DELETE ROWS;

CREATE TEMPORARY TABLE IF NOT EXISTS staged_workers (
    LIKE worker_instances INCLUDING DEFAULTS,
    collected_at TIMESTAMPTZ NOT NULL
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
