-- The records that the first release did not have: load balancing, coordination, events; and
-- counts as large as a record may carry.

ALTER TABLE worker_pool_metrics
    ALTER COLUMN total_workers TYPE BIGINT,
    ALTER COLUMN active_workers TYPE BIGINT,
    ALTER COLUMN idle_workers TYPE BIGINT,
    ALTER COLUMN busy_workers TYPE BIGINT,
    ALTER COLUMN failed_workers TYPE BIGINT,
    ALTER COLUMN terminating_workers TYPE BIGINT;

ALTER TABLE worker_pool_latest
    ALTER COLUMN total_workers TYPE BIGINT,
    ALTER COLUMN active_workers TYPE BIGINT,
    ALTER COLUMN idle_workers TYPE BIGINT,
    ALTER COLUMN busy_workers TYPE BIGINT,
    ALTER COLUMN failed_workers TYPE BIGINT,
    ALTER COLUMN terminating_workers TYPE BIGINT;

ALTER TABLE worker_instances
    ALTER COLUMN used_slots TYPE BIGINT,
    ALTER COLUMN total_slots TYPE BIGINT;

ALTER TABLE queue_metrics
    ALTER COLUMN consumers TYPE BIGINT;

ALTER TABLE queue_latest
    ALTER COLUMN consumers TYPE BIGINT;

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
