-- write_scaling_events: sorts the staged scaling events into the tables.
--
-- The first statement deletes from the staging what history already had, and its row count says
-- how many that were: see write_orchestrators.sql.

WITH inserted AS (
    INSERT INTO scaling_events (
        id, orchestrator_id, pool_id, event_time, action, from_count, to_count, reason,
        trigger_metrics, success, duration_ms, cost_impact, command_id, dry_run
    )
    SELECT
        id, orchestrator_id, pool_id, event_time, action, from_count, to_count, reason,
        trigger_metrics, success, duration_ms, cost_impact, command_id, dry_run
    FROM staged_scaling_events
    ORDER BY orchestrator_id, id
    ON CONFLICT DO NOTHING
    RETURNING orchestrator_id, id
)
DELETE FROM staged_scaling_events
WHERE (orchestrator_id, id) NOT IN (SELECT orchestrator_id, id FROM inserted);

INSERT INTO outbox (topic, kind, payload)
SELECT
    'scaling-events',
    'scaling_event',
    jsonb_build_object(
        'id', id,
        'orchestratorId', orchestrator_id,
        'eventTime', to_char(event_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    )
FROM staged_scaling_events
ORDER BY event_time, id;
