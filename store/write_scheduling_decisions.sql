-- write_scheduling_decisions: sorts the staged scheduling decisions into the tables.
--
-- The first statement deletes from the staging what history already had, and its row count says
-- how many that were: see write_orchestrators.sql.

WITH inserted AS (
    INSERT INTO scheduling_decisions (
        id, orchestrator_id, workflow_id, decision_time, scheduling_latency_ms,
        selected_worker, placement_constraints, resource_requirements, priority,
        queue_time_ms, decision_factors, outcome
    )
    SELECT
        id, orchestrator_id, workflow_id, decision_time, scheduling_latency_ms,
        selected_worker, placement_constraints, resource_requirements, priority,
        queue_time_ms, decision_factors, outcome
    FROM staged_scheduling_decisions
    ORDER BY orchestrator_id, decision_time, id
    ON CONFLICT DO NOTHING
    RETURNING orchestrator_id, decision_time, id
)
DELETE FROM staged_scheduling_decisions
WHERE (orchestrator_id, decision_time, id) NOT IN (SELECT orchestrator_id, decision_time, id FROM inserted);
