-- write_worker_usage: the newest usage of each worker.
--
-- There is no history of it. The first statement deletes from the staging what is not newer than
-- what is known, and its row count says how much that was: see write_orchestrators.sql.

WITH newer AS (
    INSERT INTO worker_usage_latest AS latest (
        id, orchestrator_id, worker_id, cpu_usage, memory_usage, disk_usage, network_usage,
        metadata, collected_at
    )
    SELECT DISTINCT ON (orchestrator_id, worker_id)
        id, orchestrator_id, worker_id, cpu_usage, memory_usage, disk_usage, network_usage,
        metadata, collected_at
    FROM staged_worker_usage
    ORDER BY orchestrator_id, worker_id, collected_at DESC
    ON CONFLICT (orchestrator_id, worker_id) DO UPDATE SET
        id = excluded.id,
        cpu_usage = excluded.cpu_usage,
        memory_usage = excluded.memory_usage,
        disk_usage = excluded.disk_usage,
        network_usage = excluded.network_usage,
        metadata = excluded.metadata,
        collected_at = excluded.collected_at
    WHERE latest.collected_at < excluded.collected_at
    RETURNING orchestrator_id, worker_id, collected_at
)
DELETE FROM staged_worker_usage
WHERE (orchestrator_id, worker_id, collected_at) NOT IN (
    SELECT orchestrator_id, worker_id, collected_at FROM newer
);

INSERT INTO outbox (topic, kind, payload)
SELECT
    'worker-pool:' || worker.pool_id,
    'worker_update',
    jsonb_build_object(
        'id', worker.pool_id,
        'collectedAt', to_char(
            max(staged.collected_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
        )
    )
FROM staged_worker_usage AS staged
JOIN worker_instances AS worker USING (orchestrator_id, worker_id)
GROUP BY worker.pool_id
ORDER BY worker.pool_id;
