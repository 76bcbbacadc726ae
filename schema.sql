-- The whole database. A fresh one is made from this file; store/migrations/ brings an old one
-- here, and tests/store/test_migrate.py proves that both ways give one structure.
--
-- Runs on PostgreSQL 15 to 18 without extensions. What differs from the specification's SQL, and
-- why, stands in docs/reference/specification.md. Three rules hold throughout:
--   * identities (orchestrators, worker_pools, queues) have tables; history points to them, not
--     to samples;
--   * history is append-only, partitioned by day of collected_at, and never a parent of anything;
--   * the present is in *_latest and worker_instances, written in the same transaction as history.

-- What exists ------------------------------------------------------------------------------------

CREATE TABLE orchestrators (
    id UUID PRIMARY KEY,
    orchestrator_type VARCHAR(50) NOT NULL,
    instance_id VARCHAR(255) NOT NULL,
    cluster_name VARCHAR(255) NOT NULL,
    simulated BOOLEAN NOT NULL DEFAULT FALSE,
    first_seen TIMESTAMPTZ NOT NULL,
    last_seen TIMESTAMPTZ NOT NULL,
    UNIQUE (orchestrator_type, cluster_name, instance_id)
);

-- No reference to orchestrators: topics have no order between them, so a pool may be heard of
-- before its orchestrator.
CREATE TABLE worker_pools (
    id UUID PRIMARY KEY,
    orchestrator_id UUID NOT NULL,
    pool_name VARCHAR(255) NOT NULL,
    worker_type VARCHAR(100) NOT NULL,
    first_seen TIMESTAMPTZ NOT NULL,
    last_seen TIMESTAMPTZ NOT NULL,
    UNIQUE (orchestrator_id, pool_name)
);

CREATE TABLE queues (
    id UUID PRIMARY KEY,
    orchestrator_id UUID NOT NULL REFERENCES orchestrators (id),
    queue_name TEXT NOT NULL,
    queue_type VARCHAR(50) NOT NULL,
    first_seen TIMESTAMPTZ NOT NULL,
    last_seen TIMESTAMPTZ NOT NULL,
    UNIQUE (orchestrator_id, queue_name)
);

-- History, partitioned by day --------------------------------------------------------------------
-- A section that the source could not give is NULL; metadata.unavailable says why. The queues of
-- a record are in queue_metrics under the same collected_at, not a second time inside queuing:
-- there, "queues": null means that they were not known, and no such key that queue_metrics has
-- them all (none, where it has none). The workers of a pool have no history.

CREATE TABLE orchestrator_metrics (
    id UUID NOT NULL,
    orchestrator_id UUID NOT NULL,
    orchestrator_type VARCHAR(50) NOT NULL,
    instance_id VARCHAR(255) NOT NULL,
    cluster_name VARCHAR(255) NOT NULL,
    health JSONB NOT NULL,
    capacity JSONB,
    scheduling JSONB,
    queuing JSONB,
    execution JSONB,
    resources JSONB,
    networking JSONB,
    persistence JSONB,
    metadata JSONB NOT NULL DEFAULT '{}'::JSONB,
    collected_at TIMESTAMPTZ NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (orchestrator_id, collected_at, id)
) PARTITION BY RANGE (collected_at);

CREATE TABLE orchestrator_metrics_default PARTITION OF orchestrator_metrics DEFAULT;

CREATE INDEX idx_orchestrator_metrics_type ON orchestrator_metrics (orchestrator_type);
CREATE INDEX idx_orchestrator_metrics_time ON orchestrator_metrics (collected_at DESC);

CREATE TABLE worker_pool_metrics (
    id UUID NOT NULL,
    pool_id UUID NOT NULL,
    pool_name VARCHAR(255) NOT NULL,
    orchestrator_id UUID NOT NULL,
    worker_type VARCHAR(100) NOT NULL,
    total_workers BIGINT,
    active_workers BIGINT,
    idle_workers BIGINT,
    busy_workers BIGINT,
    failed_workers BIGINT,
    terminating_workers BIGINT,
    pool_health JSONB NOT NULL,
    resource_usage JSONB NOT NULL,
    performance JSONB NOT NULL,
    scaling JSONB,
    metadata JSONB NOT NULL DEFAULT '{}'::JSONB,
    collected_at TIMESTAMPTZ NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (orchestrator_id, pool_id, collected_at, id)
) PARTITION BY RANGE (collected_at);

CREATE TABLE worker_pool_metrics_default PARTITION OF worker_pool_metrics DEFAULT;

CREATE INDEX idx_worker_pool_metrics_orchestrator ON worker_pool_metrics (orchestrator_id);

CREATE TABLE queue_metrics (
    id UUID NOT NULL,
    queue_id UUID NOT NULL,
    orchestrator_id UUID NOT NULL,
    queue_name TEXT NOT NULL,
    queue_type VARCHAR(50) NOT NULL,
    size BIGINT,
    consumers BIGINT,
    processing_rate DOUBLE PRECISION,
    arrival_rate DOUBLE PRECISION,
    error_rate DOUBLE PRECISION,
    avg_processing_time_ms DOUBLE PRECISION,
    oldest_message_time TIMESTAMPTZ,
    in_flight BIGINT,
    priority_levels JSONB,
    collected_at TIMESTAMPTZ NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (orchestrator_id, queue_id, collected_at, id)
) PARTITION BY RANGE (collected_at);

CREATE TABLE queue_metrics_default PARTITION OF queue_metrics DEFAULT;

CREATE INDEX idx_queue_metrics_orchestrator ON queue_metrics (orchestrator_id);

CREATE TABLE load_balancing_metrics (
    id UUID NOT NULL,
    orchestrator_id UUID NOT NULL,
    scope_id UUID NOT NULL,
    pool_id UUID,
    algorithm VARCHAR(50) NOT NULL,
    distribution JSONB NOT NULL,
    efficiency JSONB NOT NULL,
    health_checks JSONB,
    failover JSONB,
    metadata JSONB NOT NULL DEFAULT '{}'::JSONB,
    collected_at TIMESTAMPTZ NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (orchestrator_id, scope_id, collected_at, id)
) PARTITION BY RANGE (collected_at);

CREATE TABLE load_balancing_metrics_default PARTITION OF load_balancing_metrics DEFAULT;

CREATE TABLE coordination_metrics (
    id UUID NOT NULL,
    orchestrator_id UUID NOT NULL,
    consensus_protocol TEXT,
    leader_election JSONB,
    distributed_locking JSONB,
    state_management JSONB,
    message_ordering JSONB,
    conflict_resolution JSONB,
    partition_tolerance JSONB,
    metadata JSONB NOT NULL DEFAULT '{}'::JSONB,
    collected_at TIMESTAMPTZ NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (orchestrator_id, collected_at, id)
) PARTITION BY RANGE (collected_at);

CREATE TABLE coordination_metrics_default PARTITION OF coordination_metrics DEFAULT;

-- Rollups: history in steps of a minute and of an hour --------------------------------------------
-- A row for each subject and time_bucket that has a sample, written in the same transaction as the
-- history, from new samples only. Every column is a register that merges, whatever the order of
-- samples; store/rollups.py says which metrics there are and what is kept of each:
--   * x, x_at: the last known value and its time; completed_workflows and its like: the sum;
--   * x_sum, x_samples: sum and number of the known values; x_min, x_max.
-- What no sample told is NULL. Partitioned by day (_1m) and by month (_1h); a new partition takes
-- its storage parameters from the default one: rows of the present are updated in place.

CREATE TABLE orchestrator_rollup_1m (
    orchestrator_id UUID NOT NULL,
    time_bucket TIMESTAMPTZ NOT NULL,
    samples BIGINT NOT NULL,
    status TEXT,
    status_at TIMESTAMPTZ,
    health_score DOUBLE PRECISION,
    health_score_at TIMESTAMPTZ,
    health_score_sum DOUBLE PRECISION,
    health_score_samples BIGINT NOT NULL,
    health_score_min DOUBLE PRECISION,
    restarts DOUBLE PRECISION,
    restarts_at TIMESTAMPTZ,
    total_slots DOUBLE PRECISION,
    total_slots_at TIMESTAMPTZ,
    used_slots DOUBLE PRECISION,
    used_slots_at TIMESTAMPTZ,
    used_slots_sum DOUBLE PRECISION,
    used_slots_samples BIGINT NOT NULL,
    used_slots_max DOUBLE PRECISION,
    capacity_utilization DOUBLE PRECISION,
    capacity_utilization_at TIMESTAMPTZ,
    capacity_utilization_sum DOUBLE PRECISION,
    capacity_utilization_samples BIGINT NOT NULL,
    capacity_utilization_min DOUBLE PRECISION,
    capacity_utilization_max DOUBLE PRECISION,
    running_workflows DOUBLE PRECISION,
    running_workflows_at TIMESTAMPTZ,
    running_workflows_sum DOUBLE PRECISION,
    running_workflows_samples BIGINT NOT NULL,
    running_workflows_max DOUBLE PRECISION,
    pending_workflows DOUBLE PRECISION,
    pending_workflows_at TIMESTAMPTZ,
    pending_workflows_sum DOUBLE PRECISION,
    pending_workflows_samples BIGINT NOT NULL,
    pending_workflows_max DOUBLE PRECISION,
    completed_workflows DOUBLE PRECISION,
    failed_workflows DOUBLE PRECISION,
    scheduling_throughput DOUBLE PRECISION,
    scheduling_throughput_at TIMESTAMPTZ,
    scheduling_throughput_sum DOUBLE PRECISION,
    scheduling_throughput_samples BIGINT NOT NULL,
    scheduling_throughput_max DOUBLE PRECISION,
    queue_depth DOUBLE PRECISION,
    queue_depth_at TIMESTAMPTZ,
    queue_depth_sum DOUBLE PRECISION,
    queue_depth_samples BIGINT NOT NULL,
    queue_depth_max DOUBLE PRECISION,
    scheduling_latency_ms_sum DOUBLE PRECISION,
    scheduling_latency_ms_samples BIGINT NOT NULL,
    queue_wait_ms_sum DOUBLE PRECISION,
    queue_wait_ms_samples BIGINT NOT NULL,
    execution_completed_workflows DOUBLE PRECISION,
    execution_failed_workflows DOUBLE PRECISION,
    interval_s_min DOUBLE PRECISION,
    PRIMARY KEY (orchestrator_id, time_bucket)
) PARTITION BY RANGE (time_bucket);

CREATE TABLE orchestrator_rollup_1m_default PARTITION OF orchestrator_rollup_1m DEFAULT
    WITH (fillfactor = 50);

CREATE TABLE orchestrator_rollup_1h (
    LIKE orchestrator_rollup_1m INCLUDING ALL
) PARTITION BY RANGE (time_bucket);

CREATE TABLE orchestrator_rollup_1h_default PARTITION OF orchestrator_rollup_1h DEFAULT
    WITH (fillfactor = 50);

CREATE TABLE worker_pool_rollup_1m (
    orchestrator_id UUID NOT NULL,
    pool_id UUID NOT NULL,
    time_bucket TIMESTAMPTZ NOT NULL,
    samples BIGINT NOT NULL,
    total_workers DOUBLE PRECISION,
    total_workers_at TIMESTAMPTZ,
    total_workers_sum DOUBLE PRECISION,
    total_workers_samples BIGINT NOT NULL,
    total_workers_min DOUBLE PRECISION,
    total_workers_max DOUBLE PRECISION,
    active_workers DOUBLE PRECISION,
    active_workers_at TIMESTAMPTZ,
    idle_workers DOUBLE PRECISION,
    idle_workers_at TIMESTAMPTZ,
    busy_workers DOUBLE PRECISION,
    busy_workers_at TIMESTAMPTZ,
    busy_workers_sum DOUBLE PRECISION,
    busy_workers_samples BIGINT NOT NULL,
    busy_workers_max DOUBLE PRECISION,
    failed_workers DOUBLE PRECISION,
    failed_workers_at TIMESTAMPTZ,
    failed_workers_max DOUBLE PRECISION,
    terminating_workers DOUBLE PRECISION,
    terminating_workers_at TIMESTAMPTZ,
    utilization DOUBLE PRECISION,
    utilization_at TIMESTAMPTZ,
    utilization_sum DOUBLE PRECISION,
    utilization_samples BIGINT NOT NULL,
    utilization_min DOUBLE PRECISION,
    utilization_max DOUBLE PRECISION,
    used_slots DOUBLE PRECISION,
    used_slots_at TIMESTAMPTZ,
    used_slots_sum DOUBLE PRECISION,
    used_slots_samples BIGINT NOT NULL,
    used_slots_max DOUBLE PRECISION,
    total_slots DOUBLE PRECISION,
    total_slots_at TIMESTAMPTZ,
    throughput DOUBLE PRECISION,
    throughput_at TIMESTAMPTZ,
    throughput_sum DOUBLE PRECISION,
    throughput_samples BIGINT NOT NULL,
    avg_task_duration_ms_sum DOUBLE PRECISION,
    avg_task_duration_ms_samples BIGINT NOT NULL,
    error_rate DOUBLE PRECISION,
    error_rate_at TIMESTAMPTZ,
    restart_count DOUBLE PRECISION,
    restart_count_at TIMESTAMPTZ,
    PRIMARY KEY (orchestrator_id, pool_id, time_bucket)
) PARTITION BY RANGE (time_bucket);

CREATE TABLE worker_pool_rollup_1m_default PARTITION OF worker_pool_rollup_1m DEFAULT
    WITH (fillfactor = 50);

CREATE TABLE worker_pool_rollup_1h (
    LIKE worker_pool_rollup_1m INCLUDING ALL
) PARTITION BY RANGE (time_bucket);

CREATE TABLE worker_pool_rollup_1h_default PARTITION OF worker_pool_rollup_1h DEFAULT
    WITH (fillfactor = 50);

CREATE TABLE queue_rollup_1m (
    orchestrator_id UUID NOT NULL,
    queue_id UUID NOT NULL,
    time_bucket TIMESTAMPTZ NOT NULL,
    samples BIGINT NOT NULL,
    size DOUBLE PRECISION,
    size_at TIMESTAMPTZ,
    size_sum DOUBLE PRECISION,
    size_samples BIGINT NOT NULL,
    size_max DOUBLE PRECISION,
    consumers DOUBLE PRECISION,
    consumers_at TIMESTAMPTZ,
    in_flight DOUBLE PRECISION,
    in_flight_at TIMESTAMPTZ,
    processing_rate DOUBLE PRECISION,
    processing_rate_at TIMESTAMPTZ,
    processing_rate_sum DOUBLE PRECISION,
    processing_rate_samples BIGINT NOT NULL,
    arrival_rate DOUBLE PRECISION,
    arrival_rate_at TIMESTAMPTZ,
    arrival_rate_sum DOUBLE PRECISION,
    arrival_rate_samples BIGINT NOT NULL,
    arrival_rate_max DOUBLE PRECISION,
    error_rate DOUBLE PRECISION,
    error_rate_at TIMESTAMPTZ,
    avg_processing_time_ms_sum DOUBLE PRECISION,
    avg_processing_time_ms_samples BIGINT NOT NULL,
    oldest_age_s DOUBLE PRECISION,
    oldest_age_s_at TIMESTAMPTZ,
    oldest_age_s_max DOUBLE PRECISION,
    PRIMARY KEY (orchestrator_id, queue_id, time_bucket)
) PARTITION BY RANGE (time_bucket);

CREATE TABLE queue_rollup_1m_default PARTITION OF queue_rollup_1m DEFAULT
    WITH (fillfactor = 50);

CREATE TABLE queue_rollup_1h (
    LIKE queue_rollup_1m INCLUDING ALL
) PARTITION BY RANGE (time_bucket);

CREATE TABLE queue_rollup_1h_default PARTITION OF queue_rollup_1h DEFAULT
    WITH (fillfactor = 50);

-- Histograms of scheduling latency, a row for each set of bounds: those of one set add up exactly,
-- and readers merge sets. bounds_id is the SHA-256 of the bounds, which may be too long for a key.
CREATE TABLE scheduling_latency_rollup_1m (
    orchestrator_id UUID NOT NULL,
    time_bucket TIMESTAMPTZ NOT NULL,
    bounds_id BYTEA NOT NULL,
    bounds_ms DOUBLE PRECISION[] NOT NULL,
    counts DOUBLE PRECISION[] NOT NULL,
    sum_ms DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (orchestrator_id, time_bucket, bounds_id)
) PARTITION BY RANGE (time_bucket);

CREATE TABLE scheduling_latency_rollup_1m_default PARTITION OF scheduling_latency_rollup_1m DEFAULT
    WITH (fillfactor = 50);

CREATE TABLE scheduling_latency_rollup_1h (
    LIKE scheduling_latency_rollup_1m INCLUDING ALL
) PARTITION BY RANGE (time_bucket);

CREATE TABLE scheduling_latency_rollup_1h_default PARTITION OF scheduling_latency_rollup_1h DEFAULT
    WITH (fillfactor = 50);

-- The specification's summary. Its index is the key of the rollup.
CREATE VIEW orchestrator_performance_summary AS
SELECT
    orchestrators.orchestrator_type,
    rollup.time_bucket,
    sum(rollup.health_score_sum) / NULLIF(sum(rollup.health_score_samples), 0) AS avg_health_score,
    sum(rollup.capacity_utilization_sum) / NULLIF(sum(rollup.capacity_utilization_samples), 0)
        AS avg_utilization,
    sum(rollup.scheduling_latency_ms_sum) / NULLIF(sum(rollup.scheduling_latency_ms_samples), 0)
        AS avg_scheduling_latency,
    sum(rollup.queue_wait_ms_sum) / NULLIF(sum(rollup.queue_wait_ms_samples), 0)
        AS avg_queue_wait_time,
    sum(rollup.execution_completed_workflows) AS total_completed,
    sum(rollup.execution_failed_workflows) AS total_failed
FROM orchestrator_rollup_1h AS rollup
JOIN orchestrators ON orchestrators.id = rollup.orchestrator_id
GROUP BY orchestrators.orchestrator_type, rollup.time_bucket;

-- Events, partitioned by day of when they happened -----------------------------------------------

CREATE TABLE scheduling_decisions (
    id UUID NOT NULL,
    orchestrator_id UUID NOT NULL,
    workflow_id UUID NOT NULL,
    decision_time TIMESTAMPTZ NOT NULL,
    scheduling_latency_ms DOUBLE PRECISION,
    selected_worker TEXT,
    placement_constraints JSONB NOT NULL,
    resource_requirements JSONB NOT NULL,
    priority BIGINT,
    queue_time_ms DOUBLE PRECISION,
    decision_factors JSONB NOT NULL,
    outcome VARCHAR(50) NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (orchestrator_id, decision_time, id)
) PARTITION BY RANGE (decision_time);

CREATE TABLE scheduling_decisions_default PARTITION OF scheduling_decisions DEFAULT;

CREATE INDEX idx_scheduling_decisions_orchestrator ON scheduling_decisions (orchestrator_id);

CREATE TABLE coordination_events (
    id UUID NOT NULL,
    orchestrator_id UUID NOT NULL,
    event_type VARCHAR(100) NOT NULL,
    event_time TIMESTAMPTZ NOT NULL,
    details JSONB NOT NULL,
    participants TEXT[] NOT NULL,
    consensus_time_ms DOUBLE PRECISION,
    outcome VARCHAR(50),
    errors JSONB NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (orchestrator_id, event_time, id)
) PARTITION BY RANGE (event_time);

CREATE TABLE coordination_events_default PARTITION OF coordination_events DEFAULT;

CREATE INDEX idx_coordination_events_type ON coordination_events (event_type);

-- The ledger of what happened to the sizes of pools: few rows, kept far longer than history, so
-- it has no partitions.
CREATE TABLE scaling_events (
    id UUID NOT NULL,
    orchestrator_id UUID NOT NULL,
    pool_id UUID NOT NULL,
    event_time TIMESTAMPTZ NOT NULL,
    action VARCHAR(20) NOT NULL,
    from_count BIGINT NOT NULL,
    to_count BIGINT NOT NULL,
    reason TEXT,
    trigger_metrics JSONB NOT NULL,
    success BOOLEAN,
    duration_ms DOUBLE PRECISION,
    cost_impact DOUBLE PRECISION,
    command_id UUID,
    dry_run BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (orchestrator_id, id)
);

CREATE INDEX idx_scaling_events_pool ON scaling_events (pool_id, event_time DESC);
CREATE INDEX idx_scaling_events_time ON scaling_events (event_time DESC);

-- The present ------------------------------------------------------------------------------------
-- A section keeps its last good value with the time it was observed; a scrape that could not
-- read it changes neither. collected_at and metadata are those of the newest record.
-- queue_latest holds the queues of the record of queues_at, the newest that knew them, and
-- worker_instances the workers of the record of workers_at.

CREATE TABLE orchestrator_latest (
    orchestrator_id UUID PRIMARY KEY REFERENCES orchestrators (id),
    id UUID NOT NULL,
    collected_at TIMESTAMPTZ NOT NULL,
    health JSONB NOT NULL,
    capacity JSONB,
    capacity_at TIMESTAMPTZ,
    scheduling JSONB,
    scheduling_at TIMESTAMPTZ,
    queuing JSONB,
    queuing_at TIMESTAMPTZ,
    queues_at TIMESTAMPTZ,
    execution JSONB,
    execution_at TIMESTAMPTZ,
    resources JSONB,
    resources_at TIMESTAMPTZ,
    networking JSONB,
    networking_at TIMESTAMPTZ,
    persistence JSONB,
    persistence_at TIMESTAMPTZ,
    metadata JSONB NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE worker_pool_latest (
    pool_id UUID PRIMARY KEY REFERENCES worker_pools (id),
    orchestrator_id UUID NOT NULL,
    id UUID NOT NULL,
    collected_at TIMESTAMPTZ NOT NULL,
    total_workers BIGINT,
    active_workers BIGINT,
    idle_workers BIGINT,
    busy_workers BIGINT,
    failed_workers BIGINT,
    terminating_workers BIGINT,
    pool_health JSONB NOT NULL,
    resource_usage JSONB NOT NULL,
    performance JSONB NOT NULL,
    scaling JSONB,
    metadata JSONB NOT NULL,
    workers_at TIMESTAMPTZ
) WITH (fillfactor = 50);

CREATE INDEX idx_worker_pool_latest_orchestrator ON worker_pool_latest (orchestrator_id);

-- A row is written when something about the worker changed (updated_at); when the worker was
-- last observed is worker_pool_latest.workers_at.
CREATE TABLE worker_instances (
    id UUID NOT NULL,
    pool_id UUID NOT NULL REFERENCES worker_pools (id),
    orchestrator_id UUID NOT NULL,
    worker_id VARCHAR(255) NOT NULL,
    hostname TEXT,
    status VARCHAR(50) NOT NULL,
    current_task TEXT,
    tasks_completed BIGINT,
    tasks_failed BIGINT,
    cpu_usage DOUBLE PRECISION,
    memory_usage DOUBLE PRECISION,
    disk_usage DOUBLE PRECISION,
    network_usage DOUBLE PRECISION,
    uptime_seconds DOUBLE PRECISION,
    last_heartbeat TIMESTAMPTZ,
    used_slots BIGINT,
    total_slots BIGINT,
    labels JSONB NOT NULL DEFAULT '{}'::JSONB,
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (orchestrator_id, pool_id, worker_id)
) WITH (fillfactor = 70);

CREATE INDEX idx_worker_instances_pool ON worker_instances (pool_id);
CREATE INDEX idx_worker_instances_status ON worker_instances (status);

CREATE TABLE queue_latest (
    queue_id UUID PRIMARY KEY REFERENCES queues (id),
    orchestrator_id UUID NOT NULL,
    id UUID NOT NULL,
    size BIGINT,
    consumers BIGINT,
    processing_rate DOUBLE PRECISION,
    arrival_rate DOUBLE PRECISION,
    error_rate DOUBLE PRECISION,
    avg_processing_time_ms DOUBLE PRECISION,
    oldest_message_time TIMESTAMPTZ,
    in_flight BIGINT,
    priority_levels JSONB,
    collected_at TIMESTAMPTZ NOT NULL
) WITH (fillfactor = 50);

CREATE INDEX idx_queue_latest_orchestrator ON queue_latest (orchestrator_id);

-- These two keep the newest record whole: what it could not tell is null, with its reason.
CREATE TABLE load_balancing_latest (
    orchestrator_id UUID NOT NULL,
    scope_id UUID NOT NULL,
    id UUID NOT NULL,
    pool_id UUID,
    algorithm VARCHAR(50) NOT NULL,
    distribution JSONB NOT NULL,
    efficiency JSONB NOT NULL,
    health_checks JSONB,
    failover JSONB,
    metadata JSONB NOT NULL,
    collected_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (orchestrator_id, scope_id)
) WITH (fillfactor = 50);

CREATE TABLE coordination_latest (
    orchestrator_id UUID PRIMARY KEY,
    id UUID NOT NULL,
    consensus_protocol TEXT,
    leader_election JSONB,
    distributed_locking JSONB,
    state_management JSONB,
    message_ordering JSONB,
    conflict_resolution JSONB,
    partition_tolerance JSONB,
    metadata JSONB NOT NULL,
    collected_at TIMESTAMPTZ NOT NULL
) WITH (fillfactor = 50);

-- What readers follow, and what could not be read ------------------------------------------------

-- Whoever changes state adds a row in the same transaction. Readers take rows whose xid is below
-- pg_snapshot_xmin(pg_current_snapshot()), so that none is skipped; seq is their cursor.
CREATE TABLE outbox (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid XID8 NOT NULL DEFAULT pg_current_xact_id(),
    topic TEXT NOT NULL,
    kind TEXT NOT NULL,
    payload JSONB NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE INDEX idx_outbox_created ON outbox (created_at);
CREATE INDEX idx_outbox_order ON outbox (xid, seq);

CREATE TABLE dead_letters (
    id UUID PRIMARY KEY,
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    log_offset BIGINT NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    headers JSONB NOT NULL,
    payload BYTEA NOT NULL,
    received_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE INDEX idx_dead_letters_received ON dead_letters (received_at);

-- Who may ask ------------------------------------------------------------------------------------

-- Only the SHA-256 of a secret is kept. kind: token (API), session (browser), login (one use).
CREATE TABLE api_tokens (
    id UUID PRIMARY KEY,
    kind VARCHAR(20) NOT NULL CHECK (kind IN ('token', 'session', 'login')),
    name TEXT NOT NULL,
    secret_hash BYTEA NOT NULL UNIQUE,
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    expires_at TIMESTAMPTZ,
    last_used_at TIMESTAMPTZ,
    revoked_at TIMESTAMPTZ
);
