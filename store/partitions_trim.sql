-- partitions_trim: deletes what has had its time outside the history.

WITH announced AS (
    DELETE FROM outbox WHERE created_at < %(outbox_before)s RETURNING 1
),
buried AS (
    DELETE FROM dead_letters WHERE received_at < %(dead_letters_before)s RETURNING 1
),
expired AS (
    DELETE FROM api_tokens WHERE kind IN ('session', 'login') AND expires_at < %(now)s RETURNING 1
),
outlived AS (
    DELETE FROM worker_usage_latest WHERE collected_at < %(usage_before)s RETURNING 1
),
forgotten AS (
    DELETE FROM scaling_events WHERE event_time < %(scaling_before)s RETURNING 1
)
SELECT
    (SELECT count(*) FROM announced),
    (SELECT count(*) FROM buried),
    (SELECT count(*) FROM expired),
    (SELECT count(*) FROM outlived),
    (SELECT count(*) FROM forgotten)
