-- write_latency_rollup: adds the staged histograms of scheduling latency to a rollup table.
-- Filled in by store/rollup_sql.py; run like write_rollup.sql.
--
-- Histograms of the same bounds add up bucket by bucket, others have rows of their own: nothing
-- is lost here, and readers merge them as they see fit.

WITH observed AS MATERIALIZED (
    SELECT
        orchestrator_id,
        date_bin('{width}', collected_at, 'epoch') AS time_bucket,
        sha256(array_send(latency_bounds_ms)) AS bounds_id,
        latency_bounds_ms AS bounds_ms,
        latency_counts AS counts,
        LEAST(latency_sum_ms, 1e290) AS sum_ms
    FROM staged_orchestrators
    WHERE latency_bounds_ms IS NOT NULL
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
INSERT INTO scheduling_latency_rollup_{step} AS known (
    orchestrator_id, time_bucket, bounds_id, bounds_ms, counts, sum_ms
)
SELECT
    orchestrator_id, time_bucket, bounds_id,
    max(bounds_ms), array_agg(count ORDER BY place), max(sum_ms)
FROM added
GROUP BY orchestrator_id, time_bucket, bounds_id
ORDER BY orchestrator_id, time_bucket, bounds_id
ON CONFLICT (orchestrator_id, time_bucket, bounds_id) DO UPDATE SET
    counts = ARRAY(
        SELECT one + other
        FROM unnest(known.counts, excluded.counts) WITH ORDINALITY AS bucket (one, other, place)
        ORDER BY place
    ),
    sum_ms = known.sum_ms + excluded.sum_ms;
