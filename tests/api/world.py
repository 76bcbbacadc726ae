"""The application around a real database, with a clock that a test moves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import httpx
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from psycopg_pool import AsyncConnectionPool
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from api.app import PREFIX, create_app
from api.server import serve
from api.services import ApiServices, ReadinessCheck
from api.settings import ApiSettings
from contracts.topics import PublishedRecord
from store.connection import Connection
from store.outbox import Outbox
from store.reads import Reads
from store.records import Records
from store.tokens import Tokens
from store.write import Writer
from tests.records import NOON

__all__ = ["PREFIX", "TOKEN", "Clock", "World"]

TOKEN = "a-token-chosen-by-the-operator"
ADDRESS = "http://localhost:8650"
START_LIMIT_S = 120.0


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class World:
    """What a test of the API needs."""

    engine: AsyncEngine
    pool: AsyncConnectionPool[Connection] | None
    static_dir: Path
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.tokens = Tokens(self.engine, self.clock)
        self.app = self.make_app()

    def make_app(
        self, settings: ApiSettings | None = None, readiness: ReadinessCheck | None = None
    ) -> FastAPI:
        """Another application on the same database."""
        services = ApiServices(
            reads=Reads(self.engine),
            records=Records(self.engine),
            outbox=Outbox(self.engine),
            tokens=self.tokens,
            settings=settings or ApiSettings(),
            clock=self.clock,
            registry=CollectorRegistry(),
            version="1.2.3",
            static_dir=self.static_dir,
            **({"readiness": readiness} if readiness else {}),
        )
        return create_app(services)

    async def admit(self) -> None:
        """Make `TOKEN` valid."""
        await self.tokens.ensure_admin_token(SecretStr(TOKEN))

    async def write(self, *records: PublishedRecord) -> None:
        """What ingest does."""
        assert self.pool is not None
        await Writer(self.pool).write(records)

    @asynccontextmanager
    async def serving(self, app: FastAPI | None = None) -> AsyncIterator[str]:
        """The application behind a port of its own; its address."""
        address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        running = asyncio.create_task(
            serve(app or self.app, ApiSettings(port=0), address.set_result)
        )
        try:
            yield await asyncio.wait_for(address, START_LIMIT_S)
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    def client(self, app: FastAPI | None = None, **headers: str) -> httpx.AsyncClient:
        """A client that sends `headers` and no credential of its own."""
        transport = httpx.ASGITransport(app or self.app)
        return httpx.AsyncClient(transport=transport, base_url=ADDRESS, headers=headers)
