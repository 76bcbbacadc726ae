-- size: what each table of ours takes. A partition is a row of its own under its table's name.
-- rows is the server's own estimate, scaled to the pages that are there now as its planner does;
-- NULL where nobody has counted (ANALYZE, autovacuum) since the table got its first page.
-- table_bytes includes what is kept out of line (TOAST).

SELECT
    COALESCE(parent.relname, pg_class.relname)::TEXT AS "table",
    CASE
        WHEN pages.now = 0 THEN 0
        WHEN pg_class.reltuples >= 0 AND pg_class.relpages > 0
            THEN ROUND(pg_class.reltuples::FLOAT8 / pg_class.relpages * pages.now)::BIGINT
    END AS rows,
    COALESCE(pg_table_size(pg_class.oid), 0) AS table_bytes,
    COALESCE(pg_indexes_size(pg_class.oid), 0) AS index_bytes
FROM pg_class
LEFT JOIN pg_inherits ON pg_inherits.inhrelid = pg_class.oid
LEFT JOIN pg_class AS parent ON parent.oid = pg_inherits.inhparent
CROSS JOIN LATERAL (
    SELECT
        COALESCE(pg_relation_size(pg_class.oid), 0)
        / current_setting('block_size')::BIGINT AS now
) AS pages
WHERE pg_class.relnamespace = current_schema()::REGNAMESPACE AND pg_class.relkind = 'r'
ORDER BY 1
