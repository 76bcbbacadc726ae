-- Who watches may read these two tables and change nothing.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'woa_reader') THEN
        CREATE ROLE woa_reader LOGIN PASSWORD 'read only';
    END IF;
END
$$;
ALTER ROLE woa_reader SET default_transaction_read_only = on;
GRANT SELECT ON jobs, workers TO woa_reader;
