-- write_pools: sorts the staged records of worker pools and their workers into the tables.
--
-- The first statement deletes from the staging what history already had, and its row count says
-- how many that were; all that follows sees new records only. Rows are taken in the order of
-- their keys and nothing depends on the order of arrival: see write_orchestrators.sql.

WITH inserted AS (
    INSERT INTO worker_pool_metrics (
        id, pool_id, pool_name, orchestrator_id, worker_type, total_workers, active_workers,
        idle_workers, busy_workers, failed_workers, terminating_workers, pool_health,
        resource_usage, performance, scaling, metadata, collected_at
    )
    SELECT
        id, pool_id, pool_name, orchestrator_id, worker_type, total_workers, active_workers,
        idle_workers, busy_workers, failed_workers, terminating_workers, pool_health,
        resource_usage, performance, scaling, metadata, collected_at
    FROM staged_pools
    ORDER BY orchestrator_id, pool_id, collected_at, id
    ON CONFLICT DO NOTHING
    RETURNING pool_id, collected_at, id
)
DELETE FROM staged_pools
WHERE (pool_id, collected_at, id) NOT IN (SELECT pool_id, collected_at, id FROM inserted);

-- Two keys are unique: see write_orchestrators.sql.
INSERT INTO worker_pools (id, orchestrator_id, pool_name, worker_type, first_seen, last_seen)
SELECT DISTINCT
    pool_id, orchestrator_id, pool_name, worker_type,
    'infinity'::TIMESTAMPTZ, '-infinity'::TIMESTAMPTZ
FROM staged_pools
ORDER BY pool_id
ON CONFLICT DO NOTHING;

INSERT INTO worker_pools AS known (
    id, orchestrator_id, pool_name, worker_type, first_seen, last_seen
)
SELECT DISTINCT ON (pool_id)
    pool_id, orchestrator_id, pool_name, worker_type,
    min(collected_at) OVER (PARTITION BY pool_id),
    collected_at
FROM staged_pools
ORDER BY pool_id, collected_at DESC
ON CONFLICT (id) DO UPDATE SET
    worker_type = CASE
        WHEN excluded.last_seen > known.last_seen THEN excluded.worker_type ELSE known.worker_type
    END,
    first_seen = LEAST(known.first_seen, excluded.first_seen),
    last_seen = GREATEST(known.last_seen, excluded.last_seen);

INSERT INTO worker_pool_latest AS latest (
    pool_id, orchestrator_id, id, collected_at, total_workers, active_workers, idle_workers,
    busy_workers, failed_workers, terminating_workers, pool_health, resource_usage, performance,
    scaling, metadata
)
SELECT DISTINCT ON (pool_id)
    pool_id, orchestrator_id, id, collected_at, total_workers, active_workers, idle_workers,
    busy_workers, failed_workers, terminating_workers, pool_health, resource_usage, performance,
    scaling, metadata
FROM staged_pools
ORDER BY pool_id, collected_at DESC
ON CONFLICT (pool_id) DO UPDATE SET
    id = excluded.id,
    collected_at = excluded.collected_at,
    total_workers = excluded.total_workers,
    active_workers = excluded.active_workers,
    idle_workers = excluded.idle_workers,
    busy_workers = excluded.busy_workers,
    failed_workers = excluded.failed_workers,
    terminating_workers = excluded.terminating_workers,
    pool_health = excluded.pool_health,
    resource_usage = excluded.resource_usage,
    performance = excluded.performance,
    scaling = excluded.scaling,
    metadata = excluded.metadata
WHERE latest.collected_at < excluded.collected_at;

-- A first page comes with a record of the history, which may have had it; of the others only
-- their time tells whether they are new, and applying one again changes nothing.
DELETE FROM staged_worker_pages
WHERE number = 1
    AND (pool_id, collected_at, id) NOT IN (SELECT pool_id, collected_at, id FROM staged_pools);

-- One writer at a time changes the workers of a pool.
SELECT FROM worker_pool_latest
WHERE pool_id IN (SELECT pool_id FROM staged_worker_pages)
ORDER BY pool_id
FOR UPDATE;

UPDATE worker_pool_latest AS latest
SET workers_at = staged.workers_at
FROM (
    SELECT pool_id, max(collected_at) AS workers_at
    FROM staged_worker_pages
    GROUP BY pool_id
) AS staged
WHERE latest.pool_id = staged.pool_id
    AND (latest.workers_at IS NULL OR latest.workers_at < staged.workers_at);

-- Only the workers of the sample that workers_at names are the present ones.
DELETE FROM staged_worker_pages AS staged
WHERE NOT EXISTS (
    SELECT FROM worker_pool_latest AS latest
    WHERE latest.pool_id = staged.pool_id AND latest.workers_at = staged.collected_at
);

DELETE FROM staged_workers
WHERE (pool_id, collected_at) NOT IN (SELECT pool_id, collected_at FROM staged_worker_pages);

-- A page tells all about its range of ids. Code points order them, as they do where pages are made.
DELETE FROM worker_instances AS present
USING staged_worker_pages AS page
WHERE present.pool_id = page.pool_id
    AND (page.after_id IS NULL OR present.worker_id COLLATE "C" > page.after_id COLLATE "C")
    AND (page.up_to_id IS NULL OR present.worker_id COLLATE "C" <= page.up_to_id COLLATE "C")
    AND (present.pool_id, present.worker_id) NOT IN (
        SELECT pool_id, worker_id FROM staged_workers
    );

INSERT INTO worker_instances AS present (
    id, pool_id, orchestrator_id, worker_id, hostname, status, current_task, tasks_completed,
    tasks_failed, cpu_usage, memory_usage, disk_usage, network_usage, uptime_seconds,
    last_heartbeat, used_slots, total_slots, labels
)
SELECT
    id, pool_id, orchestrator_id, worker_id, hostname, status, current_task, tasks_completed,
    tasks_failed, cpu_usage, memory_usage, disk_usage, network_usage, uptime_seconds,
    last_heartbeat, used_slots, total_slots, labels
FROM staged_workers
ORDER BY orchestrator_id, pool_id, worker_id
ON CONFLICT (orchestrator_id, pool_id, worker_id) DO UPDATE SET
    hostname = excluded.hostname,
    status = excluded.status,
    current_task = excluded.current_task,
    tasks_completed = excluded.tasks_completed,
    tasks_failed = excluded.tasks_failed,
    cpu_usage = excluded.cpu_usage,
    memory_usage = excluded.memory_usage,
    disk_usage = excluded.disk_usage,
    network_usage = excluded.network_usage,
    uptime_seconds = excluded.uptime_seconds,
    last_heartbeat = excluded.last_heartbeat,
    used_slots = excluded.used_slots,
    total_slots = excluded.total_slots,
    labels = excluded.labels,
    updated_at = CURRENT_TIMESTAMP
WHERE (
    present.hostname, present.status, present.current_task, present.tasks_completed,
    present.tasks_failed, present.cpu_usage, present.memory_usage, present.disk_usage,
    present.network_usage, present.uptime_seconds, present.last_heartbeat, present.used_slots,
    present.total_slots, present.labels
) IS DISTINCT FROM (
    excluded.hostname, excluded.status, excluded.current_task, excluded.tasks_completed,
    excluded.tasks_failed, excluded.cpu_usage, excluded.memory_usage, excluded.disk_usage,
    excluded.network_usage, excluded.uptime_seconds, excluded.last_heartbeat, excluded.used_slots,
    excluded.total_slots, excluded.labels
);

INSERT INTO outbox (topic, kind, payload)
SELECT
    'worker-pool:' || pool_id,
    'worker_update',
    jsonb_build_object(
        'id', pool_id,
        'collectedAt', to_char(collected_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    )
FROM worker_pool_latest
WHERE pool_id IN (SELECT pool_id FROM staged_pools)
    OR pool_id IN (SELECT pool_id FROM staged_worker_pages)
ORDER BY pool_id;
