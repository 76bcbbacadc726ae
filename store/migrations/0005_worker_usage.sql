-- worker_usage: what agents beside workers tell of their usage.

-- What an agent beside a worker told last of its usage; it is merged into the worker when that is
-- read. No reference: neither is first, and a usage of no worker does no harm.
CREATE TABLE worker_usage_latest (
    orchestrator_id UUID NOT NULL,
    worker_id VARCHAR(255) NOT NULL,
    id UUID NOT NULL,
    cpu_usage DOUBLE PRECISION,
    memory_usage DOUBLE PRECISION,
    disk_usage DOUBLE PRECISION,
    network_usage DOUBLE PRECISION,
    metadata JSONB NOT NULL,
    collected_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (orchestrator_id, worker_id)
) WITH (fillfactor = 50);
