-- write_orchestrators: sorts the staged orchestrator records and their queues into the tables.
--
-- The first statement deletes from the staging what history already had, and its row count says
-- how many that were; all that follows sees new records only. Every statement takes its rows in
-- the order of their keys, so that concurrent writers wait for one another and never in a ring.
-- Nothing depends on the order in which records arrive: each value of the present goes by the
-- time of the record that gave it. NOT IN, of columns that are never null, looks into a hash table
-- whatever the planner believes about the staging, of which it knows nothing.

WITH inserted AS (
    INSERT INTO orchestrator_metrics (
        id, orchestrator_id, orchestrator_type, instance_id, cluster_name, health, capacity,
        scheduling, queuing, execution, resources, networking, persistence, metadata, collected_at
    )
    SELECT
        id, orchestrator_id, orchestrator_type, instance_id, cluster_name, health, capacity,
        scheduling, queuing, execution, resources, networking, persistence, metadata, collected_at
    FROM staged_orchestrators
    ORDER BY orchestrator_id, collected_at, id
    ON CONFLICT DO NOTHING
    RETURNING orchestrator_id, collected_at, id
)
DELETE FROM staged_orchestrators
WHERE (orchestrator_id, collected_at, id) NOT IN (
    SELECT orchestrator_id, collected_at, id FROM inserted
);

-- An identity has two unique keys, and DO UPDATE looks for a conflict in one of them: of two
-- writers that meet it first, one would fail in the other key. DO NOTHING looks in both, so it
-- makes room; what is seen fills it.
INSERT INTO orchestrators (
    id, orchestrator_type, instance_id, cluster_name, first_seen, last_seen
)
SELECT DISTINCT
    orchestrator_id, orchestrator_type, instance_id, cluster_name,
    'infinity'::TIMESTAMPTZ, '-infinity'::TIMESTAMPTZ
FROM staged_orchestrators
ORDER BY orchestrator_id
ON CONFLICT DO NOTHING;

INSERT INTO orchestrators AS known (
    id, orchestrator_type, instance_id, cluster_name, simulated, first_seen, last_seen
)
SELECT DISTINCT ON (orchestrator_id)
    orchestrator_id, orchestrator_type, instance_id, cluster_name,
    COALESCE((metadata ->> 'simulated')::BOOLEAN, FALSE),
    min(collected_at) OVER (PARTITION BY orchestrator_id),
    collected_at
FROM staged_orchestrators
ORDER BY orchestrator_id, collected_at DESC
ON CONFLICT (id) DO UPDATE SET
    simulated = CASE
        WHEN excluded.last_seen > known.last_seen THEN excluded.simulated ELSE known.simulated
    END,
    first_seen = LEAST(known.first_seen, excluded.first_seen),
    last_seen = GREATEST(known.last_seen, excluded.last_seen);

-- Per orchestrator: the head of the newest record, and each section of the newest that has it.
INSERT INTO orchestrator_latest AS latest (
    orchestrator_id, id, collected_at, health, metadata, queues_at,
    capacity, capacity_at, scheduling, scheduling_at, queuing, queuing_at, execution, execution_at,
    resources, resources_at, networking, networking_at, persistence, persistence_at
)
SELECT
    orchestrator_id,
    (array_agg(id ORDER BY collected_at DESC))[1],
    max(collected_at),
    (array_agg(health ORDER BY collected_at DESC))[1],
    (array_agg(metadata ORDER BY collected_at DESC))[1],
    max(collected_at) FILTER (WHERE NOT queuing ? 'queues'),
    (array_agg(capacity ORDER BY collected_at DESC) FILTER (WHERE capacity IS NOT NULL))[1],
    max(collected_at) FILTER (WHERE capacity IS NOT NULL),
    (array_agg(scheduling ORDER BY collected_at DESC) FILTER (WHERE scheduling IS NOT NULL))[1],
    max(collected_at) FILTER (WHERE scheduling IS NOT NULL),
    (array_agg(queuing ORDER BY collected_at DESC) FILTER (WHERE queuing IS NOT NULL))[1],
    max(collected_at) FILTER (WHERE queuing IS NOT NULL),
    (array_agg(execution ORDER BY collected_at DESC) FILTER (WHERE execution IS NOT NULL))[1],
    max(collected_at) FILTER (WHERE execution IS NOT NULL),
    (array_agg(resources ORDER BY collected_at DESC) FILTER (WHERE resources IS NOT NULL))[1],
    max(collected_at) FILTER (WHERE resources IS NOT NULL),
    (array_agg(networking ORDER BY collected_at DESC) FILTER (WHERE networking IS NOT NULL))[1],
    max(collected_at) FILTER (WHERE networking IS NOT NULL),
    (array_agg(persistence ORDER BY collected_at DESC) FILTER (WHERE persistence IS NOT NULL))[1],
    max(collected_at) FILTER (WHERE persistence IS NOT NULL)
FROM staged_orchestrators
GROUP BY orchestrator_id
ORDER BY orchestrator_id
ON CONFLICT (orchestrator_id) DO UPDATE SET
    id = CASE WHEN latest.collected_at >= excluded.collected_at
        THEN latest.id ELSE excluded.id END,
    health = CASE WHEN latest.collected_at >= excluded.collected_at
        THEN latest.health ELSE excluded.health END,
    metadata = CASE WHEN latest.collected_at >= excluded.collected_at
        THEN latest.metadata ELSE excluded.metadata END,
    collected_at = GREATEST(latest.collected_at, excluded.collected_at),
    queues_at = GREATEST(latest.queues_at, excluded.queues_at),
    capacity = CASE WHEN latest.capacity_at >= excluded.capacity_at
        THEN latest.capacity ELSE COALESCE(excluded.capacity, latest.capacity) END,
    capacity_at = GREATEST(latest.capacity_at, excluded.capacity_at),
    scheduling = CASE WHEN latest.scheduling_at >= excluded.scheduling_at
        THEN latest.scheduling ELSE COALESCE(excluded.scheduling, latest.scheduling) END,
    scheduling_at = GREATEST(latest.scheduling_at, excluded.scheduling_at),
    queuing = CASE WHEN latest.queuing_at >= excluded.queuing_at
        THEN latest.queuing ELSE COALESCE(excluded.queuing, latest.queuing) END,
    queuing_at = GREATEST(latest.queuing_at, excluded.queuing_at),
    execution = CASE WHEN latest.execution_at >= excluded.execution_at
        THEN latest.execution ELSE COALESCE(excluded.execution, latest.execution) END,
    execution_at = GREATEST(latest.execution_at, excluded.execution_at),
    resources = CASE WHEN latest.resources_at >= excluded.resources_at
        THEN latest.resources ELSE COALESCE(excluded.resources, latest.resources) END,
    resources_at = GREATEST(latest.resources_at, excluded.resources_at),
    networking = CASE WHEN latest.networking_at >= excluded.networking_at
        THEN latest.networking ELSE COALESCE(excluded.networking, latest.networking) END,
    networking_at = GREATEST(latest.networking_at, excluded.networking_at),
    persistence = CASE WHEN latest.persistence_at >= excluded.persistence_at
        THEN latest.persistence ELSE COALESCE(excluded.persistence, latest.persistence) END,
    persistence_at = GREATEST(latest.persistence_at, excluded.persistence_at);

-- Queues of records that history already had came with them.
DELETE FROM staged_queues
WHERE (orchestrator_id, collected_at) NOT IN (
    SELECT orchestrator_id, collected_at FROM staged_orchestrators
);

INSERT INTO queue_metrics (
    id, queue_id, orchestrator_id, queue_name, queue_type, size, consumers, processing_rate,
    arrival_rate, error_rate, avg_processing_time_ms, oldest_message_time, in_flight,
    priority_levels, collected_at
)
SELECT
    id, queue_id, orchestrator_id, queue_name, queue_type, size, consumers, processing_rate,
    arrival_rate, error_rate, avg_processing_time_ms, oldest_message_time, in_flight,
    priority_levels, collected_at
FROM staged_queues
ORDER BY orchestrator_id, queue_id, collected_at, id
ON CONFLICT DO NOTHING;

INSERT INTO queues (id, orchestrator_id, queue_name, queue_type, first_seen, last_seen)
SELECT DISTINCT
    queue_id, orchestrator_id, queue_name, queue_type,
    'infinity'::TIMESTAMPTZ, '-infinity'::TIMESTAMPTZ
FROM staged_queues
ORDER BY queue_id
ON CONFLICT DO NOTHING;

INSERT INTO queues AS known (
    id, orchestrator_id, queue_name, queue_type, first_seen, last_seen
)
SELECT DISTINCT ON (queue_id)
    queue_id, orchestrator_id, queue_name, queue_type,
    min(collected_at) OVER (PARTITION BY queue_id),
    collected_at
FROM staged_queues
ORDER BY queue_id, collected_at DESC
ON CONFLICT (id) DO UPDATE SET
    queue_type = CASE
        WHEN excluded.last_seen > known.last_seen THEN excluded.queue_type ELSE known.queue_type
    END,
    first_seen = LEAST(known.first_seen, excluded.first_seen),
    last_seen = GREATEST(known.last_seen, excluded.last_seen);

-- The row of orchestrator_latest is locked since above: one writer at a time changes its queues.
-- Only the queues of the record that queues_at names are the present ones.
DELETE FROM queue_latest AS present
USING orchestrator_latest AS latest, staged_orchestrators AS staged
WHERE latest.orchestrator_id = staged.orchestrator_id
    AND latest.queues_at = staged.collected_at
    AND NOT staged.queuing ? 'queues'
    AND present.orchestrator_id = staged.orchestrator_id
    AND (present.queue_id, staged.orchestrator_id, staged.collected_at) NOT IN (
        SELECT queue_id, orchestrator_id, collected_at FROM staged_queues
    );

INSERT INTO queue_latest (
    queue_id, orchestrator_id, id, size, consumers, processing_rate, arrival_rate, error_rate,
    avg_processing_time_ms, oldest_message_time, in_flight, priority_levels, collected_at
)
SELECT
    staged.queue_id, staged.orchestrator_id, staged.id, staged.size, staged.consumers,
    staged.processing_rate, staged.arrival_rate, staged.error_rate, staged.avg_processing_time_ms,
    staged.oldest_message_time, staged.in_flight, staged.priority_levels, staged.collected_at
FROM staged_queues AS staged
JOIN orchestrator_latest AS latest
    ON latest.orchestrator_id = staged.orchestrator_id AND latest.queues_at = staged.collected_at
ORDER BY staged.queue_id
ON CONFLICT (queue_id) DO UPDATE SET
    id = excluded.id,
    size = excluded.size,
    consumers = excluded.consumers,
    processing_rate = excluded.processing_rate,
    arrival_rate = excluded.arrival_rate,
    error_rate = excluded.error_rate,
    avg_processing_time_ms = excluded.avg_processing_time_ms,
    oldest_message_time = excluded.oldest_message_time,
    in_flight = excluded.in_flight,
    priority_levels = excluded.priority_levels,
    collected_at = excluded.collected_at;

INSERT INTO outbox (topic, kind, payload)
SELECT
    'orchestrator:' || orchestrator_id,
    'orchestrator_update',
    jsonb_build_object(
        'id', orchestrator_id,
        'collectedAt', to_char(collected_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    )
FROM orchestrator_latest
WHERE orchestrator_id IN (SELECT orchestrator_id FROM staged_orchestrators)
ORDER BY orchestrator_id;
