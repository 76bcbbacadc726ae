-- write_load_balancing: sorts the staged records of load balancing into the tables.
--
-- The first statement deletes from the staging what history already had, and its row count says
-- how many that were: see write_orchestrators.sql.

WITH inserted AS (
    INSERT INTO load_balancing_metrics (
        id, orchestrator_id, scope_id, pool_id, algorithm, distribution, efficiency,
        health_checks, failover, metadata, collected_at
    )
    SELECT
        id, orchestrator_id, scope_id, pool_id, algorithm, distribution, efficiency,
        health_checks, failover, metadata, collected_at
    FROM staged_load_balancing
    ORDER BY orchestrator_id, scope_id, collected_at, id
    ON CONFLICT DO NOTHING
    RETURNING orchestrator_id, scope_id, collected_at, id
)
DELETE FROM staged_load_balancing
WHERE (orchestrator_id, scope_id, collected_at, id) NOT IN (SELECT orchestrator_id, scope_id, collected_at, id FROM inserted);

INSERT INTO load_balancing_latest AS latest (
    id, orchestrator_id, scope_id, pool_id, algorithm, distribution, efficiency, health_checks,
    failover, metadata, collected_at
)
SELECT DISTINCT ON (orchestrator_id, scope_id)
    id, orchestrator_id, scope_id, pool_id, algorithm, distribution, efficiency, health_checks,
    failover, metadata, collected_at
FROM staged_load_balancing
ORDER BY orchestrator_id, scope_id, collected_at DESC
ON CONFLICT (orchestrator_id, scope_id) DO UPDATE SET
    id = excluded.id,
    pool_id = excluded.pool_id,
    algorithm = excluded.algorithm,
    distribution = excluded.distribution,
    efficiency = excluded.efficiency,
    health_checks = excluded.health_checks,
    failover = excluded.failover,
    metadata = excluded.metadata,
    collected_at = excluded.collected_at
WHERE latest.collected_at < excluded.collected_at;
