-- write_coordination: sorts the staged records of coordination into the tables.
--
-- The first statement deletes from the staging what history already had, and its row count says
-- how many that were: see write_orchestrators.sql.

WITH inserted AS (
    INSERT INTO coordination_metrics (
        id, orchestrator_id, consensus_protocol, leader_election, distributed_locking,
        state_management, message_ordering, conflict_resolution, partition_tolerance,
        metadata, collected_at
    )
    SELECT
        id, orchestrator_id, consensus_protocol, leader_election, distributed_locking,
        state_management, message_ordering, conflict_resolution, partition_tolerance,
        metadata, collected_at
    FROM staged_coordination
    ORDER BY orchestrator_id, collected_at, id
    ON CONFLICT DO NOTHING
    RETURNING orchestrator_id, collected_at, id
)
DELETE FROM staged_coordination
WHERE (orchestrator_id, collected_at, id) NOT IN (SELECT orchestrator_id, collected_at, id FROM inserted);

INSERT INTO coordination_latest AS latest (
    id, orchestrator_id, consensus_protocol, leader_election, distributed_locking,
    state_management, message_ordering, conflict_resolution, partition_tolerance, metadata,
    collected_at
)
SELECT DISTINCT ON (orchestrator_id)
    id, orchestrator_id, consensus_protocol, leader_election, distributed_locking,
    state_management, message_ordering, conflict_resolution, partition_tolerance, metadata,
    collected_at
FROM staged_coordination
ORDER BY orchestrator_id, collected_at DESC
ON CONFLICT (orchestrator_id) DO UPDATE SET
    id = excluded.id,
    consensus_protocol = excluded.consensus_protocol,
    leader_election = excluded.leader_election,
    distributed_locking = excluded.distributed_locking,
    state_management = excluded.state_management,
    message_ordering = excluded.message_ordering,
    conflict_resolution = excluded.conflict_resolution,
    partition_tolerance = excluded.partition_tolerance,
    metadata = excluded.metadata,
    collected_at = excluded.collected_at
WHERE latest.collected_at < excluded.collected_at;
