"""One API process of the benchmark `live`: `python -m benchmarks.live.replica DATABASE PORT`."""

import asyncio
import sys
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry

from api.app import create_app
from api.server import serve
from api.services import ApiServices
from api.settings import ApiSettings
from store.engine import create_read_engine
from store.outbox import Outbox
from store.reads import Reads
from store.records import Records
from store.tokens import Tokens


def _now() -> datetime:
    return datetime.now(UTC)


async def main(url: str, port: int) -> None:
    """Serve until it is ended."""
    engine = create_read_engine(url)
    settings = ApiSettings(port=port)
    services = ApiServices(
        reads=Reads(engine),
        records=Records(engine),
        outbox=Outbox(engine),
        tokens=Tokens(engine, _now),
        settings=settings,
        clock=_now,
        registry=CollectorRegistry(),
        version="benchmark",
    )
    await serve(create_app(services), settings)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
