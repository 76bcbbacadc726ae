-- write_rollup: adds the staged samples to a rollup table. Filled in by store/rollup_sql.py; run
-- after history has taken the new samples and the others have left the staging.
--
-- Rows are taken in the order of their keys, as everywhere: see write_orchestrators.sql.

INSERT INTO {table} AS known ({keys}, {columns})
SELECT
    {keys},
    {of_samples}
FROM (
    SELECT
        {subject},
        date_bin('{width}', collected_at, 'epoch') AS time_bucket,
        collected_at,
        date_part('epoch', collected_at) AS at_s,
        {samples}
    FROM {staged}
) AS sample
GROUP BY {keys}
ORDER BY {keys}
ON CONFLICT ({keys}) DO UPDATE SET
    {of_two};
