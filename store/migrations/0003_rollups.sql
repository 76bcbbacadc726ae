-- History by minute and by hour, and what the raw history already holds of it. That is read once,
-- and nobody may add to it meanwhile.

LOCK TABLE orchestrator_metrics, worker_pool_metrics, queue_metrics IN SHARE MODE;

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

DO $backfill$
DECLARE
    step RECORD;
BEGIN
    FOR step IN
        SELECT * FROM (VALUES ('1m', INTERVAL '1 minute'), ('1h', INTERVAL '1 hour'))
            AS steps (name, width)
    LOOP
        EXECUTE format($sql$
        INSERT INTO orchestrator_rollup_%s (
            orchestrator_id, time_bucket, samples, status, status_at, health_score,
            health_score_at, health_score_sum, health_score_samples, health_score_min,
            restarts, restarts_at, total_slots, total_slots_at, used_slots,
            used_slots_at, used_slots_sum, used_slots_samples, used_slots_max,
            capacity_utilization, capacity_utilization_at, capacity_utilization_sum,
            capacity_utilization_samples, capacity_utilization_min,
            capacity_utilization_max, running_workflows, running_workflows_at,
            running_workflows_sum, running_workflows_samples, running_workflows_max,
            pending_workflows, pending_workflows_at, pending_workflows_sum,
            pending_workflows_samples, pending_workflows_max, completed_workflows,
            failed_workflows, scheduling_throughput, scheduling_throughput_at,
            scheduling_throughput_sum, scheduling_throughput_samples,
            scheduling_throughput_max, queue_depth, queue_depth_at, queue_depth_sum,
            queue_depth_samples, queue_depth_max, scheduling_latency_ms_sum,
            scheduling_latency_ms_samples, queue_wait_ms_sum, queue_wait_ms_samples,
            execution_completed_workflows, execution_failed_workflows, interval_s_min
        )
        SELECT
            orchestrator_id, time_bucket,
            count(*),
            (array_agg(status ORDER BY collected_at DESC, status DESC)
                FILTER (WHERE status IS NOT NULL))[1],
            max(collected_at) FILTER (WHERE status IS NOT NULL),
            (max(ARRAY[at_s, health_score]) FILTER (WHERE health_score IS NOT NULL))[2],
            max(collected_at) FILTER (WHERE health_score IS NOT NULL),
            sum(LEAST(health_score, 1e290)) FILTER (WHERE health_score IS NOT NULL),
            count(health_score),
            min(health_score),
            (max(ARRAY[at_s, restarts]) FILTER (WHERE restarts IS NOT NULL))[2],
            max(collected_at) FILTER (WHERE restarts IS NOT NULL),
            (max(ARRAY[at_s, total_slots]) FILTER (WHERE total_slots IS NOT NULL))[2],
            max(collected_at) FILTER (WHERE total_slots IS NOT NULL),
            (max(ARRAY[at_s, used_slots]) FILTER (WHERE used_slots IS NOT NULL))[2],
            max(collected_at) FILTER (WHERE used_slots IS NOT NULL),
            sum(LEAST(used_slots, 1e290)) FILTER (WHERE used_slots IS NOT NULL),
            count(used_slots),
            max(used_slots),
            (max(ARRAY[at_s, capacity_utilization])
                FILTER (WHERE capacity_utilization IS NOT NULL))[2],
            max(collected_at) FILTER (WHERE capacity_utilization IS NOT NULL),
            sum(LEAST(capacity_utilization, 1e290)) FILTER (WHERE capacity_utilization IS NOT NULL),
            count(capacity_utilization),
            min(capacity_utilization),
            max(capacity_utilization),
            (max(ARRAY[at_s, running_workflows]) FILTER (WHERE running_workflows IS NOT NULL))[2],
            max(collected_at) FILTER (WHERE running_workflows IS NOT NULL),
            sum(LEAST(running_workflows, 1e290)) FILTER (WHERE running_workflows IS NOT NULL),
            count(running_workflows),
            max(running_workflows),
            (max(ARRAY[at_s, pending_workflows]) FILTER (WHERE pending_workflows IS NOT NULL))[2],
            max(collected_at) FILTER (WHERE pending_workflows IS NOT NULL),
            sum(LEAST(pending_workflows, 1e290)) FILTER (WHERE pending_workflows IS NOT NULL),
            count(pending_workflows),
            max(pending_workflows),
            sum(LEAST(completed_workflows, 1e290)) FILTER (WHERE completed_workflows IS NOT NULL),
            sum(LEAST(failed_workflows, 1e290)) FILTER (WHERE failed_workflows IS NOT NULL),
            (max(ARRAY[at_s, scheduling_throughput])
                FILTER (WHERE scheduling_throughput IS NOT NULL))[2],
            max(collected_at) FILTER (WHERE scheduling_throughput IS NOT NULL),
            sum(LEAST(scheduling_throughput, 1e290))
                FILTER (WHERE scheduling_throughput IS NOT NULL),
            count(scheduling_throughput),
            max(scheduling_throughput),
            (max(ARRAY[at_s, queue_depth]) FILTER (WHERE queue_depth IS NOT NULL))[2],
            max(collected_at) FILTER (WHERE queue_depth IS NOT NULL),
            sum(LEAST(queue_depth, 1e290)) FILTER (WHERE queue_depth IS NOT NULL),
            count(queue_depth),
            max(queue_depth),
            sum(LEAST(scheduling_latency_ms, 1e290))
                FILTER (WHERE scheduling_latency_ms IS NOT NULL),
            count(scheduling_latency_ms),
            sum(LEAST(queue_wait_ms, 1e290)) FILTER (WHERE queue_wait_ms IS NOT NULL),
            count(queue_wait_ms),
            sum(LEAST(execution_completed_workflows, 1e290))
                FILTER (WHERE execution_completed_workflows IS NOT NULL),
            sum(LEAST(execution_failed_workflows, 1e290))
                FILTER (WHERE execution_failed_workflows IS NOT NULL),
            min(interval_s)
        FROM (
            SELECT
                orchestrator_id,
                date_bin(%L, collected_at, 'epoch') AS time_bucket,
                collected_at,
                date_part('epoch', collected_at) AS at_s,
                health_leaf.status AS status,
                health_leaf."healthScore" AS health_score,
                health_leaf.restarts AS restarts,
                capacity_leaf."totalSlots" AS total_slots,
                capacity_leaf."usedSlots" AS used_slots,
                capacity_leaf."capacityUtilization" AS capacity_utilization,
                capacity_leaf."runningWorkflows" AS running_workflows,
                capacity_leaf."pendingWorkflows" AS pending_workflows,
                capacity_leaf."completedWorkflows" AS completed_workflows,
                capacity_leaf."failedWorkflows" AS failed_workflows,
                scheduling_leaf."schedulingThroughput" AS scheduling_throughput,
                scheduling_leaf."queueDepth" AS queue_depth,
                scheduling_leaf."avgSchedulingLatency" AS scheduling_latency_ms,
                queuing_leaf."avgWaitTime" AS queue_wait_ms,
                execution_leaf."completedWorkflows" AS execution_completed_workflows,
                execution_leaf."failedWorkflows" AS execution_failed_workflows,
                metadata_leaf."intervalS" AS interval_s
            FROM orchestrator_metrics
            CROSS JOIN jsonb_to_record(health) AS health_leaf (
                "status" TEXT, "healthScore" DOUBLE PRECISION,
                "restarts" DOUBLE PRECISION
            )
            CROSS JOIN jsonb_to_record(capacity) AS capacity_leaf (
                "totalSlots" DOUBLE PRECISION, "usedSlots" DOUBLE PRECISION,
                "capacityUtilization" DOUBLE PRECISION,
                "runningWorkflows" DOUBLE PRECISION,
                "pendingWorkflows" DOUBLE PRECISION,
                "completedWorkflows" DOUBLE PRECISION,
                "failedWorkflows" DOUBLE PRECISION
            )
            CROSS JOIN jsonb_to_record(scheduling) AS scheduling_leaf (
                "schedulingThroughput" DOUBLE PRECISION,
                "queueDepth" DOUBLE PRECISION,
                "avgSchedulingLatency" DOUBLE PRECISION
            )
            CROSS JOIN jsonb_to_record(queuing) AS queuing_leaf ("avgWaitTime" DOUBLE PRECISION)
            CROSS JOIN jsonb_to_record(execution) AS execution_leaf (
                "completedWorkflows" DOUBLE PRECISION,
                "failedWorkflows" DOUBLE PRECISION
            )
            CROSS JOIN jsonb_to_record(metadata) AS metadata_leaf ("intervalS" DOUBLE PRECISION)
        ) AS sample
        GROUP BY orchestrator_id, time_bucket
        $sql$, step.name, step.width);

        EXECUTE format($sql$
        INSERT INTO worker_pool_rollup_%s (
            orchestrator_id, pool_id, time_bucket, samples, total_workers,
            total_workers_at, total_workers_sum, total_workers_samples,
            total_workers_min, total_workers_max, active_workers, active_workers_at,
            idle_workers, idle_workers_at, busy_workers, busy_workers_at,
            busy_workers_sum, busy_workers_samples, busy_workers_max, failed_workers,
            failed_workers_at, failed_workers_max, terminating_workers,
            terminating_workers_at, utilization, utilization_at, utilization_sum,
            utilization_samples, utilization_min, utilization_max, used_slots,
            used_slots_at, used_slots_sum, used_slots_samples, used_slots_max,
            total_slots, total_slots_at, throughput, throughput_at, throughput_sum,
            throughput_samples, avg_task_duration_ms_sum, avg_task_duration_ms_samples,
            error_rate, error_rate_at, restart_count, restart_count_at
        )
        SELECT
            orchestrator_id, pool_id, time_bucket,
            count(*),
            (max(ARRAY[at_s, total_workers]) FILTER (WHERE total_workers IS NOT NULL))[2],
            max(collected_at) FILTER (WHERE total_workers IS NOT NULL),
            sum(LEAST(total_workers, 1e290)) FILTER (WHERE total_workers IS NOT NULL),
            count(total_workers),
            min(total_workers),
            max(total_workers),
            (max(ARRAY[at_s, active_workers]) FILTER (WHERE active_workers IS NOT NULL))[2],
            max(collected_at) FILTER (WHERE active_workers IS NOT NULL),
            (max(ARRAY[at_s, idle_workers]) FILTER (WHERE idle_workers IS NOT NULL))[2],
            max(collected_at) FILTER (WHERE idle_workers IS NOT NULL),
            (max(ARRAY[at_s, busy_workers]) FILTER (WHERE busy_workers IS NOT NULL))[2],
            max(collected_at) FILTER (WHERE busy_workers IS NOT NULL),
            sum(LEAST(busy_workers, 1e290)) FILTER (WHERE busy_workers IS NOT NULL),
            count(busy_workers),
            max(busy_workers),
            (max(ARRAY[at_s, failed_workers]) FILTER (WHERE failed_workers IS NOT NULL))[2],
            max(collected_at) FILTER (WHERE failed_workers IS NOT NULL),
            max(failed_workers),
            (max(ARRAY[at_s, terminating_workers])
                FILTER (WHERE terminating_workers IS NOT NULL))[2],
            max(collected_at) FILTER (WHERE terminating_workers IS NOT NULL),
            (max(ARRAY[at_s, utilization]) FILTER (WHERE utilization IS NOT NULL))[2],
            max(collected_at) FILTER (WHERE utilization IS NOT NULL),
            sum(LEAST(utilization, 1e290)) FILTER (WHERE utilization IS NOT NULL),
            count(utilization),
            min(utilization),
            max(utilization),
            (max(ARRAY[at_s, used_slots]) FILTER (WHERE used_slots IS NOT NULL))[2],
            max(collected_at) FILTER (WHERE used_slots IS NOT NULL),
            sum(LEAST(used_slots, 1e290)) FILTER (WHERE used_slots IS NOT NULL),
            count(used_slots),
            max(used_slots),
            (max(ARRAY[at_s, total_slots]) FILTER (WHERE total_slots IS NOT NULL))[2],
            max(collected_at) FILTER (WHERE total_slots IS NOT NULL),
            (max(ARRAY[at_s, throughput]) FILTER (WHERE throughput IS NOT NULL))[2],
            max(collected_at) FILTER (WHERE throughput IS NOT NULL),
            sum(LEAST(throughput, 1e290)) FILTER (WHERE throughput IS NOT NULL),
            count(throughput),
            sum(LEAST(avg_task_duration_ms, 1e290)) FILTER (WHERE avg_task_duration_ms IS NOT NULL),
            count(avg_task_duration_ms),
            (max(ARRAY[at_s, error_rate]) FILTER (WHERE error_rate IS NOT NULL))[2],
            max(collected_at) FILTER (WHERE error_rate IS NOT NULL),
            (max(ARRAY[at_s, restart_count]) FILTER (WHERE restart_count IS NOT NULL))[2],
            max(collected_at) FILTER (WHERE restart_count IS NOT NULL)
        FROM (
            SELECT
                orchestrator_id, pool_id,
                date_bin(%L, collected_at, 'epoch') AS time_bucket,
                collected_at,
                date_part('epoch', collected_at) AS at_s,
                total_workers::DOUBLE PRECISION AS total_workers,
                active_workers::DOUBLE PRECISION AS active_workers,
                idle_workers::DOUBLE PRECISION AS idle_workers,
                busy_workers::DOUBLE PRECISION AS busy_workers,
                failed_workers::DOUBLE PRECISION AS failed_workers,
                terminating_workers::DOUBLE PRECISION AS terminating_workers,
                performance_leaf.utilization AS utilization,
                usage_leaf."usedSlots" AS used_slots,
                usage_leaf."totalSlots" AS total_slots,
                performance_leaf.throughput AS throughput,
                performance_leaf."avgTaskDuration" AS avg_task_duration_ms,
                performance_leaf."errorRate" AS error_rate,
                health_leaf."restartCount" AS restart_count
            FROM worker_pool_metrics
            CROSS JOIN jsonb_to_record(performance) AS performance_leaf (
                "utilization" DOUBLE PRECISION, "throughput" DOUBLE PRECISION,
                "avgTaskDuration" DOUBLE PRECISION, "errorRate" DOUBLE PRECISION
            )
            CROSS JOIN jsonb_to_record(resource_usage) AS usage_leaf (
                "usedSlots" DOUBLE PRECISION, "totalSlots" DOUBLE PRECISION
            )
            CROSS JOIN jsonb_to_record(pool_health) AS health_leaf ("restartCount" DOUBLE PRECISION)
        ) AS sample
        GROUP BY orchestrator_id, pool_id, time_bucket
        $sql$, step.name, step.width);

        EXECUTE format($sql$
        INSERT INTO queue_rollup_%s (
            orchestrator_id, queue_id, time_bucket, samples, size, size_at, size_sum,
            size_samples, size_max, consumers, consumers_at, in_flight, in_flight_at,
            processing_rate, processing_rate_at, processing_rate_sum,
            processing_rate_samples, arrival_rate, arrival_rate_at, arrival_rate_sum,
            arrival_rate_samples, arrival_rate_max, error_rate, error_rate_at,
            avg_processing_time_ms_sum, avg_processing_time_ms_samples, oldest_age_s,
            oldest_age_s_at, oldest_age_s_max
        )
        SELECT
            orchestrator_id, queue_id, time_bucket,
            count(*),
            (max(ARRAY[at_s, size]) FILTER (WHERE size IS NOT NULL))[2],
            max(collected_at) FILTER (WHERE size IS NOT NULL),
            sum(LEAST(size, 1e290)) FILTER (WHERE size IS NOT NULL),
            count(size),
            max(size),
            (max(ARRAY[at_s, consumers]) FILTER (WHERE consumers IS NOT NULL))[2],
            max(collected_at) FILTER (WHERE consumers IS NOT NULL),
            (max(ARRAY[at_s, in_flight]) FILTER (WHERE in_flight IS NOT NULL))[2],
            max(collected_at) FILTER (WHERE in_flight IS NOT NULL),
            (max(ARRAY[at_s, processing_rate]) FILTER (WHERE processing_rate IS NOT NULL))[2],
            max(collected_at) FILTER (WHERE processing_rate IS NOT NULL),
            sum(LEAST(processing_rate, 1e290)) FILTER (WHERE processing_rate IS NOT NULL),
            count(processing_rate),
            (max(ARRAY[at_s, arrival_rate]) FILTER (WHERE arrival_rate IS NOT NULL))[2],
            max(collected_at) FILTER (WHERE arrival_rate IS NOT NULL),
            sum(LEAST(arrival_rate, 1e290)) FILTER (WHERE arrival_rate IS NOT NULL),
            count(arrival_rate),
            max(arrival_rate),
            (max(ARRAY[at_s, error_rate]) FILTER (WHERE error_rate IS NOT NULL))[2],
            max(collected_at) FILTER (WHERE error_rate IS NOT NULL),
            sum(LEAST(avg_processing_time_ms, 1e290))
                FILTER (WHERE avg_processing_time_ms IS NOT NULL),
            count(avg_processing_time_ms),
            (max(ARRAY[at_s, oldest_age_s]) FILTER (WHERE oldest_age_s IS NOT NULL))[2],
            max(collected_at) FILTER (WHERE oldest_age_s IS NOT NULL),
            max(oldest_age_s)
        FROM (
            SELECT
                orchestrator_id, queue_id,
                date_bin(%L, collected_at, 'epoch') AS time_bucket,
                collected_at,
                date_part('epoch', collected_at) AS at_s,
                size::DOUBLE PRECISION AS size,
                consumers::DOUBLE PRECISION AS consumers,
                in_flight::DOUBLE PRECISION AS in_flight,
                processing_rate,
                arrival_rate,
                error_rate,
                avg_processing_time_ms,
                CASE
                    WHEN oldest_message_time < collected_at
                        THEN date_part('epoch', collected_at - oldest_message_time)
                    WHEN oldest_message_time IS NOT NULL THEN 0
                END AS oldest_age_s
            FROM queue_metrics
        ) AS sample
        GROUP BY orchestrator_id, queue_id, time_bucket
        $sql$, step.name, step.width);

        EXECUTE format($sql$
        WITH observed AS MATERIALIZED (
            SELECT
                orchestrator_id,
                date_bin(%L, collected_at, 'epoch') AS time_bucket,
                sha256(array_send(histogram."boundsMs")) AS bounds_id,
                histogram."boundsMs" AS bounds_ms,
                histogram.counts,
                LEAST(histogram."sumMs", 1e290) AS sum_ms
            FROM orchestrator_metrics
            CROSS JOIN jsonb_to_record(
                CASE WHEN jsonb_typeof(scheduling -> 'latencyHistogram') = 'object'
                    THEN scheduling -> 'latencyHistogram' END
            ) AS histogram (
                "boundsMs" DOUBLE PRECISION[], counts DOUBLE PRECISION[], "sumMs" DOUBLE PRECISION
            )
            WHERE histogram."boundsMs" IS NOT NULL
        ),
        added AS (
            SELECT
                orchestrator_id, time_bucket, bounds_id, place,
                sum(count) AS count,
                max(bounds_ms) FILTER (WHERE place = 1) AS bounds_ms,
                sum(sum_ms) FILTER (WHERE place = 1) AS sum_ms
            FROM observed
            CROSS JOIN unnest(counts) WITH ORDINALITY AS bucket (count, place)
            GROUP BY orchestrator_id, time_bucket, bounds_id, place
        )
        INSERT INTO scheduling_latency_rollup_%s (
            orchestrator_id, time_bucket, bounds_id, bounds_ms, counts, sum_ms
        )
        SELECT
            orchestrator_id, time_bucket, bounds_id,
            max(bounds_ms), array_agg(count ORDER BY place), max(sum_ms)
        FROM added
        GROUP BY orchestrator_id, time_bucket, bounds_id
        $sql$, step.width, step.name);
    END LOOP;
END $backfill$;
