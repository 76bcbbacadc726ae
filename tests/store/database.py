"""What the tables hold, as a test compares it."""

from psycopg import sql
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from contracts.orchestrator import QueueInfo
from contracts.worker_pool import WorkerInstance
from store.connection import Connection

__all__ = [
    "STATE_TABLES",
    "Contents",
    "Pool",
    "contents",
    "execute",
    "present",
    "present_queues",
    "queue_of_row",
    "rows",
    "value",
    "worker_of_row",
]

Pool = AsyncConnectionPool[Connection]
TableRow = dict[str, object]
Contents = dict[str, list[TableRow]]

STATE_TABLES = (
    "orchestrators",
    "worker_pools",
    "queues",
    "orchestrator_metrics",
    "worker_pool_metrics",
    "queue_metrics",
    "orchestrator_latest",
    "worker_pool_latest",
    "worker_instances",
    "queue_latest",
    "worker_usage_latest",
)
WRITTEN_AT = ("created_at", "updated_at")


async def rows(pool: Pool, table: str) -> list[TableRow]:
    """All rows of a table without the times of writing, in the order of their text."""
    query = sql.SQL("SELECT * FROM {0} ORDER BY {0}::TEXT").format(sql.Identifier(table))
    async with pool.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
        found = await (await cursor.execute(query)).fetchall()
    return [{k: v for k, v in row.items() if k not in WRITTEN_AT} for row in found]


async def contents(pool: Pool) -> Contents:
    """All that records leave behind, the outbox aside."""
    found = {table: await rows(pool, table) for table in STATE_TABLES}
    for table_rows in found.values():
        table_rows.sort(key=repr)
    return found


async def value(pool: Pool, query: str) -> object:
    """The single value a query gives."""
    async with pool.connection() as connection:
        row = await (await connection.execute(query.encode())).fetchone()
    assert row is not None
    return row[0]


async def execute(pool: Pool, query: str, *arguments: object) -> None:
    """Run a statement and commit it."""
    async with pool.connection() as connection:
        await connection.execute(query.encode(), arguments or None)


async def present(pool: Pool, table: str, column: str) -> set[object]:
    """What a column of a table holds."""
    return {row[column] for row in await rows(pool, table)}


async def present_queues(pool: Pool) -> set[object]:
    """The names of the queues in `queue_latest`."""
    names = {row["id"]: row["queue_name"] for row in await rows(pool, "queues")}
    return {names[row["queue_id"]] for row in await rows(pool, "queue_latest")}


def queue_of_row(row: TableRow, known: TableRow) -> QueueInfo:
    """The queue a row of `queue_metrics` or `queue_latest`, and its row of `queues`, came from."""
    return QueueInfo.model_validate(
        {
            "id": row["queue_id"],
            "name": known["queue_name"],
            "type": known["queue_type"],
            "size": row["size"],
            "consumers": row["consumers"],
            "processing_rate": row["processing_rate"],
            "arrival_rate": row["arrival_rate"],
            "error_rate": row["error_rate"],
            "avg_processing_time": row["avg_processing_time_ms"],
            "oldest_message": row["oldest_message_time"],
            "in_flight": row["in_flight"],
            "priority_levels": row["priority_levels"],
        }
    )


def worker_of_row(row: TableRow) -> WorkerInstance:
    """The worker a row of `worker_instances` was made of."""
    same = row.keys() & WorkerInstance.model_fields.keys() - {"id"}
    fields = {name: row[name] for name in same}
    fields |= {"id": row["worker_id"], "uptime": row["uptime_seconds"]}
    return WorkerInstance.model_validate(fields)
