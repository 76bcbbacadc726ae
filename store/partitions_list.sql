-- partitions_list: every partition of every table of ours that is partitioned by time.
-- Bytes are those of the partition with its indexes and what it keeps out of line; `filled` is
-- false where it has never had a row. time_column is what the table is partitioned by.

SELECT
    parent.relname::TEXT AS parent,
    child.relname::TEXT AS name,
    pg_attribute.attname::TEXT AS time_column,
    pg_get_expr(child.relpartbound, child.oid) IS NOT DISTINCT FROM 'DEFAULT' AS is_default,
    COALESCE(pg_total_relation_size(child.oid), 0) AS bytes,
    COALESCE(pg_relation_size(child.oid), 0) > 0 AS filled,
    COALESCE(
        (SELECT option_value::INTEGER FROM pg_options_to_table(child.reloptions)
            WHERE option_name = 'fillfactor'),
        100
    ) AS fillfactor
FROM pg_partitioned_table
JOIN pg_class AS parent ON parent.oid = pg_partitioned_table.partrelid
JOIN pg_attribute
    ON pg_attribute.attrelid = parent.oid AND pg_attribute.attnum = pg_partitioned_table.partattrs[0]
JOIN pg_inherits ON pg_inherits.inhparent = parent.oid
JOIN pg_class AS child ON child.oid = pg_inherits.inhrelid
WHERE parent.relnamespace = current_schema()::REGNAMESPACE
ORDER BY parent.relname, child.relname
