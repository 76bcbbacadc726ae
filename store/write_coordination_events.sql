-- write_coordination_events: sorts the staged coordination events into the tables.
--
-- The first statement deletes from the staging what history already had, and its row count says
-- how many that were: see write_orchestrators.sql.

WITH inserted AS (
    INSERT INTO coordination_events (
        id, orchestrator_id, event_type, event_time, details, participants, consensus_time_ms,
        outcome, errors
    )
    SELECT
        id, orchestrator_id, event_type, event_time, details, participants, consensus_time_ms,
        outcome, errors
    FROM staged_coordination_events
    ORDER BY orchestrator_id, event_time, id
    ON CONFLICT DO NOTHING
    RETURNING orchestrator_id, event_time, id
)
DELETE FROM staged_coordination_events
WHERE (orchestrator_id, event_time, id) NOT IN (SELECT orchestrator_id, event_time, id FROM inserted);

INSERT INTO outbox (topic, kind, payload)
SELECT
    topic,
    'coordination_event',
    jsonb_build_object(
        'id', id,
        'orchestratorId', orchestrator_id,
        'eventTime', to_char(event_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    )
FROM staged_coordination_events
CROSS JOIN LATERAL (
    VALUES ('coordination:' || orchestrator_id), ('coordination-events')
) AS topics (topic)
ORDER BY event_time, id;
